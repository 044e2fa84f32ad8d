"""The dictionary of columns 欄位說明: what each column of each table means and in what it is counted.

A column has one meaning wherever it stands. `kind` says how a value is
told: text, a whole number, an amount (stored in 1/10,000, told as a decimal), or a moment (stored as UTC nanoseconds, told with its
offset).
"""

from dataclasses import dataclass
from typing import Final, Literal

from yunhai.market.lake.tables import LEVELS, TABLES, Table

Kind = Literal["text", "whole", "amount", "moment"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What a column is. `unit_zh`, `unit_en`: "" of what is not counted."""

    kind: Kind
    zh: str
    en: str
    unit_zh: str = ""
    unit_en: str = ""


def _text(zh: str, en: str) -> Meaning:
    return Meaning(kind="text", zh=zh, en=en)


def _moment(zh: str, en: str) -> Meaning:
    return Meaning(kind="moment", zh=zh, en=en, unit_zh="台北時間", unit_en="Taipei time")


def _price(zh: str, en: str) -> Meaning:
    return Meaning(kind="amount", zh=zh, en=en, unit_zh="元", unit_en="NT$")


def _shares(zh: str, en: str) -> Meaning:
    return Meaning(kind="whole", zh=zh, en=en, unit_zh="股", unit_en="shares")


def _lots(zh: str, en: str) -> Meaning:
    return Meaning(kind="whole", zh=zh, en=en, unit_zh="張", unit_en="lots")


def _thousand(zh: str, en: str) -> Meaning:
    return Meaning(kind="whole", zh=zh, en=en, unit_zh="千元", unit_en="NT$1,000")


def _number(zh: str, en: str, unit_zh: str = "", unit_en: str = "") -> Meaning:
    return Meaning(kind="whole", zh=zh, en=en, unit_zh=unit_zh, unit_en=unit_en)


_EVERY: Final = {
    "code": _text("證券代號或期貨契約", "code of the security, or the futures contract"),
    "segment": _text(
        "交易別：board 整股、odd_lot 盤中零股、odd_lot_after 盤後零股、fixed_price 盤後定價、futures 期貨、spread 跨月價差",
        "segment: board lots, odd_lot, odd_lot_after hours, fixed_price, futures, spread between months",
    ),
    "start_ns": _moment(
        "該列所屬時段（K 線）或日、月的起點", "beginning of what the row is about: a bar's span, a day, a month"
    ),
    "time_ns": _moment("發生時刻", "when it happened"),
    "place": _number("在當日來源檔中的順序", "place in the day's source, which keeps the order"),
    "open": _price("開盤價", "first price"),
    "high": _price("最高價", "highest price"),
    "low": _price("最低價", "lowest price"),
    "close": _price("收盤價", "last price"),
    "volume": _shares("成交量（期貨為口）", "volume (of futures: contracts)"),
    "value": _price("成交值；來源未提供者為 0", "value traded; 0 where the source does not tell it"),
    "trades": _number("成交筆數；來源未提供者為 0", "trades; 0 where the source does not tell them", "筆", "trades"),
    "revenue": _thousand("當月營收", "revenue of the month"),
    "month_before": _thousand("上月營收", "revenue of the month before"),
    "year_before": _thousand("去年同月營收", "revenue of the same month a year before"),
    "to_date": _thousand("當年累計營收", "revenue of the year to date"),
    "to_date_year_before": _thousand("去年同期累計營收", "revenue of the year before to the same month"),
    "foreign_net": _shares(
        "外資及陸資買賣超（不含外資自營商）", "net buying of foreign investors, their dealers not counted"
    ),
    "foreign_dealer_net": _shares("外資自營商買賣超", "net buying of foreign dealers"),
    "trust_net": _shares("投信買賣超", "net buying of investment trusts"),
    "dealer_net": _shares("自營商買賣超", "net buying of dealers"),
    "total_net": _shares("三大法人合計買賣超", "net buying of all three together"),
    "margin_buy": _lots("融資買進", "bought on margin"),
    "margin_sell": _lots("融資賣出", "margin positions sold"),
    "margin_repay": _lots("融資現金償還", "margin repaid in cash"),
    "margin_before": _lots("融資前日餘額", "margin balance of the day before"),
    "margin_balance": _lots("融資今日餘額", "margin balance"),
    "margin_quota": _lots("融資限額", "margin quota"),
    "short_buy": _lots("融券買進（回補）", "short positions bought back"),
    "short_sell": _lots("融券賣出", "sold short"),
    "short_repay": _lots("融券現券償還", "short positions repaid in shares"),
    "short_before": _lots("融券前日餘額", "short balance of the day before"),
    "short_balance": _lots("融券今日餘額", "short balance"),
    "short_quota": _lots("融券限額", "short quota"),
    "offset_lots": _lots("資券互抵", "margin and short offset on the same day"),
    "tier": _number(
        "持股分級（1 至 15 級，16 為差異調整，17 為合計）", "tier of shares held (1-15, 16 adjustment, 17 all)"
    ),
    "holders": _number("人數", "holders", "人", "people"),
    "shares": _shares("股數", "shares held"),
    "share_bp": _number("占集保庫存比例", "part of all shares in custody", "萬分之一", "1/100 %"),
    "kind": _text("權、息或權息", "rights, dividend or both, as the source writes it"),
    "close_before": _price("除權息前收盤價", "close before the ex-date"),
    "reference": _price("除權息參考價", "ex-right reference price"),
    "rights_value": Meaning(
        kind="whole",
        zh="權值加息值",
        en="value of rights and dividend",
        unit_zh="百萬分之一元",
        unit_en="NT$ 1/1,000,000",
    ),
    "limit_up": _price("漲停價", "limit-up price"),
    "limit_down": _price("跌停價", "limit-down price"),
    "opening_base": _price("開盤競價基準", "base of the opening auction"),
    "branch": _text("券商分點代號", "the broker's branch"),
    "bought": _shares("買進股數", "shares bought"),
    "sold": _shares("賣出股數", "shares sold"),
    "price": _price("價格（期貨為點）", "price (of futures: index points)"),
    "quantity": _shares("數量（期貨為口）", "quantity (of futures: contracts)"),
    "auction": _number("1 為集合競價成交，0 為連續交易", "1 of a call auction, 0 of continuous trading"),
    "side": _text("買賣別，依交易所檔案代碼", "side, as the exchange's file codes it"),
    "trade_kind": _text("交易種類，依交易所檔案代碼", "kind of trading, as the exchange's file codes it"),
    "order_type": _text(
        "市價或限價，依交易所檔案代碼；2020 年 3 月前為空白", "market or limit, as coded; blank before March 2020"
    ),
    "time_in_force": _text(
        "ROD、IOC 或 FOK，依檔案代碼；2020 年 3 月前為空白", "ROD, IOC or FOK, as coded; blank before March 2020"
    ),
    "credit": _text("信用交易別，依交易所檔案代碼", "cash, margin or short, as the exchange's file codes it"),
    "channel": _text("委託管道，依交易所檔案代碼", "channel of the order, as the exchange's file codes it"),
    "investor": _text("投資人類別，依交易所檔案代碼", "class of investor, as the exchange's file codes it"),
    "broker": _text("券商代號，依交易所檔案", "broker, as the exchange's file has it"),
    "order_number": _text("委託書編號，依交易所檔案", "order number, as the exchange's file has it"),
    "change": _text("新增、改量、刪除等，依交易所檔案代碼", "new, changed, cancelled, as the exchange's file codes it"),
    "trade": _number("成交序號", "number of the trade"),
    "remark": _text("揭示註記，依交易所檔案代碼", "remark of the display, as the exchange's file codes it"),
    "trend": _text("趨勢註記，依交易所檔案代碼", "mark of the trend, as the exchange's file codes it"),
    "matched": _text("成交與否，依交易所檔案代碼", "whether it was matched, as the exchange's file codes it"),
    "lots": _lots("成交數量", "quantity matched"),
    "mark": _number(
        "0，或匯入時加註的原因編號（7470、7475、7476）",
        "0, or the reason that the row was marked with (7470, 7475, 7476)",
    ),
    "venue": _text(
        "空白為匯入資料，journal 為本市場自己的成交", "blank: imported; journal: what this cloud's own market traded"
    ),
    "known_ns": _moment(
        "從何時起為人所知；時點查詢不含其後者", "from when on it was known; a question as of earlier does not see it"
    ),
    "origin": _number("帶來該列的匯入編號", "number of the import that brought the row"),
} | {
    f"{side}_{what}_{level}": make(f"{zh}第 {level} 檔{word}", f"{en}, level {level}: {what}")
    for side, zh, en in (("bid", "買進", "bid"), ("ask", "賣出", "ask"))
    for level in range(1, LEVELS + 1)
    for what, word, make in (("price", "價格", _price), ("lots", "張數", _lots))
}


def meanings(table: Table) -> dict[str, Meaning]:
    """What each column of a table means, in their order."""
    return {column: _EVERY[column] for column in table.all_columns()}


assert all(column in _EVERY for table in TABLES.values() for column in table.all_columns())
