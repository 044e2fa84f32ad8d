"""The stream's rows of the error catalogue (6600-6699). What is refused of a token has the token's own numbers (65xx)."""

from typing import Final

from yunhai.kernel.errors import register, rows

NOT_READY: Final = 6600
TOO_SLOW: Final = 6601
MESSAGE_MALFORMED: Final = 6602
CHANNEL_UNKNOWN: Final = 6603
TOO_MANY_SUBSCRIBED: Final = 6605
NOT_GRANTED: Final = 6607
FULL: Final = 6608
NO_TOKEN_IN_TIME: Final = 6609
TOO_MANY_MESSAGES: Final = 6610
NOT_UPGRADED: Final = 6611
TOO_MANY_OF_ONE: Final = 6612

register(
    *rows(
        (
            NOT_READY,
            "stream-not-ready",
            None,
            503,
            "行情回報尚未就緒",
            "The stream is not ready yet",
            "請稍候再連線。",
            "Connect again in a moment.",
        ),
        (
            TOO_SLOW,
            "stream-reader-too-slow",
            None,
            409,
            "讀取太慢，連線已中斷",
            "The reader is too slow and was cut off",
            "請減少訂閱或加快讀取後重新連線；重連會先收到完整快照。",
            "Subscribe to less or read faster, then connect again: a snapshot comes first.",
        ),
        (
            MESSAGE_MALFORMED,
            "stream-message-malformed",
            None,
            422,
            "訊息格式不合：{reason}",
            "The message is malformed: {reason}",
            "請依文件修正。",
            "Correct it by the documentation.",
        ),
        (
            CHANNEL_UNKNOWN,
            "stream-channel-unknown",
            None,
            422,
            "沒有頻道 {channel}",
            "There is no channel {channel}",
            "頻道為 quotes、boards、orders、pool、market。",
            "Channels are quotes, boards, orders, pool and market.",
        ),
        (
            TOO_MANY_SUBSCRIBED,
            "stream-too-many-subscribed",
            None,
            429,
            "訂閱超過上限 {most}",
            "More is subscribed than the limit of {most}",
            "請先取消不需要的訂閱，或以多條連線分擔。",
            "Unsubscribe what is not needed, or use several connections.",
        ),
        (
            NOT_GRANTED,
            "stream-channel-not-granted",
            None,
            403,
            "無權訂閱此頻道",
            "The channel is not granted to you",
            "線路頻道僅限該機構的營運人員。",
            "The pool is for the tenant's operations.",
        ),
        (
            FULL,
            "stream-full",
            None,
            503,
            "連線數已達上限 {most}",
            "There are {most} connections already, the limit",
            "請稍候再連線。",
            "Connect again in a moment.",
        ),
        (
            NO_TOKEN_IN_TIME,
            "stream-no-token-in-time",
            None,
            401,
            "{seconds} 秒內未收到權杖",
            "No token came within {seconds} s",
            "連線後請先送出 auth。",
            "Send auth first after connecting.",
        ),
        (
            TOO_MANY_MESSAGES,
            "stream-too-many-messages",
            None,
            429,
            "每秒訊息超過 {most} 則",
            "More than {most} messages a second",
            "請放慢後重新連線。",
            "Slow down and connect again.",
        ),
        (
            NOT_UPGRADED,
            "stream-is-a-websocket",
            None,
            426,
            "此路徑為 WebSocket",
            "This path is a WebSocket",
            "請以 WebSocket 連線，並先送出 auth。",
            "Connect with a WebSocket and send auth first.",
        ),
        (
            TOO_MANY_OF_ONE,
            "stream-too-many-connections-of-one",
            None,
            429,
            "同一人的連線超過上限 {most}",
            "One person has more than {most} connections",
            "請關閉不用的分頁或程式。",
            "Close tabs or programs that are not needed.",
        ),
    )
)

REGISTERED: Final = True
