"""What the venue refuses: rows 25xx of the error catalogue (`yunhai.kernel.errors`)."""

from yunhai.kernel.errors import register, rows

register(
    *rows(
        (
            2501,
            "orders-not-in-time-order",
            None,
            422,
            "委託未依時間排列（第 {row} 筆）",
            "Orders are not in time order (row {row})",
            "請依時間排序後再送。",
            "Sort the orders by time.",
        ),
        (
            2502,
            "venue-time-backwards",
            None,
            409,
            "時間早於交易所時鐘",
            "The time lies before the venue's clock",
            "請以目前市場時間再送。",
            "Send it again with the present market time.",
        ),
        (
            2503,
            "no-such-book",
            None,
            404,
            "{code} 無 {segment} 交易時段",
            "{code} is not traded in the segment {segment} on this day",
            "請查證券代號與交易時段。",
            "Check the code and the segment.",
        ),
        (
            2504,
            "engine-not-empty",
            None,
            500,
            "撮合引擎已有委託簿",
            "The engine already has books; a venue needs one of its own",
            "請另建撮合引擎。",
            "Give the venue an engine of its own.",
        ),
        (
            2505,
            "engine-stalled",
            None,
            500,
            "撮合引擎未處理任何指令",
            "The engine consumed no command",
            "請加大事件緩衝區。",
            "Give the engine a larger event buffer.",
        ),
        (
            2506,
            "not-an-order",
            99,
            422,
            "第 {row} 筆不是委託指令（種類 {kind}）",
            "Row {row} is not an order command (kind {kind})",
            "只能送新單、取消、減量、改價。",
            "Send new orders, cancels, cuts and changes of price only.",
        ),
        (
            2510,
            "instrument-twice",
            None,
            422,
            "證券重複：{code}",
            "The security {code} is listed twice",
            "請刪去重複者。",
            "Remove one of them.",
        ),
        (
            2511,
            "unknown-treatment",
            None,
            422,
            "規則檔沒有 {treatment} 這種處置",
            "The pack has no treatment {treatment}; known: {known}",
            "請改用規則檔所列者。",
            "Use one that the pack names.",
        ),
    )
)

REGISTERED = True
"""For importers that need the rows and nothing else from here."""
