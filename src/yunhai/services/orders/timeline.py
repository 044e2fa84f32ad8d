"""The timeline 時間軸: one id opens everything that happened to it, in the journal's order.

Which records belong to it is asked of the tables (of the caller's tenant and accounts: others' ids are not there, 404);
what they say and prove is read from the journal itself. So a timeline stands on the journal even where a table lies.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import numpy as np
from django.conf import settings
from django.db.models import Q

from yunhai.kernel.errors import YunhaiError, entry_of
from yunhai.kernel.limits import TIMELINE_EVENTS_MAX
from yunhai.kernel.records import RECORD, SIZE, Kind, State
from yunhai.platform.readings.shown import moment, money
from yunhai.services.ledger import api as ledger
from yunhai.services.orders.errors import NOTHING_FOUND
from yunhai.services.orders.models import Answer, Fill, Instruction, Key, LineSession, Order
from yunhai.services.orders.places import Place, places
from yunhai.trading.instructions import INSTRUCTION, INSTRUCTION_BYTES, canonical, instruction_of, signed_attributes
from yunhai.trading.lines.words import line_of
from yunhai.trading.signatures import Verifier
from yunhai.trading.words import Action, Channel, Segment

KINDS: Final = ("order", "number", "client", "instruction", "trade", "account")
"""Words that may stand before an id, with a colon, to say what it is."""

More = Callable[[Sequence[int]], Mapping[int, Mapping[str, object]]]
"""Details that a service above adds: by an accepted instruction's number, of those that are asked for."""
_more: list[More] = []

