"""`yunhai rules`: show a rule pack, tell two apart, check a file, compute a day's limits."""

import csv
import json
import re
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple

import click
from rich.table import Table
from rich.text import Text

from yunhai.apps.reference_data import instruments, overlay, pack_file, pack_ids, pack_named, rule_pack
from yunhai.apps.terminal import console
from yunhai.exchange.instruments import NEW_LISTING, LimitException, Overlay, kind_of, multiple_of
from yunhai.exchange.rules.describe import differences, label, lines, on_day, plain
from yunhai.exchange.rules.pack import RulePack
from yunhai.exchange.rules.prices import daily_limits, is_on_grid, tick
from yunhai.exchange.rules.words import SecurityKind
from yunhai.kernel.clock import parse_date
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import CODE_CHARACTERS_MAX, ROW_CHARACTERS_MAX, ROWS_MAX
from yunhai.kernel.money import price_of, price_text

REFUSED = 2
PIECE: Final = 1 << 16
"""How much of an over-long line is read at once."""
HEADER = ["code", "kind", "reference"]
PLACEHOLDER: Final = "placeholder 佔位"
SATURDAY: Final = 5
HEADER_ZH = ["代號", "種類", "參考價"]
CODE: Final = re.compile(rf"[0-9A-Za-z]{{1,{CODE_CHARACTERS_MAX}}}")
BOOLEANS: Final = {"true": "true 是", "false": "false 否"}
DATE_HELP: Final = "YYYY-MM-DD or YYYYMMDD."
JSON_HELP: Final = "Print one JSON object last 最後輸出一個 JSON 物件."


@click.group("rules")
def command() -> None:
    """Rule packs: show, diff, check, limits 規則包."""


def _day(_context: click.Context, _parameter: click.Parameter, text: str | None) -> date | None:
    return None if text is None else parse_date(text)


def _print_json(answer: dict[str, Any]) -> None:
    click.echo(json.dumps(answer, ensure_ascii=False))


def _table(*titles: str) -> Table:
    """A table that wraps a narrow terminal's cells instead of cutting them."""
    table = Table()
    for title in titles:
        table.add_column(title, overflow="fold")
    return table


@command.command("show")
@click.option("--pack", "name", help="Rule pack id or TOML file; without it, list them 規則包，未給則列出.")
@click.option("--date", "day", callback=_day, help=f"Only what is in force on this day 日期. {DATE_HELP}")
@click.option("--json", "as_json", is_flag=True, help=JSON_HELP)
def show(name: str | None, day: date | None, as_json: bool) -> None:
    """Show a rule pack, every field of it, or list the packs 顯示規則包."""
    if name is None:
        _list_packs(day, as_json=as_json)
        return
    pack = pack_named(name)
    values = plain(pack)
    if day is not None:
        pack.require_in_force(day)
        values = on_day(values, day)
    if as_json:
        _print_json({"pack": values} | ({"date": day.isoformat()} if day else {}))
        return
    out = console()
    out.print(f"{pack.id} {pack.version}  {pack.name_zh}  {pack.name_en}")
    table = _table("field 欄位", "term 名稱", "value 值")
    for path, text in lines({name: part for name, part in values.items() if name != "not_modelled"}):
        placeholder = f" ({PLACEHOLDER})" if pack.gap(path) is not None else ""
        table.add_row(".".join(path), label(path), BOOLEANS.get(text, text) + placeholder)
    out.print(table)
    _print_gaps(pack)


def _print_gaps(pack: RulePack) -> None:
    out = console()
    if any(gap.fields for gap in pack.not_modelled):
        out.print(f"{PLACEHOLDER}: nothing is claimed of the value 僅填入欄位，不作主張")
    for gap in pack.not_modelled:
        out.print(
            f"not modelled 未涵蓋: {gap.what}: {gap.reason}" + (f" ({', '.join(gap.fields)})" if gap.fields else "")
        )


def _list_packs(day: date | None, *, as_json: bool) -> None:
    packs = [pack for pack in map(rule_pack, pack_ids()) if day is None or pack.in_force(day)]
    if as_json:
        keys = ("id", "version", "name_zh", "name_en", "effective_from", "effective_to", "based_on")
        rows = [{key: values.get(key) for key in keys} for values in map(plain, packs)]
        _print_json({"packs": rows} | ({"date": day.isoformat()} if day else {}))
        return
    if day is not None:
        console().print(f"in force on {day} 當日適用:")
    table = _table("pack 規則包", "version 版本", "from 生效", "to 失效", "name 名稱")
    for pack in packs:
        to = pack.effective_to.isoformat() if pack.effective_to else "—"
        table.add_row(pack.id, pack.version, pack.effective_from.isoformat(), to, f"{pack.name_zh} {pack.name_en}")
    console().print(table)


