"""The contests' rows of the error catalogue (7540-7569)."""

from typing import Final

from yunhai.kernel.errors import register, rows

CONTEST_MISSING: Final = 7540
PAPER_MISSING: Final = 7541
JOIN_CODE_UNKNOWN: Final = 7542
STEP_NOT_NOW: Final = 7543
CONTEST_WRONG: Final = 7544
CONTEST_FULL: Final = 7545
NOT_OPEN: Final = 7546
OUTSIDE_HOURS: Final = 7547
KIND_NOT_ALLOWED: Final = 7548
CODE_NOT_HERE: Final = 7549
PAPER_ORDER_WRONG: Final = 7550
PAPER_ORDERS_FULL: Final = 7551
PAPER_ORDER_MISSING: Final = 7552
NO_RUNNING_DAY: Final = 7553
CONTEST_SOURCE_UNFIT: Final = 7554
CLOCK_WRONG: Final = 7555
CONTESTS_FULL: Final = 7556
END_NOT_CONFIRMED: Final = 7557
PAPERS_FULL: Final = 7558
PRACTICES_FULL: Final = 7559
PRACTICE_OVER: Final = 7560

register(
    *rows(
        (
            CONTEST_MISSING,
            "contest-not-found",
            None,
            404,
            "查無競賽 {contest}",
            "There is no contest {contest}",
            "請回競賽清單；學生須先以加入碼加入。",
            "Go back to the list; a student joins with the join code first.",
        ),
        (
            PAPER_MISSING,
            "paper-account-not-found",
            None,
            404,
            "查無模擬帳戶 {paper}",
            "There is no paper account {paper}",
            "請回模擬交易頁選擇自己的帳戶。",
            "Go back to paper trading and choose one of your own.",
        ),
        (
            JOIN_CODE_UNKNOWN,
            "join-code-unknown",
            None,
            404,
            "沒有這個加入碼的競賽",
            "No contest has this join code",
            "加入碼為 8 個英數字，請向老師確認；尚未開放或已結束的競賽不能加入。",
            "A join code has 8 letters and digits; ask your teacher. A contest that is not open, or has ended, cannot be joined.",
        ),
        (
            STEP_NOT_NOW,
            "contest-step-not-now",
            None,
            409,
            "競賽目前為「{state}」，不能{step}",
            "The contest is {state}: it cannot be {step} now",
            "草稿可開放；開放中可凍結或結束；凍結後可恢復或結束；結束即定案。",
            "A draft is opened; an open one is frozen or ended; a frozen one is resumed or ended; an end is final.",
        ),
        (
            CONTEST_WRONG,
            "contest-wrong",
            None,
            422,
            "設定有誤：{reason}",
            "The set-up is wrong: {reason}",
            "請更正後再送出；競賽開放後不能再改規則。",
            "Correct it and send it again; rules do not change once a contest is open.",
        ),
        (
            CONTEST_FULL,
            "contest-full",
            None,
            409,
            "競賽已滿 {most} 人",
            "The contest has its {most} students",
            "請老師另開一場。",
            "Ask your teacher for another one.",
        ),
        (
            NOT_OPEN,
            "contest-not-open",
            None,
            409,
            "競賽目前為「{state}」，不收委託",
            "The contest is {state} and takes no orders",
            "開放中的競賽才收委託與取消。",
            "Only an open contest takes orders and cancels.",
        ),
        (
            OUTSIDE_HOURS,
            "contest-outside-hours",
            None,
            409,
            "目前市場時間 {now} 不在時段 {begins} 至 {ends}",
            "Market time is {now}, outside the hours {begins} to {ends}",
            "請等時鐘走到開始時刻；過了結束時刻不再收委託。",
            "Wait until the clock reaches the beginning; after the end no order is taken.",
        ),
        (
            KIND_NOT_ALLOWED,
            "paper-order-kind-not-allowed",
            None,
            422,
            "這場競賽不收 {kind}",
            "This contest does not take {kind}",
            "請改用競賽允許的委託種類。",
            "Use one of the order kinds that the contest allows.",
        ),
        (
            CODE_NOT_HERE,
            "paper-security-not-here",
            None,
            422,
            "不能在此交易 {code}",
            "{code} is not traded here",
            "請選競賽或練習所列的證券，零股須為該日有盤中零股且規則允許者；個人模擬帳戶請選當日交易的證券。",
            "Choose a security of the contest or practice (odd lots where rules and day have them), or one that trades today.",
        ),
        (
            PAPER_ORDER_WRONG,
            "paper-order-wrong",
            None,
            422,
            "模擬委託有誤：{reason}",
            "The paper order is wrong: {reason}",
            "請檢查買賣別、價格、數量與委託種類。",
            "Check side, price, quantity and kind.",
        ),
        (
            PAPER_ORDERS_FULL,
            "paper-orders-full",
            None,
            409,
            "這個模擬帳戶已有 {most} 筆委託指令",
            "This paper account has given its {most} instructions",
            "個人帳戶可重設；競賽帳戶請洽老師。",
            "Reset a personal account; in a contest ask your teacher.",
        ),
        (
            PAPER_ORDER_MISSING,
            "paper-order-not-found",
            None,
            404,
            "這個模擬帳戶沒有委託 {number}",
            "This paper account has no order {number}",
            "請重新整理委託清單。",
            "Load the list of orders again.",
        ),
        (
            NO_RUNNING_DAY,
            "paper-no-running-day",
            None,
            409,
            "目前沒有進行中的交易日",
            "No market day is running",
            "個人模擬帳戶於交易日進行中收委託。",
            "A personal paper account takes orders while a market day runs.",
        ),
        (
            CONTEST_SOURCE_UNFIT,
            "contest-source-unfit",
            None,
            422,
            "不能用來源 {source}：{reason}",
            "{source} cannot be traded on paper: {reason}",
            "請選清單中的交易日；只有成交、沒有委託簿的來源不適用，練習須為已結束的交易日。",
            "Choose a day of the list; a source of trades without a book does not do, and a practice needs a day that is over.",
        ),
        (
            CLOCK_WRONG,
            "contest-clock-wrong",
            None,
            422,
            "時鐘不能這樣設定：{reason}",
            "The clock cannot be set so: {reason}",
            "時鐘只能往前，速度 0.1 至 1000 倍；盤中競賽跟著市場走，沒有自己的時鐘。",
            "It only goes forward, at 0.1 to 1000 times the pace; a contest on the running day follows the market.",
        ),
        (
            CONTESTS_FULL,
            "contests-full",
            None,
            409,
            "已有 {most} 場競賽，為上限",
            "There are {most} contests, as many as there may be",
            "競賽不能刪除，請洽平台營運者。",
            "Contests are not deleted; ask the platform's operator.",
        ),
        (
            END_NOT_CONFIRMED,
            "contest-end-not-confirmed",
            None,
            422,
            "請輸入競賽名稱以確認結束",
            "Type the contest's name to confirm its end",
            "結束後排名定案，不能再開。",
            "An end is final: the ranking stands and the contest is not opened again.",
        ),
        (
            PAPERS_FULL,
            "papers-full",
            None,
            409,
            "模擬帳戶已達 {most} 個（含歷次重設）",
            "There are {most} paper accounts with those that were reset, as many as there may be",
            "歷史不刪除；請繼續使用目前的帳戶。",
            "History is not deleted; go on with the account you have.",
        ),
        (
            PRACTICES_FULL,
            "practices-full",
            None,
            409,
            "練習已達 {most} 次",
            "There are {most} practices, as many as there may be",
            "練習紀錄不刪除；請繼續使用未結束的練習。",
            "Practices are not deleted; go on with one that has not ended.",
        ),
        (
            PRACTICE_OVER,
            "practice-over",
            None,
            409,
            "這次練習已結束",
            "This practice has ended",
            "要再練一次請按「重新開始」。",
            "Begin it anew to go over the day again.",
        ),
    )
)
