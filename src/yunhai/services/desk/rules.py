"""What the Client Desk decides, purely: why a client may be looked at, what a record must say, what is read back.

Three things stand between a customer's words and an order. The **reason** 查詢事由 is why a clerk opens a client at all: a
word of a list, with a reference where the word alone says too little. The **record** 委託紀錄 is how the customer gave the
order: a phone recording, a visit, a written ticket; its id, its time and the clerk who handled it go with the order, and an
order without them is refused here and once more by the gate. The **read-back** 複誦 is the sentence the clerk says before
sending: numbers in words beside the digits, so that neither ear nor eye alone can be wrong.

Sources: TWSE Operating Rules Art. 58 (what an order states), Art. 62 and 80 (records of how it was given).
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from yunhai.kernel.errors import YunhaiError, register, rows
from yunhai.kernel.limits import (
    CLIENT_QUERY_CHARACTERS_MAX,
    CLIENT_QUERY_CHARACTERS_MIN,
    LOOKUP_REFERENCE_CHARACTERS_MAX,
    RECORD_AGE_MS_MAX,
    RECORD_AHEAD_MS_MAX,
    RECORD_ID_CHARACTERS_MAX,
)
from yunhai.kernel.money import decimal_text, price_of, price_text, quantity_of
from yunhai.services.desk.numerals import spoken, spoken_price
from yunhai.trading.words import InstructionKind

REASON_UNKNOWN: Final = 7320
REFERENCE_MISSING: Final = 7321
RECORD_KIND: Final = 7322
RECORD_ID: Final = 7323
RECORD_TIME: Final = 7324
RECORD_TAKEN: Final = 7325
QUERY_SHORT: Final = 7326
CLIENT_UNKNOWN: Final = 7327
READ_BACK: Final = 7328
LOOKUP_FIRST: Final = 7329
CALLER: Final = 7330

register(
    *rows(
        (
            REASON_UNKNOWN,
            "lookup-reason-unknown",
            None,
            422,
            "查詢客戶須選擇事由，沒有這一項：{reason}",
            "Looking a client up needs a reason of the list; there is none called {reason}",
            "請選擇：電話委託、帳戶服務、客訴、稽核或其他。",
            "Choose phone_order, service, complaint, audit or other.",
        ),
        (
            REFERENCE_MISSING,
            "lookup-reference-missing",
            None,
            422,
            "此事由須填參考編號",
            "This reason needs a reference",
            "請填案件或文件編號（1 至 {limit} 個字）。",
            "State the number of the case or document.",
        ),
        (
            RECORD_KIND,
            "record-kind-unknown",
            None,
            422,
            "委託方式有誤：{kind}",
            "There is no way of instruction called {kind}",
            "請選擇電話、當面或書面。",
            "Choose phone, in_person or written.",
        ),
        (
            RECORD_ID,
            "record-id-malformed",
            None,
            422,
            "委託紀錄編號有誤：{record}",
            "The record's id is malformed: {record}",
            "請輸入錄音或單據編號：英數字與 . _ : / -，最多 32 個字。",
            "Enter the recording's or ticket's id: letters, digits and . _ : / -, 32 at most.",
        ),
        (
            RECORD_TIME,
            "record-time-impossible",
            None,
            422,
            "委託時間不合理：{at}",
            "The time of the instruction cannot be: {at}",
            "委託時間不得在未來，也不得早於一天前。",
            "It may not lie in the future, nor more than a day back.",
        ),
        (
            RECORD_TAKEN,
            "record-taken",
            None,
            409,
            "此委託紀錄編號已屬於另一筆紀錄：{record}",
            "The record {record} is there already and says something else",
            "請核對編號；一通錄音只屬於一個帳戶。",
            "Check the id; one recording belongs to one account.",
        ),
        (
            QUERY_SHORT,
            "client-query-short",
            None,
            422,
            "查詢字太短或太長",
            "The search is too short or too long",
            "請輸入帳號，或姓名至少兩個字。",
            "Enter an account number or two letters of a name at least.",
        ),
        (
            CLIENT_UNKNOWN,
            "client-not-found",
            None,
            404,
            "找不到這位客戶",
            "There is no such client",
            "請核對帳號或姓名。",
            "Check the account number or the name.",
        ),
        (
            READ_BACK,
            "read-back-impossible",
            None,
            422,
            "無法產生複誦內容：{field}",
            "Nothing can be read back: {field}",
            "請補齊委託內容。",
            "Complete the order.",
        ),
        (
            LOOKUP_FIRST,
            "lookup-needed",
            None,
            409,
            "須先登記查詢事由才能開啟此客戶",
            "This client must be looked up with a reason first",
            "請回到客戶欄位，選擇事由後查詢。",
            "Search the client with a reason first.",
        ),
        (
            CALLER,
            "caller-missing",
            None,
            422,
            "電話委託須記來電號碼",
            "A phone record needs the caller's number",
            "請輸入來電號碼，或「內線」分機。",
            "Enter the caller's number or extension.",
        ),
    )
)


class Reason(StrEnum):
    """Why a client is looked at (查詢事由). The word stands in the register and in the journal."""

    PHONE_ORDER = "phone_order"
    SERVICE = "service"
    COMPLAINT = "complaint"
    AUDIT = "audit"
    OTHER = "other"


WITH_REFERENCE: Final = frozenset({Reason.COMPLAINT, Reason.AUDIT, Reason.OTHER})
"""Reasons that say too little without the number of a case or document."""

_RECORD_ID: Final = re.compile(rf"[0-9A-Za-z][0-9A-Za-z._:/-]{{0,{RECORD_ID_CHARACTERS_MAX - 1}}}")
_CALLER: Final = re.compile(r"[0-9+][0-9 #*-]{2,23}")


def checked_reason(reason: str, reference: str) -> tuple[Reason, str]:
    """The reason and its reference without spaces around it. YunhaiError 7320, 7321."""
    try:
        word = Reason(reason)
    except ValueError:
        raise YunhaiError(REASON_UNKNOWN, reason=reason) from None
    reference = " ".join(reference.split())
    if len(reference) > LOOKUP_REFERENCE_CHARACTERS_MAX or (word in WITH_REFERENCE and not reference):
        raise YunhaiError(REFERENCE_MISSING, limit=LOOKUP_REFERENCE_CHARACTERS_MAX)
    return word, reference


def checked_query(query: str) -> str:
    """What is searched for. YunhaiError 7326."""
    query = " ".join(query.split())
    if not CLIENT_QUERY_CHARACTERS_MIN <= len(query) <= CLIENT_QUERY_CHARACTERS_MAX:
        raise YunhaiError(QUERY_SHORT)
    return query


def masked(name: str) -> str:
    """A name in a list of several: first and last character of a Chinese one, initials of another."""
    name = " ".join(name.split())
    if not name:
        return ""
    if name.isascii():
        return " ".join(f"{part[0]}." for part in name.split())
    if len(name) <= 2:
        return name[0] + "○"
    return name[0] + "○" * (len(name) - 2) + name[-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """How a customer gave an order. `at_ms` wall time in ms; `caller` the number of a phone call, else empty."""

    kind: InstructionKind
    record_id: str
    at_ms: int
    caller: str


def checked_record(*, kind: str, record_id: str, at_ms: int, caller: str, now_ms: int) -> Record:
    """A record that may stand behind an order. YunhaiError 7322, 7323, 7324, 7330 (voice orders keep the caller's number)."""
    try:
        word = InstructionKind.of(kind)
    except KeyError:
        word = InstructionKind.NONE
    if word is InstructionKind.NONE or kind != word.word:
        raise YunhaiError(RECORD_KIND, kind=kind)
    if not _RECORD_ID.fullmatch(record_id):
        raise YunhaiError(RECORD_ID, record=record_id)
    if not now_ms - RECORD_AGE_MS_MAX <= at_ms <= now_ms + RECORD_AHEAD_MS_MAX:
        raise YunhaiError(RECORD_TIME, at=at_ms)
    caller = " ".join(caller.split())
    if (word is InstructionKind.PHONE or caller) and not _CALLER.fullmatch(caller):
        raise YunhaiError(CALLER)
    return Record(kind=word, record_id=record_id, at_ms=at_ms, caller=caller)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """An order as it is read back. `client` and `client_en` how the customer is spoken to in either language; `price` is
    decimal text, empty at market; `quantity` in shares; `lot` shares of a lot."""

    client: str
    account: str
    side: str
    code: str
    name: str
    quantity: int
    price: str = ""
    lot: int = 1_000
    time_in_force: str = "rod"
    client_en: str = ""


@dataclass(frozen=True, slots=True)
class ReadBack:
    zh: str
    en: str


_SIDES: Final = {"buy": ("買進", "buy"), "sell": ("賣出", "sell")}
_LIVES: Final = {
    "rod": ("當日有效", "good for the day"),
    "ioc": ("立即成交，否則取消", "immediate or cancel"),
    "fok": ("全部成交，否則取消", "fill or kill"),
}


def read_back(order: Spoken) -> ReadBack:
    """The sentences to say to the customer. YunhaiError 7328 for a field that is not there, 2101-2103 for a bad price."""
    if order.side not in _SIDES:
        raise YunhaiError(READ_BACK, field="side")
    if order.time_in_force not in _LIVES:
        raise YunhaiError(READ_BACK, field="time_in_force")
    if not order.code or not order.account:
        raise YunhaiError(READ_BACK, field="code" if order.account else "account")
    if order.quantity <= 0 or order.lot <= 0:
        raise YunhaiError(READ_BACK, field="quantity")
    side_zh, side_en = _SIDES[order.side]
    life_zh, life_en = _LIVES[order.time_in_force]
    digits = " ".join(order.code)
    count_zh, count_en = _amount(order.quantity, order.lot)
    if order.price:
        price = price_of(order.price)
        price_zh = f"限價 {price_text(price)} 元（{spoken_price(price)}元）"
        price_en = f"at a limit of {price_text(price)} dollars"
        whole, point, part = decimal_text(price * order.quantity).partition(".")
        total = f"{int(whole):,}{point}{part}"
        total_zh, total_en = f"，價金 {total} 元", f", {total} dollars before charges"
    else:
        price_zh, price_en, total_zh, total_en = "市價", "at market", "", ""
    who_zh = f"{order.client}，" if order.client else ""
    who_en = f"{order.client_en or order.client}, " if order.client_en or order.client else ""
    return ReadBack(
        zh=(
            f"{who_zh}跟您複誦：帳號 {order.account}，{side_zh} {order.name}（{digits}）{count_zh}，"
            f"{price_zh}，{life_zh}{total_zh}。請問正確嗎？"
        ),
        en=(
            f"{who_en}let me read that back: account {order.account}, {side_en} {count_en} of {order.name} ({digits}), "
            f"{price_en}, {life_en}{total_en}. Is that correct?"
        ),
    )


def _amount(quantity: int, lot: int) -> tuple[str, str]:
    """Lots are said as lots and odd shares as shares, never mixed: an order is one or the other."""
    if quantity % lot == 0:
        lots = quantity // lot
        return f"{lots} 張（{spoken(lots)}張）", f"{lots} {'lot' if lots == 1 else 'lots'} ({quantity:,} shares)"
    return f"零股 {quantity} 股（{spoken(quantity)}股）", f"{quantity} odd {'share' if quantity == 1 else 'shares'}"


def paper_quantity(text: str) -> int:
    """A quantity as a ticket writes it: "3" is three lots of 1,000, "70s" or "70股" are shares. YunhaiError 2101-2103."""
    for mark in ("股", "s", "S"):
        if text.endswith(mark):
            return quantity_of(text.removesuffix(mark).strip())
    return quantity_of(text.removesuffix("張").strip()) * 1_000