@command.command("diff")
@click.argument("first")
@click.argument("second")
@click.option("--json", "as_json", is_flag=True, help=JSON_HELP)
def diff(first: str, second: str, as_json: bool) -> None:
    """Tell two rule packs apart, field by field 比較兩個規則包. FIRST and SECOND are ids or files."""
    one, two = pack_named(first), pack_named(second)
    found = differences(one, two)
    if as_json:
        rows = [{"field": d.path, "term": d.label, "first": d.first, "second": d.second} for d in found]
        _print_json({"first": one.id, "second": two.id, "differences": rows})
        return
    table = _table("field 欄位", "term 名稱", one.id, two.id)
    for each in found:
        table.add_row(each.path, each.label, each.first or "—", each.second or "—")
    out = console()
    out.print(table)
    out.print(f"{len(found)} differences 處不同")


@command.command("check")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help=JSON_HELP)
def check(file: Path, as_json: bool) -> None:
    """Check a rule pack FILE; a bad one is refused with line and reason 檢查規則檔."""
    pack = pack_file(file)
    if as_json:
        _print_json({"ok": True, "pack": pack.id, "version": pack.version})
        return
    console().print(f"✓ {file}: {pack.id} {pack.version} is sound 規則檔正確")


@command.command("limits")
@click.option("--pack", "name", default="twse-2026", show_default=True, help="Rule pack id or TOML file 規則包.")
@click.option("--date", "day", callback=_day, required=True, help=f"The trading day 交易日. {DATE_HELP}")
@click.option("--json", "as_json", is_flag=True, help=JSON_HELP)
def limits(name: str, day: date, as_json: bool) -> int:
    """Daily limits of `code,kind,reference` rows on standard input 漲跌停價.

    The kind may be empty (told from the code), a family (etf, etn, warrant) or a kind of the pack. Good rows are
    answered; a bad one is refused by its row and reason, and then the exit code is 2.

    \b
    標準輸入每列為代號、種類、參考價；種類可留空（由代號判斷）。
    有誤之列逐列拒絕並說明，其餘照常回答，結束碼為 2。
    """
    pack = pack_named(name)
    pack.require_in_force(day)
    above = overlay(day)
    if sys.stdin.isatty():
        click.echo("reading code,kind,reference rows until Ctrl-D 由鍵盤輸入各列，以 Ctrl-D 結束", err=True)
    notes = _day_notes(day)
    answered: list[dict[str, Any]] = []
    refused: list[dict[str, Any]] = []
    exceptions: list[dict[str, str]] = []
    for row, fields in _rows():
        if isinstance(fields, YunhaiError):
            refused.append({"row": row, "code": "", "error": fields.as_json()})
            continue
        try:
            found = _limits(pack, above, day, row, fields)
        except YunhaiError as error:
            refused.append({"row": row, "code": fields[0], "error": error.as_json()})
            continue
        answered.append(found.answer)
        exceptions += found.exception
        notes += found.note
    if as_json:
        _print_json(
            {
                "pack": pack.id,
                "date": day.isoformat(),
                "limits": answered,
                "refused": refused,
                "exceptions": exceptions,
                "notes": notes,
            }
        )
    else:
        _print_limits(answered, refused, exceptions, notes)
    return REFUSED if refused else 0


def _rows() -> Iterator[tuple[int, list[str] | YunhaiError]]:
    """Rows of standard input with their numbers from 1, without a header and without empty lines.

    A row that cannot be read comes as its refusal. YunhaiError 2402 for more rows than a command takes.
    """
    stream = sys.stdin.buffer
    number = 0
    while raw := stream.readline(ROW_CHARACTERS_MAX + 1):
        number += 1
        if number > ROWS_MAX:
            raise YunhaiError(2402, limit=f"{ROWS_MAX} rows", limit_zh=f"{ROWS_MAX} 列")
        fields = _fields(number, raw)
        if isinstance(fields, YunhaiError) and not raw.endswith(b"\n"):
            _skip_line(stream)
        if fields and not (number == 1 and _is_header(fields)):
            yield number, fields


def _fields(number: int, raw: bytes) -> list[str] | YunhaiError:
    if len(raw) > ROW_CHARACTERS_MAX:
        limit = ROW_CHARACTERS_MAX
        return YunhaiError(2401, row=number, reason=f"longer than {limit} bytes", reason_zh=f"超過 {limit} 位元組")
    try:
        text = _text(raw)
        return [part.strip(" \t") for part in next(csv.reader([text.rstrip("\r\n")], strict=True), [])]
    except (UnicodeDecodeError, csv.Error) as error:
        why = "neither UTF-8 nor CP950" if isinstance(error, UnicodeDecodeError) else f"not CSV: {error}"
        why_zh = "不是 UTF-8 也不是 CP950" if isinstance(error, UnicodeDecodeError) else f"不是 CSV（{error}）"
        return YunhaiError(2401, row=number, reason=why, reason_zh=why_zh)


