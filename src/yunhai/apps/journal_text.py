"""What `yunhai journal` says to people: records as short blocks, counts and verdicts as lines, in English and Chinese.

Numbers of the journal become what they stand for: a price in 1/10,000 NT$ its NT$, a firm's or account's number the
four characters it was made of, a side or phase its word. A number that stands for nothing known is shown as it is.
Lines are at most 100 columns wide; hashes are never cut.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from rich.cells import cell_len
from rich.console import Console

from yunhai.journal.stats import Stats
from yunhai.journal.verify import Verdict
from yunhai.kernel.clock import MINUTE, SECOND, TAIPEI_OFFSET, date_of, time_of_day
from yunhai.kernel.errors import YunhaiError, catalogue
from yunhai.kernel.money import decimal_text, price_text
from yunhai.kernel.records import OrderType, Phase, Side, State, TimeInForce

KINDS: Final = {
    "NONE": "不明指令",
    "NEW": "新單",
    "CANCEL": "刪單",
    "CUT": "減量",
    "REPRICE": "改價",
    "PHASE": "時段",
    "UNCROSS": "集合撮合",
    "TRIAL": "試撮",
    "EXPIRE": "收盤失效",
    "TRADE": "成交",
    "FILL": "成交回報",
    "REMOVED": "剔除",
    "HALTED": "暫緩撮合",
    "FACT": "事實",
}
COMMANDS: Final = frozenset({"NONE", "NEW", "CANCEL", "CUT", "REPRICE"})
CONTROLS: Final = frozenset({"PHASE", "UNCROSS", "TRIAL", "EXPIRE"})

_SIDES: Final = {Side.BUY: "buy 買", Side.SELL: "sell 賣"}
_TYPES: Final = {OrderType.MARKET: "market 市價", OrderType.LIMIT: "limit 限價"}
_TIMES_IN_FORCE: Final = {force: force.name for force in TimeInForce}
_PHASES: Final = {
    Phase.BEFORE: "before 開盤前",
    Phase.COLLECT: "collecting 收單",
    Phase.CONTINUOUS: "continuous 逐筆",
    Phase.HALTED: "halted 暫緩",
    Phase.AFTER: "after 收盤後",
    Phase.SUSPENDED: "suspended 暫停交易",
}
_STATES: Final = {
    State.REFUSED: "refused 拒絕",
    State.RESTING: "in the book 在簿",
    State.FILLED: "filled 全部成交",
    State.GONE: "gone 已離簿",
}
_LIQUIDITY: Final = {1: "maker 被動", 2: "taker 主動", 3: "auction 集合競價"}
_REMOVAL_REASONS: Final = {2: "market orders not allowed any more 不再接受市價", 4: "session end 收盤"}

_ENDINGS: Final = {
    "clean": ("nothing stands after the last group", "最後批次之後沒有資料"),
    "torn": (
        "a group that a crash cut off stands there; opening cuts it away",
        "有當機時未寫完的批次，重新開啟時會清除",
    ),
    "garbage": (
        "bytes that are no record and that no crash explains stand there",
        "有不屬於任何紀錄、非當機所致的資料",
    ),
    "after-closing": ("bytes of no record stand after the closing mark", "關閉標記之後有不屬於任何紀錄的資料"),
    "living": ("a writer is at work there", "有程式正在寫入"),
    "unread": ("the journal could not be read so far", "未能讀到"),
}

_CHAINS: Final = "(chain: closing marks included 含關閉標記; chain of records: what checkpoints sign 檢查點所簽)"
_CODE_CHARACTERS: Final = frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_NAMES_SHOWN: Final = 10
_TENANTS_SHOWN: Final = 20


def code_of(number: int) -> str | None:
    """The four characters of a firm 券商 or branch 分點 whose number is their ASCII, big-endian; None if it is not."""
    text = number.to_bytes(4, "big").decode("latin-1") if 0 <= number < 2**32 else ""
    return text if text and _CODE_CHARACTERS.issuperset(text) else None


def number_of(code: str) -> int | None:
    """The number of a four-character code; None if it is no such code."""
    return int.from_bytes(code.encode("ascii"), "big") if len(code) == 4 and _CODE_CHARACTERS.issuperset(code) else None


def moment(nanoseconds: int) -> str:
    """Date and time of day in Taipei, the fraction only where there is one."""
    at = time_of_day(nanoseconds, offset=TAIPEI_OFFSET)
    seconds, fraction = divmod(at, SECOND)
    minutes = at // MINUTE
    text = f"{date_of(nanoseconds)} {minutes // 60:02d}:{minutes % 60:02d}:{seconds % 60:02d}"
    return f"{text}.{fraction:09d}".rstrip("0") if fraction else text


def value_text(value: int) -> str:
    """An amount in 1/10,000 NT$ as NT$, thousands separated."""
    whole, point, part = decimal_text(value, places=2).partition(".")
    return f"{int(whole):,}{point}{part}"


def print_lines(lines: Iterable[str], console: Console) -> None:
    """Each as one line however narrow the terminal is: it wraps, and nothing is cut."""
    for line in lines:
        console.print("".join(sign if sign.isprintable() else f"\\x{ord(sign):02x}" for sign in line), soft_wrap=True)


def table(rows: Mapping[str, object]) -> list[str]:
    """Names and values, values under each other."""
    width = max(map(cell_len, rows), default=0)
    return [f"{name}{' ' * (width - cell_len(name))}  {_plain(value)}" for name, value in rows.items()]


def _plain(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _word(words: Mapping[Any, str], number: int) -> str:
    return words.get(number, str(number))


def _line(*parts: str) -> str:
    return "  " + " · ".join(part for part in parts if part)


def _firm(row: Mapping[str, Any]) -> str:
    if not row["tenant"]:
        return "exchange 交易所"
    return f"firm 券商 {code_of(row['tenant']) or row['tenant']}"


def _account(row: Mapping[str, Any]) -> str:
    return f"account 帳號 {code_of(row['account']) or row['account']}" if row["account"] else ""


def _price(price: int) -> str:
    return f"NT$ {price_text(price)}"


def record_block(row: Mapping[str, Any]) -> list[str]:
    """One record, as the `show` command's JSON has it, in three or four short lines."""
    kind = str(row["kind"])
    if kind in COMMANDS:
        body = _command(row)
    elif kind in CONTROLS:
        body = _control(row)
    else:
        body = _EVENTS.get(kind, _unknown)(row)
    head = f"#{row['sequence']:,} {kind} {KINDS.get(kind, '')} {moment(row['time'])}"
    return [head, *body, _line(f"{row['segment']} byte 位元組 {row['offset']:,}")]