_ACCEPTED_ZH: Final = {
    Action.NEW: "委託受理",
    Action.CANCEL: "取消受理",
    Action.CUT: "減量受理",
    Action.REPRICE: "改價受理",
}
_ACCEPTED_EN: Final = {
    Action.NEW: "order accepted",
    Action.CANCEL: "cancel accepted",
    Action.CUT: "cut accepted",
    Action.REPRICE: "new price accepted",
}
_ANSWER_ZH: Final = {
    Kind.NEW: "交易所接受委託",
    Kind.CANCEL: "交易所取消",
    Kind.CUT: "交易所減量",
    Kind.REPRICE: "交易所改價",
}
_ANSWER_EN: Final = {Kind.NEW: "taken", Kind.CANCEL: "cancelled", Kind.CUT: "cut", Kind.REPRICE: "re-priced"}
_LIQUIDITY: Final = {1: "maker", 2: "taker", 3: "auction"}
_SIDES: Final = {1: "buy", 2: "sell"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One record of the journal as far as it concerns what was asked. `details` in words and texts (`waited_ms` of the
    exchange's first answer: how long the order was with the lines, by the wall clock); `entries` the ledger
    postings that it caused. The proof is empty where the journal is not at hand."""

    sequence: int
    kind: str
    zh: str
    en: str
    order_id: int
    market_time: str
    wall_time: str = ""
    details: dict[str, object] = field(default_factory=dict)
    entries: tuple[ledger.Entry, ...] = ()
    record_hash: str = ""
    group: int = 0
    chain: str = ""
    segment: str = ""
    offset: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """`kind` what the id turned out to be, `orders` the orders it concerns. `whole` False: only the latest events are
    shown. `sequence`: up to where the tables had been read."""

    id: str
    kind: str
    title: str
    orders: tuple[int, ...]
    account: int
    events: tuple[Event, ...]
    whole: bool
    sequence: int


@dataclass(slots=True)
class _Found:
    kind: str
    orders: list[int] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)  # sequences of instructions that the gate refused
    account: int = 0
    trade: int = 0


def also_tell(more: More) -> None:
    """Have every timeline show more of accepted instructions, as far as the caller sees it. Once, when the process starts
    (`AppConfig.ready`): orders know nothing of the services that stand on them."""
    if more not in _more:
        _more.append(more)


def timeline(asked: str) -> Timeline:
    """Everything of an order, trade, account, instruction, client id or order number 委託書編號. A word of `KINDS` may
    stand before it ("trade:5"); bare digits are tried as order, instruction, trade, then account. NOTHING_FOUND (404)
    where there is none that the caller may see."""
    text = asked.strip()
    read_to = ledger.freshness().sequence
    found = _resolve(text)
    if found is None:
        raise YunhaiError(NOTHING_FOUND, id=text[:60])
    events = _events(found)
    whole = len(events) <= TIMELINE_EVENTS_MAX
    events = sorted(events, key=lambda event: event.sequence)[-TIMELINE_EVENTS_MAX:]
    return Timeline(
        id=text,
        kind=found.kind,
        title=_title(found),
        orders=tuple(found.orders),
        account=found.account,
        events=tuple(_with_proof(_with_more(events))),
        whole=whole,
        sequence=read_to,
    )


# -- what an id is -----------------------------------------------------------------------------------------------------


def _resolve(text: str) -> _Found | None:
    word, colon, rest = text.partition(":")
    if colon and word in KINDS:
        return _FINDERS[word](rest.strip())
    for name in ("client", "order", "instruction", "number", "trade", "account"):
        found = _FINDERS[name](text)
        if found is not None:
            return found
    return None


def _digits(text: str) -> int:
    """The number, 0 if it is none that a table could hold."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else 0


def _order(text: str) -> _Found | None:
    row = Order.objects.filter(order_id=_digits(text)).first()
    return None if row is None else _Found("order", [row.order_id], account=row.account)


def _number(text: str) -> _Found | None:
    if not (len(text) <= 5 and text.isascii() and text.isalnum()):
        return None
    rows = list(Order.objects.filter(order_number=text).order_by("-day", "-order_id")[:1])
    return _Found("number", [rows[0].order_id], account=rows[0].account) if rows else None


def _client(text: str) -> _Found | None:
    try:
        client_id = UUID(text)
    except ValueError:
        return None
    return _of_instructions("client", Instruction.objects.filter(client_id=client_id))


def _instruction(text: str) -> _Found | None:
    number = _digits(text)
    return _of_instructions("instruction", Instruction.objects.filter(number=number)) if number else None


def _of_instructions(kind: str, rows: Any) -> _Found | None:
    found = list(rows.order_by("sequence")[:TIMELINE_EVENTS_MAX])
    if not found:
        return None
    return _Found(
        kind,
        sorted({row.order_id for row in found if row.code == 0}),
        refused=[row.sequence for row in found if row.code],
        account=found[0].account,
    )


def _trade(text: str) -> _Found | None:
    fills = list(Fill.objects.filter(trade=_digits(text)).order_by("sequence")[:10])
    if not fills:
        return None
    return _Found("trade", sorted({fill.order_id for fill in fills}), account=fills[0].account, trade=fills[0].trade)


def _account(text: str) -> _Found | None:
    account = _digits(text)
    if not account or not ledger.entries_of(account, limit=1):
        return None
    orders = Order.objects.filter(account=account).order_by("-order_id").values_list("order_id", flat=True)
    refused = Instruction.objects.filter(account=account, code__gt=0).order_by("-sequence")
    return _Found(
        "account",
        sorted(orders[: TIMELINE_EVENTS_MAX // 4]),
        refused=list(refused.values_list("sequence", flat=True)[: TIMELINE_EVENTS_MAX // 4]),
        account=account,
    )


_FINDERS: Final = {
    "order": _order,
    "number": _number,
    "client": _client,
    "instruction": _instruction,
    "trade": _trade,
    "account": _account,
}


def _title(found: _Found) -> str:
    row = Order.objects.filter(order_id__in=found.orders[:1]).first()
    if row is None or found.kind == "account":
        return f"{found.account}"
    side = _SIDES[row.side]
    return f"{row.order_number} {side} {row.security} {row.quantity} @ {money(row.price) if row.price else 'market'}"


# -- what happened -----------------------------------------------------------------------------------------------------


def _events(found: _Found) -> list[Event]:
    of = found.orders
    fills = list(Fill.objects.filter(order_id__in=of).order_by("sequence"))
    if found.kind == "trade":
        fills = [fill for fill in fills if fill.trade == found.trade]
    events = [
        *(
            _of_instruction(row)
            for row in Instruction.objects.filter(Q(order_id__in=of) | Q(sequence__in=found.refused))
        ),
        *(_of_answer(row) for row in Answer.objects.filter(order_id__in=of)),
        *(_of_fill(row) for row in fills),
    ]
    sequences = [event.sequence for event in events]
    events = [_with_entries(event, entries) for event, entries in _joined(events, ledger.entries_at(sequences))]
    return events + _others(found, fills, set(sequences))


def _joined(events: list[Event], entries: dict[int, list[ledger.Entry]]) -> Iterable[tuple[Event, list[ledger.Entry]]]:
    return ((event, entries.get(event.sequence, [])) for event in events)


def _with_entries(event: Event, entries: list[ledger.Entry]) -> Event:
    return _replaced(event, entries=tuple(entries)) if entries else event


def _replaced(event: Event, **changes: Any) -> Event:
    values = {name: getattr(event, name) for name in Event.__slots__}
    return Event(**(values | changes))


def _of_instruction(row: Instruction) -> Event:
    action = Action(row.action)
    details: dict[str, object] = {
        "action": action.word,
        "number": row.number,
        "client_id": str(row.client_id),
        "person": row.person,
        "channel": Channel(row.channel).word,
        "verdict": "accepted" if row.code == 0 else "refused",
    }
    if row.code:
        entry = entry_of(row.code)
        zh, en = f"下單檢核退回 {row.code} {entry.name}", f"refused by the gate: {row.code} {entry.name}"
        details |= {"code": row.code, "remedy_zh": entry.remedy_zh, "remedy_en": entry.remedy_en}
    else:
        zh, en = f"{_ACCEPTED_ZH[action]}，送往線路", f"{_ACCEPTED_EN[action]}, handed to the lines"
        details |= {"reserved_cash": money(row.reserved_cash), "reserved_shares": row.reserved_shares}
    return Event(
        sequence=row.sequence,
        kind="refused" if row.code else "accepted",
        zh=zh,
        en=en,
        order_id=row.order_id,
        market_time=moment(row.market_ns),
        wall_time=moment(row.accepted_ns),
        details=details,
    )


def _of_answer(row: Answer) -> Event:
    removed = row.kind == Kind.REMOVED
    refused = not removed and row.state == State.REFUSED
    if removed:
        zh, en, kind = "交易所刪除剩餘委託", "the rest was removed by the exchange", "removed"
    elif refused:
        entry = entry_of(row.code)
        zh, en, kind = (
            f"交易所退回 {row.code} {entry.zh}",
            f"refused by the exchange: {row.code} {entry.name}",
            "refused",
        )
    else:
        kind = "answered"
        zh, en = _ANSWER_ZH[Kind(row.kind)], f"{_ANSWER_EN[Kind(row.kind)]} by the exchange"
    details: dict[str, object] = {"code": row.code, "quantity": row.quantity, "removed": row.removed}
    if not removed:
        details["answers"] = Kind(row.kind).name.lower()
    if not removed:
        details |= {"leaves": row.leaves, "filled": row.filled, "state": State(row.state).name.lower()}
    if row.price:
        details["price"] = money(row.price)
    return Event(
        sequence=row.sequence,
        kind=f"exchange-{kind}",
        zh=zh,
        en=en,
        order_id=row.order_id,
        market_time=moment(row.market_ns),
        details=details,
    )


def _of_fill(row: Fill) -> Event:
    return Event(
        sequence=row.sequence,
        kind="fill",
        zh=f"成交 {row.quantity} 股 @ {money(row.price)}",
        en=f"filled {row.quantity} at {money(row.price)}",
        order_id=row.order_id,
        market_time=moment(row.market_ns),
        details={
            "trade": row.trade,
            "price": money(row.price),
            "quantity": row.quantity,
            "value": money(row.price * row.quantity),
            "leaves": row.leaves,
            "side": _SIDES[row.side],
            "segment": Segment(row.segment).word if row.segment else "",
            "liquidity": _LIQUIDITY.get(row.liquidity, ""),
        },
    )


def _others(found: _Found, fills: list[Fill], told: set[int]) -> list[Event]:
    """Settlements of what was filled, and, for an account, everything else that moved its money or shares."""
    if found.kind == "account":
        entries = ledger.entries_of(found.account)
    elif fills:
        due = {entry.settles_on for entry in _entries_of(fills) if entry.settles_on}
        assets = {"TWD", *(fill.security for fill in fills)}
        entries = [entry for entry in ledger.settlements_of(found.account, due) if entry.asset in assets]
        entries += [entry for entry in _expired(found) if entry.order_id in found.orders]
    else:
        entries = _expired(found)
    grouped: dict[int, list[ledger.Entry]] = {}
    for entry in entries:
        if entry.sequence not in told:
            grouped.setdefault(entry.sequence, []).append(entry)
    return [_of_entries(sequence, of) for sequence, of in grouped.items()]


def _entries_of(fills: list[Fill]) -> list[ledger.Entry]:
    return [entry for of in ledger.entries_at([fill.sequence for fill in fills[:1]]).values() for entry in of]


def _expired(found: _Found) -> list[ledger.Entry]:
    """Releases at the day's end, which belong to a step of the day and not to a record of the order."""
    days = {day.isoformat() for day in Order.objects.filter(order_id__in=found.orders).values_list("day", flat=True)}
    return [entry for day in days for entry in ledger.releases_of(found.account, day, found.orders)]


def _of_entries(sequence: int, entries: list[ledger.Entry]) -> Event:
    kinds = sorted({entry.kind for entry in entries})
    zh = "、".join(_ENTRY_ZH.get(kind, kind) for kind in kinds)
    settled = kinds == ["settle"]
    return Event(
        sequence=sequence,
        kind="settlement" if settled else "ledger",
        zh=zh,
        en=", ".join(kinds),
        order_id=entries[0].order_id,
        market_time="",
        details={"settles_on": entries[0].settles_on} if settled else {},
        entries=tuple(entries),
    )


_ENTRY_ZH: Final = {
    "reserve": "圈存",
    "release": "解圈",
    "deposit": "存入",
    "withdrawal": "提領",
    "transfer": "移轉",
    "opening": "期初餘額",
    "settle": "交割",
    "tax_back": "當沖降稅退還",
    "reversal": "沖回",
}


def _with_more(events: list[Event]) -> list[Event]:
    numbers = [int(str(event.details["number"])) for event in events if event.kind == "accepted"]
    if not numbers or not _more:
        return events
    told = [more(numbers) for more in _more]

    def of(event: Event) -> Event:
        if event.kind != "accepted":
            return event
        added: dict[str, object] = {}
        for one in told:
            added |= one.get(int(str(event.details["number"])), {})
        return _replaced(event, details=event.details | added) if added else event

    return [of(event) for event in events]


# -- what the journal proves -------------------------------------------------------------------------------------------


def _with_proof(events: list[Event]) -> Iterable[Event]:
    at = places(Path(settings.PLACES.journal), [event.sequence for event in events])
    verifier = Verifier()
    accepted: dict[int, int] = {}  # wall ns by order
    for event in events:
        place = at.get(event.sequence)
        if place is None:
            yield event
            continue
        proven = _proven(event, place, verifier)
        if event.kind == "accepted" and event.details.get("action") == Action.NEW.word:
            accepted[event.order_id] = _accepted_ns(place)
        elif event.details.get("answers") == "new" and event.order_id in accepted:
            waited = max(0, place.wall_ns - accepted[event.order_id]) // 1_000_000
            proven = _replaced(proven, details=proven.details | {"waited_ms": waited})
        yield proven


def _accepted_ns(place: Place) -> int:
    record = np.frombuffer(place.content[SIZE : SIZE + INSTRUCTION_BYTES], INSTRUCTION)[0]
    return int(record["accepted_at"])


def _proven(event: Event, place: Place, verifier: Verifier) -> Event:
    details = event.details
    market_time = event.market_time
    if "client_id" in details:
        details = details | signed_part(place, verifier)
    if "answers" in details:
        details = details | carried_by(place)
    if not market_time:
        market_time = moment(int.from_bytes(place.content[8:16], "little", signed=True))
    return _replaced(
        event,
        details=details,
        market_time=market_time,
        wall_time=event.wall_time or moment(place.wall_ns),
        record_hash=place.record_hash,
        group=place.group,
        chain=place.chain,
        segment=place.segment,
        offset=place.offset,
    )


def carried_by(place: Place) -> dict[str, object]:
    """The `line` that brought the instruction to the exchange, "" where none is recorded (caps lifted, or before lines were
    recorded); its `session`, the journal sequence of the login that began it, and since when it stood (`session_since`)."""
    line = line_of(int(np.frombuffer(place.content[:SIZE], RECORD)[0]["reserved"]))
    if not line:
        return {"line": ""}
    began = LineSession.objects.filter(line=line, state="up", sequence__lt=place.sequence).order_by("-sequence").first()
    if began is None:
        return {"line": line}
    return {"line": line, "session": began.sequence, "session_since": moment(began.wall_ns) if began.wall_ns else ""}


def signed_part(place: Place, verifier: Verifier) -> dict[str, object]:
    """What was signed, by which key, and whether the signature holds: from the journal's own bytes."""
    record = np.frombuffer(place.content[SIZE : SIZE + INSTRUCTION_BYTES], INSTRUCTION)[0]
    signature = record["signature"].tobytes()
    text = canonical(instruction_of(record))
    key = Key.objects.filter(key=int(record["key"])).first()
    verdict = "unknown-key"
    if key is not None:
        holds = verifier.verify(bytes(key.public), signed_attributes(text), signature)
        verdict = "valid" if holds else "invalid"
    said: dict[str, object] = {
        "text": text.decode(),
        "signature": signature.hex(),
        "key": int(record["key"]),
        "public_key": bytes(key.public).hex() if key is not None else "",
        "signature_verdict": verdict,
        "signed_at": moment(int(record["signed_at"]) * 1_000_000),
    }
    if record["order_number"]:
        said["order_number"] = record["order_number"].decode()
    if record["instruction_kind"]:
        said["told_at"] = moment(int(record["instruction_at"]) * 1_000_000)
        said["told_by"] = record["instruction_id"].decode()
    return said