def _text(raw: bytes) -> str:
    """A row's text: UTF-8, with or without a byte order mark, or the exchange's own CP950. UnicodeDecodeError."""
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp950")


def _is_header(fields: list[str] | YunhaiError) -> bool:
    return isinstance(fields, list) and [field.lower() for field in fields] in (HEADER, HEADER_ZH)


def _skip_line(stream: BinaryIO) -> None:
    """Read on to the end of a line that is too long to keep."""
    while (part := stream.readline(PIECE)) and not part.endswith(b"\n"):
        pass


class _Found(NamedTuple):
    answer: dict[str, Any]
    exception: list[dict[str, str]]
    note: list[str]


def _limits(pack: RulePack, above: Overlay, day: date, row: int, fields: list[str]) -> _Found:
    if len(fields) != len(HEADER):
        reason = f"{len(fields)} fields where code,kind,reference are wanted"
        raise YunhaiError(2401, row=row, reason=reason, reason_zh=f"有 {len(fields)} 欄，應為代號,種類,參考價")
    code, word, text = fields
    if not CODE.fullmatch(code):
        reason = f"the code is not 1 to {CODE_CHARACTERS_MAX} digits and letters"
        reason_zh = f"代號須為 1 至 {CODE_CHARACTERS_MAX} 個數字或字母"
        raise YunhaiError(2401, row=row, reason=reason, reason_zh=reason_zh)
    kind = kind_of(word, code, name=_fund_name(code, day), overlay=above)
    reference = price_of(text)
    known = above.exceptions.get(code) or _new_listing(pack, kind, code, day)
    free = known is not None and known.rule == NEW_LISTING
    found = daily_limits(pack, kind, reference, multiple=multiple_of(code), unlimited=free)
    answer = {"code": code, "kind": kind.value, "limit_up": _dollars(found.up), "limit_down": _dollars(found.down)}
    exception = [{"code": code, "rule": known.rule, "reason": known.reason}] if known is not None else []
    if is_on_grid(pack, kind, reference):
        return _Found(answer, exception, [])
    size = price_text(tick(pack, kind, reference))
    note = f"row {row} 列 {code}: reference {price_text(reference)} is no multiple of the tick {size}"
    return _Found(answer, exception, [f"{note}, answered as stated 參考價不合升降單位，依所給計算"])


def _new_listing(pack: RulePack, kind: SecurityKind, code: str, day: date) -> LimitException | None:
    """What the code lists and the calendar say of a share's first trading days."""
    listing = instruments(day, pack=pack).get(code) if kind in pack.new_listing.kinds else None
    if listing is None or not listing.no_limit:
        return None
    reason = f"first {pack.new_listing.days} trading days of a new listing: no limits 初次上市無漲跌幅"
    return LimitException(rule=NEW_LISTING, reason=reason)


def _day_notes(day: date) -> list[str]:
    """A weekend is no trading day; other closures are not looked up for this."""
    told = f"{day} is a weekend: no trading, unless the exchange said so 該日為週末，除補行交易外不開市"
    return [told] if day.weekday() >= SATURDAY else []


def _fund_name(code: str, day: date) -> str:
    """A fund's or note's name from the code lists, where it may tell a foreign component; reading them takes a while."""
    known = instruments(day).get(code) if code.startswith("0") else None
    return known.name if known is not None else ""


def _dollars(price: int | None) -> float | None:
    """NT$ as a JSON number: the shortest decimal of the float is the exact price."""
    return None if price is None else float(price_text(price))


def _print_limits(
    answered: list[dict[str, Any]],
    refused: list[dict[str, Any]],
    exceptions: list[dict[str, str]],
    notes: list[str],
) -> None:
    table = _table("code 代號", "kind 種類", "limit-up 漲停", "limit-down 跌停")
    for each in answered:
        up, down = (f"{value:.2f}" if value is not None else "—" for value in (each["limit_up"], each["limit_down"]))
        table.add_row(each["code"], each["kind"], Text(up, style="red"), Text(down, style="green"))
    out = console()
    out.print(table)
    for each in exceptions:
        out.print(f"! {each['code']}: {each['rule']}: {each['reason']}")
    for note in notes:
        out.print(f"! {note}")
    errors = console(stderr=True)
    for each in refused:
        error = each["error"]
        errors.print(f"✗ row {each['row']} 列 {_seen(each['code'])}: {error['code']} {error['name']}")
        errors.print(f"  {error['zh']} {error['en']}")
        errors.print(f"  → {error['remedy_zh']} {error['remedy_en']}")


def _seen(code: str) -> str:
    """A refused row's code for a terminal: printable and short."""
    return "".join(letter if letter.isprintable() else "?" for letter in code[: 2 * CODE_CHARACTERS_MAX])