def _command(row: Mapping[str, Any]) -> list[str]:
    price = "" if row["order_type"] == OrderType.MARKET else _price(row["price"])
    wanted = _line(
        _word(_SIDES, row["side"]),
        _word(_TYPES, row["order_type"]),
        f"{row['quantity']:,} shares 股",
        price,
        _word(_TIMES_IN_FORCE, row["time_in_force"]),
    )
    amounts = f"filled 成交 {row['filled']:,} · left 剩餘 {row['leaves']:,} · removed 刪減 {row['removed']:,}"
    outcome = [_line("→ " + _word(_STATES, row["state"]), amounts)]
    who = _line(f"order 委託書 {row['order_id']}", _firm(row), _account(row), f"book 簿 {row['book']}")
    return [who, wanted, *outcome, *_said(row["code"])]


def _said(code: int) -> list[str]:
    """A refusal's or notice's number and texts."""
    if not code:
        return []
    entry = catalogue().get(code)
    return [_line(f"{code}" if entry is None else f"{code} {entry.zh} {entry.en}")]


def _control(row: Mapping[str, Any]) -> list[str]:
    said = "accepted 接受" if row["state"] else "refused 拒絕"
    if row["kind"] == "PHASE":
        before = f"before it 之前 {_word(_PHASES, row['order_type'])}" if row["state"] else ""
        facts = (f"phase 時段 {_word(_PHASES, row['side'])}", before)
    elif row["kind"] == "EXPIRE":
        facts = ("", "")
    else:
        facts = (f"matched 撮合 {row['order_id']:,} shares 股", f"at 價 {_price(row['price'])}" if row["price"] else "")
    return [_line(f"book 簿 {row['book']}", *facts, said), *_said(row["code"])]


def _trade(row: Mapping[str, Any]) -> list[str]:
    how = "auction 集合競價" if row["auction"] else f"taker 主動 {_word(_SIDES, row['taker_side'])}"
    return [
        _line(
            f"trade 成交序號 {row['trade']}",
            f"{row['quantity']:,} shares 股",
            _price(row["price"]),
            how,
            f"book 簿 {row['book']}",
        ),
        _line(f"buy order 買方委託書 {row['buy_id']}", f"sell order 賣方委託書 {row['sell_id']}"),
    ]


def _fill(row: Mapping[str, Any]) -> list[str]:
    return [
        _line(f"order 委託書 {row['order_id']}", _firm(row), _account(row), f"book 簿 {row['book']}"),
        _line(
            _word(_SIDES, row["side"]),
            f"{row['quantity']:,} shares 股",
            _price(row["price"]),
            f"left 剩餘 {row['leaves']:,}",
            f"trade 成交序號 {row['trade']}",
            _word(_LIQUIDITY, row["liquidity"]),
        ),
    ]


def _removed(row: Mapping[str, Any]) -> list[str]:
    return [
        _line(f"order 委託書 {row['order_id']}", _firm(row), _account(row), f"book 簿 {row['book']}"),
        _line(
            _word(_SIDES, row["side"]),
            _word(_TYPES, row["order_type"]),
            f"{row['quantity']:,} shares 股",
            "" if row["order_type"] == OrderType.MARKET else _price(row["price"]),
            _word(_REMOVAL_REASONS, row["code"]),
        ),
    ]


