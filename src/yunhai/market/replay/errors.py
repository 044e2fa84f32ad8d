"""What a replay can be refused for: 7480-7499."""

from typing import Final

from yunhai.kernel.errors import register, rows

SOURCE_UNKNOWN: Final = 7480
SOURCE_UNFIT: Final = 7481
OUTSIDE: Final = 7482
ORDER_UNKNOWN: Final = 7483
LINK_MALFORMED: Final = 7484
LINK_DIFFERS: Final = 7485
CODES_UNFIT: Final = 7486
SPEED_UNFIT: Final = 7487
EXPORT_TOO_LARGE: Final = 7488
TRADE_ROW: Final = 7489
NO_BOOK: Final = 7490
SPAN_EMPTY: Final = 7491
NOT_ENTITLED: Final = 7492
TOO_MANY_REPLAYS: Final = 7493
MESSAGE_UNFIT: Final = 7494
NOTHING_OPEN: Final = 7495
TOO_MANY_ORDERS: Final = 7496
WITHHELD: Final = 7497
DISK_FAILED: Final = 7498

register(
    *rows(
        (
            SOURCE_UNKNOWN,
            "replay-source-unknown",
            None,
            404,
            "沒有重播來源 {source}",
            "There is no replay source {source}",
            "請由來源清單選擇。",
            "Choose one from the list of sources.",
        ),
        (
            SOURCE_UNFIT,
            "replay-source-unfit",
            None,
            422,
            "{source} 無法重播：{reason}",
            "{source} cannot be replayed: {reason}",
            "請確認檔案完整且事件依時間排列。",
            "Check that the file is whole and its events are in order of time.",
        ),
        (
            OUTSIDE,
            "replay-position-outside",
            None,
            422,
            "位置 {index} 不在 0..{last} 之內",
            "Position {index} is outside 0..{last}",
            "請選擇來源範圍內的時間或位置。",
            "Choose a time or position inside the source.",
        ),
        (
            ORDER_UNKNOWN,
            "replay-order-unknown",
            None,
            404,
            "此來源的所選證券中沒有委託 {order}",
            "There is no order {order} in the chosen securities of this source",
            "請確認委託編號與所選證券；被退回的委託不在市場事件中。",
            "Check the order's number and the chosen securities; an order that was refused is no event of the market.",
        ),
        (
            LINK_MALFORMED,
            "replay-link-malformed",
            None,
            422,
            "重播連結有誤：{reason}",
            "The replay link is malformed: {reason}",
            "請完整複製連結。",
            "Copy the whole link.",
        ),
        (
            LINK_DIFFERS,
            "replay-link-differs",
            None,
            409,
            "連結的事件雜湊 {told} 與來源在位置 {index} 的 {found} 不同",
            "The link's hash of events {told} is not the source's {found} at position {index}",
            "來源內容與製作連結時不同，或連結遭更改；不可當作同一時刻的證明。",
            "The source is not what it was when the link was made, or the link was changed: it proves nothing.",
        ),
        (
            CODES_UNFIT,
            "replay-codes-unfit",
            None,
            422,
            "所選證券無法重播：{reason}",
            "The chosen securities cannot be replayed: {reason}",
            "請由來源的證券清單選擇。",
            "Choose from the source's own list.",
        ),
        (
            SPEED_UNFIT,
            "replay-speed-unfit",
            None,
            422,
            "播放速度須為 ×0.1 至 ×1000，不是 {speed}",
            "The speed is x0.1 to x1000, not {speed}",
            "請改用範圍內的速度。",
            "Choose a speed in that range.",
        ),
        (
            EXPORT_TOO_LARGE,
            "replay-export-too-large",
            None,
            422,
            "匯出 {events} 筆事件超過上限 {most}",
            "An export of {events} events is over the limit of {most}",
            "請縮短區間或減少證券。",
            "Choose a shorter span or fewer securities.",
        ),
        (
            TRADE_ROW,
            "replay-trade-row",
            None,
            422,
            "{path} 第 {row} 列：{reason}",
            "{path} row {row}: {reason}",
            "請修正該列；整個檔案未被採用。",
            "Correct the row; nothing of the file was used.",
        ),
        (
            NO_BOOK,
            "replay-without-book",
            None,
            422,
            "{source} 只有成交，沒有委託簿",
            "{source} has trades only, no book",
            "請改看成交明細或價格區間。",
            "Look at the tape or at a span's prices instead.",
        ),
        (
            SPAN_EMPTY,
            "replay-span-unfit",
            None,
            422,
            "區間 {first}..{last} 有誤",
            "The span {first}..{last} is none",
            "起點須早於終點，且在來源範圍內。",
            "It begins before it ends, inside the source.",
        ),
        (
            NOT_ENTITLED,
            "replay-not-entitled",
            None,
            403,
            "無權重播 {source}",
            "No right to replay {source}",
            "請向服務窗口申請此項服務。",
            "Ask for the service to be enabled.",
        ),
        (
            TOO_MANY_REPLAYS,
            "replay-full",
            None,
            503,
            "同時重播已達上限 {most}",
            "So many replays run already: {most}",
            "請稍後再試，或關閉其他重播。",
            "Try again later, or close another replay.",
        ),
        (
            MESSAGE_UNFIT,
            "replay-message-unfit",
            None,
            422,
            "訊息格式不合：{reason}",
            "The message is malformed: {reason}",
            "請依文件修正。",
            "Correct it by the documentation.",
        ),
        (
            NOTHING_OPEN,
            "replay-not-open",
            None,
            409,
            "尚未開啟重播",
            "No replay is open",
            "請先以 open 開啟來源。",
            "Open a source first.",
        ),
        (
            TOO_MANY_ORDERS,
            "replay-own-orders-too-many",
            None,
            422,
            "標示的委託 {count} 筆超過上限 {most}",
            "{count} orders to be marked are over the limit of {most}",
            "請減少標示的委託。",
            "Mark fewer orders.",
        ),
        (
            WITHHELD,
            "replay-moment-withheld",
            None,
            403,
            "此時刻距今不足 20 分鐘，尚未開放重播",
            "This moment is less than 20 minutes old and not open yet",
            "請稍後再開啟；自己的委託可由最佳執行或以委託編號開啟。",
            "Open it later; a moment of one's own order opens by the order's number.",
        ),
        (
            DISK_FAILED,
            "replay-disk-failed",
            None,
            503,
            "磁碟無法讀寫（可能已滿），未留下任何檔案",
            "The disk could not be read or written (it may be full); nothing was left behind",
            "請稍後再試；仍不行時請通知系統管理者。",
            "Try again later; if it goes on, tell whoever runs the installation.",
        ),
    )
)
