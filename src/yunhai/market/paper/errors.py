"""What paper trading can be refused for: 7520-7539. An order can also be refused with the exchange's own numbers (10xx)."""

from typing import Final

from yunhai.kernel.errors import register, rows

RULES_UNFIT: Final = 7520
INSTRUCTION_UNFIT: Final = 7521
CASH_SHORT: Final = 7522
SHARES_SHORT: Final = 7523
NOT_OFFERED: Final = 7524
NO_PRICE: Final = 7525
ORDERS_SPENT: Final = 7526
ACCOUNTS_FULL: Final = 7527
SOURCE_OTHER: Final = 7528

register(
    *rows(
        (
            RULES_UNFIT,
            "paper-rules-unfit",
            None,
            422,
            "模擬交易規則不適用：{reason}",
            "The rules of paper trading do not fit: {reason}",
            "請修正起始資金、庫存、證券或規則包。",
            "Correct the starting cash, holdings, securities or rule pack.",
        ),
        (
            INSTRUCTION_UNFIT,
            "paper-instruction-unfit",
            None,
            422,
            "模擬委託第 {number} 筆無法接受：{reason}",
            "Paper instruction {number} cannot be taken: {reason}",
            "編號須依序遞增，位置不可早於已處理者。",
            "Numbers go up one by one, and no position lies before what has been worked out.",
        ),
        (
            CASH_SHORT,
            "paper-cash-short",
            None,
            409,
            "可用資金不足：需 {needed}，可用 {free}",
            "Not enough cash: {needed} needed, {free} free",
            "請減少數量、降低價格，或取消其他委託。",
            "Lower the quantity or the price, or cancel another order.",
        ),
        (
            SHARES_SHORT,
            "paper-shares-short",
            None,
            409,
            "可賣股數不足：委託 {quantity}，可賣 {free}",
            "Not enough shares: {quantity} to sell, {free} free",
            "請減少數量；本規則不得賣空。",
            "Lower the quantity; these rules allow no short selling.",
        ),
        (
            NOT_OFFERED,
            "paper-not-offered",
            None,
            404,
            "此模擬交易不含 {name}",
            "{name} is not traded here",
            "請由可交易之證券中選擇。",
            "Choose one of the securities offered.",
        ),
        (
            NO_PRICE,
            "paper-no-price",
            None,
            409,
            "{name} 尚無成交，不受理市價委託",
            "{name} has no trade yet: no market order is taken",
            "請使用限價委託，或等候第一筆成交。",
            "Use a limit order, or wait for the first trade.",
        ),
        (
            ORDERS_SPENT,
            "paper-orders-spent",
            None,
            409,
            "委託已達上限 {most} 筆",
            "The limit of {most} instructions is reached",
            "本帳戶不再接受委託。",
            "This account takes no further instruction.",
        ),
        (
            ACCOUNTS_FULL,
            "paper-accounts-full",
            None,
            409,
            "模擬帳戶已達上限 {most} 個",
            "The limit of {most} paper accounts is reached",
            "請另開一場競賽。",
            "Open another contest.",
        ),
        (
            SOURCE_OTHER,
            "paper-source-other",
            None,
            409,
            "{source} 不是同一來源之延續",
            "{source} does not continue the source worked with",
            "請重新開啟來源並自起點計算。",
            "Open the source again and work it out from the start.",
        ),
    )
)