def _halted(row: Mapping[str, Any]) -> list[str]:
    return [
        _line(f"book 簿 {row['book']}", f"until 至 {moment(row['until'])}", f"cause 起因委託書 {row['cause']}"),
        _line(f"centre 基準 {_price(row['price'])}", f"first outside 首筆超出 {_price(row['outside'])}"),
    ]


def _fact(row: Mapping[str, Any]) -> list[str]:
    return [_line(_firm(row), f"fact number 事實編號 {row['fact']}", f"{row['bytes']:,} bytes 位元組")]


def _unknown(row: Mapping[str, Any]) -> list[str]:
    return [_line(f"code {row['code']}", _firm(row), f"book 簿 {row['book']}")]


_EVENTS: Final = {"TRADE": _trade, "FILL": _fill, "REMOVED": _removed, "HALTED": _halted, "FACT": _fact}


def problem_lines(problem: YunhaiError) -> list[str]:
    return [
        f"✗ {problem.code} {problem.entry.name}",
        f"  {problem.text('zh')}",
        f"  {problem.text('en')}",
        f"  → {problem.remedy('zh')} {problem.remedy('en')}",
    ]


def ending_texts(verdict: Verdict) -> tuple[str, str]:
    """What stands at the end, in English and Chinese."""
    return _ENDINGS.get(verdict.ending, (verdict.ending, verdict.ending))


def verdict_texts(verdict: Verdict) -> tuple[str, str]:
    """The conclusion in English and Chinese. An end that nothing proves is never called right."""
    if verdict.problems:
        return "WRONG", "有誤"
    if verdict.end_proof == "checkpoint":
        return "right; a checkpoint proves the end", "正確，尾端由檢查點證明"
    if verdict.end_proof == "closing-mark":
        return "right; closed, nothing after the closing mark", "正確，已關閉，關閉標記之後沒有資料"
    until = (f"; proved up to sequence {verdict.proven_to}", f"（僅證明至序號 {verdict.proven_to}）")
    english, chinese = until if verdict.proven_to else ("", "")
    return (
        f"every record read is right, but not closed: the end is not proved without a checkpoint{english}",
        f"讀到的紀錄皆正確，但日誌未關閉：沒有檢查點，無法證明尾端完整{chinese}",
    )


def verdict_lines(verdict: Verdict) -> list[str]:
    english, chinese = verdict_texts(verdict)
    ending, ending_zh = ending_texts(verdict)
    lines = table(
        {
            "journal 日誌": verdict.journal,
            "last good sequence 最後正確序號": verdict.sequence,
            "groups 批次": _groups(verdict.groups, verdict.closing_marks),
            "segments 區段": verdict.segments,
            "chain 雜湊鏈": verdict.chain,
            "chain of records 紀錄雜湊": verdict.records_chain,
            "checkpoints 檢查點": f"{verdict.checkpoints}, to sequence 證明至序號 {verdict.proven_to:,}",
            "end 尾端": verdict.ending,
        }
    )
    lines += [f"  {ending_zh}", f"  {ending}", _CHAINS]
    if verdict.foreign:
        names = ", ".join(verdict.foreign[:_NAMES_SHOWN])
        more = f" … {len(verdict.foreign):,}" if len(verdict.foreign) > _NAMES_SHOWN else ""
        lines.append(f"foreign files 外來檔案 (not the journal's, not read 不屬於日誌，未讀取): {names}{more}")
    return [*lines, f"verdict 結論: {chinese}", f"  {english}"]


def _groups(groups: int, closing_marks: int) -> str:
    return f"{groups:,} + {closing_marks:,} closing marks 關閉標記"


def stats_lines(stats: Stats) -> list[str]:
    """Everything counted, with units."""
    lines = table(
        {
            "records 筆數": stats.records,
            "groups 批次": _groups(stats.groups, stats.closing_marks),
            "segments 區段": stats.segments,
            "bytes 位元組": stats.bytes,
            "trades 成交筆數": stats.trades,
            "traded shares 成交股數": stats.traded_shares,
            "traded value 成交金額": f"NT$ {value_text(stats.traded_value)}",
            "first written 最早寫入": f"{moment(stats.first_wall_ns)} Taipei 台北" if stats.groups else "-",
            "last written 最後寫入": f"{moment(stats.last_wall_ns)} Taipei 台北" if stats.groups else "-",
            "chain 雜湊鏈": stats.chain,
            "chain of records 紀錄雜湊": stats.records_chain,
        }
    )
    lines += [
        _CHAINS,
        "",
        "kinds 種類",
        *table({f"  {kind} {KINDS.get(kind, '')}": n for kind, n in stats.kinds.items()}),
    ]
    busiest = sorted(stats.tenants.items(), key=lambda one: -one[1])[:_TENANTS_SHOWN]
    title = f"tenants 租戶 {len(stats.tenants):,}"
    title += f", the busiest 筆數最多的 {_TENANTS_SHOWN}" if len(stats.tenants) > _TENANTS_SHOWN else ""
    return [*lines, "", title, *table({f"  {_firm({'tenant': tenant})}": count for tenant, count in busiest})]
