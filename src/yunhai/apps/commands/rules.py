"""`yunhai rules`: show a rule pack, tell two apart, check a file, compute a day's limits."""

import csv
import json
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, BinaryIO, Final

import click
from rich.console import Console
from rich.table import Table

from yunhai.apps.reference_data import instruments, overlay, pack_file, pack_ids, pack_named, rule_pack
from yunhai.exchange.instruments import Overlay, kind_of, multiple_of
from yunhai.exchange.rules.describe import differences, label, lines, on_day, plain
from yunhai.exchange.rules.pack import RulePack
from yunhai.exchange.rules.prices import daily_limits
from yunhai.kernel.clock import parse_date
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import ROW_CHARACTERS_MAX, ROWS_MAX
from yunhai.kernel.money import price_of, price_text

REFUSED = 2
PIECE: Final = 1 << 16
"""How much of an over-long line is read at once."""
HEADER = ["code", "kind", "reference"]


@click.group("rules")
def command() -> None:
    """Rule packs: show, diff, check, limits 規則包."""


def _day(_context: click.Context, _parameter: click.Parameter, text: str | None) -> date | None:
    return None if text is None else parse_date(text)


def _print_json(answer: dict[str, Any]) -> None:
    click.echo(json.dumps(answer, ensure_ascii=False))


def _require_in_force(pack: RulePack, day: date) -> None:
    if not pack.in_force(day):
        to = pack.effective_to.isoformat() if pack.effective_to else "…"
        raise YunhaiError(2011, pack=pack.id, date=day.isoformat(), from_=pack.effective_from.isoformat(), to=to)


def _table(*titles: str) -> Table:
    """A table that wraps a narrow terminal's cells instead of cutting them."""
    table = Table()
    for title in titles:
        table.add_column(title, overflow="fold")
    return table


@command.command("show")
@click.option("--pack", "name", help="Rule pack id or TOML file 規則包; without it, list them.")
@click.option("--date", "day", callback=_day, help="Only what is in force on this day 日期.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object last.")
def show(name: str | None, day: date | None, as_json: bool) -> None:
    """Show a rule pack, every field of it, or list the packs 顯示規則包."""
    if name is None:
        _list_packs(as_json=as_json)
        return
    pack = pack_named(name)
    values = plain(pack)
    if day is not None:
        _require_in_force(pack, day)
        values = on_day(values, day)
    if as_json:
        _print_json({"pack": values} | ({"date": day.isoformat()} if day else {}))
        return
    console = Console()
    console.print(f"[bold]{pack.id}[/] {pack.version}  {pack.name_zh}  {pack.name_en}", highlight=False)
    table = _table("field 欄位", "term 名稱", "value 值")
    for path, text in lines(values):
        table.add_row(".".join(path), label(path), text)
    console.print(table)


def _list_packs(*, as_json: bool) -> None:
    packs = [rule_pack(name) for name in pack_ids()]
    if as_json:
        keys = ("id", "version", "name_zh", "name_en", "effective_from", "effective_to", "based_on")
        rows = [{key: values.get(key) for key in keys} for values in map(plain, packs)]
        _print_json({"packs": rows})
        return
    table = Table("pack 規則包", "version 版本", "from 生效", "to 失效", "name 名稱")
    for pack in packs:
        to = pack.effective_to.isoformat() if pack.effective_to else "—"
        table.add_row(pack.id, pack.version, pack.effective_from.isoformat(), to, f"{pack.name_zh} {pack.name_en}")
    Console().print(table)


@command.command("diff")
@click.argument("first")
@click.argument("second")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object last.")
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
    console = Console()
    console.print(table)
    console.print(f"{len(found)} differences 處不同")


@command.command("check")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object last.")
def check(file: Path, as_json: bool) -> None:
    """Check a rule pack FILE; a bad one is refused with line and reason 檢查規則檔."""
    pack = pack_file(file)
    if as_json:
        _print_json({"ok": True, "pack": pack.id, "version": pack.version})
        return
    Console().print(f"✓ {file}: {pack.id} {pack.version} is sound 規則檔正確", highlight=False)


@command.command("limits")
@click.option("--pack", "name", default="twse-2026", show_default=True, help="Rule pack id or TOML file 規則包.")
@click.option("--date", "day", callback=_day, required=True, help="The trading day 交易日.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object last.")
def limits(name: str, day: date, as_json: bool) -> int:
    """Daily limits of `code,kind,reference` rows on standard input 漲跌停價.

    The kind may be empty (told from the code), a family (etf, etn, warrant) or a kind of the pack. Good rows are
    answered; a bad one is refused by its row and reason, and then the exit code is 2.
    """
    pack = pack_named(name)
    _require_in_force(pack, day)
    above = overlay(day)
    answered: list[dict[str, Any]] = []
    refused: list[dict[str, Any]] = []
    for row, fields in _rows():
        if isinstance(fields, YunhaiError):
            refused.append({"row": row, "code": "", "error": fields.as_json()})
            continue
        try:
            answered.append(_limits(pack, above, day, row, fields))
        except YunhaiError as error:
            refused.append({"row": row, "code": fields[0], "error": error.as_json()})
    exceptions = [
        {"code": each["code"], "rule": known.rule, "reason": known.reason}
        for each in answered
        if (known := above.exceptions.get(each["code"])) is not None
    ]
    if as_json:
        _print_json(
            {
                "pack": pack.id,
                "date": day.isoformat(),
                "limits": answered,
                "refused": refused,
                "exceptions": exceptions,
            }
        )
    else:
        _print_limits(answered, refused, exceptions)
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
        if fields and not (number == 1 and fields == HEADER):
            yield number, fields


def _fields(number: int, raw: bytes) -> list[str] | YunhaiError:
    if len(raw) > ROW_CHARACTERS_MAX:
        limit = ROW_CHARACTERS_MAX
        return YunhaiError(2401, row=number, reason=f"longer than {limit} bytes", reason_zh=f"超過 {limit} 位元組")
    try:
        text = raw.decode("utf-8-sig" if number == 1 else "utf-8")
        return [part.strip(" \t") for part in next(csv.reader([text.rstrip("\r\n")], strict=True), [])]
    except (UnicodeDecodeError, csv.Error) as error:
        return YunhaiError(2401, row=number, reason=f"not UTF-8 CSV: {error}", reason_zh=f"不是 UTF-8 CSV：{error}")


def _skip_line(stream: BinaryIO) -> None:
    """Read on to the end of a line that is too long to keep."""
    while (part := stream.readline(PIECE)) and not part.endswith(b"\n"):
        pass


def _limits(pack: RulePack, above: Overlay, day: date, row: int, fields: list[str]) -> dict[str, Any]:
    if len(fields) != len(HEADER):
        raise YunhaiError(2401, row=row, reason=f"{len(fields)} fields where code,kind,reference are wanted")
    code, word, reference = fields
    kind = kind_of(word, code, name=_fund_name(code, day), overlay=above)
    found = daily_limits(pack, kind, price_of(reference), multiple=multiple_of(code))
    return {
        "code": code,
        "kind": kind.value,
        "limit_up": _dollars(found.up),
        "limit_down": _dollars(found.down),
    }


def _fund_name(code: str, day: date) -> str:
    """A fund's or note's name from the code lists, where it may tell a foreign component; reading them takes a while."""
    known = instruments(day).get(code) if code.startswith("0") else None
    return known.name if known is not None else ""


def _dollars(price: int | None) -> float | None:
    """NT$ as a JSON number: the shortest decimal of the float is the exact price."""
    return None if price is None else float(price_text(price))


def _print_limits(
    answered: list[dict[str, Any]], refused: list[dict[str, Any]], exceptions: list[dict[str, Any]]
) -> None:
    table = Table("code 代號", "kind 種類", "limit-up 漲停", "limit-down 跌停")
    for each in answered:
        up, down = (f"{value:.2f}" if value is not None else "—" for value in (each["limit_up"], each["limit_down"]))
        table.add_row(each["code"], each["kind"], f"[red]{up}[/]", f"[green]{down}[/]")
    console = Console()
    console.print(table)
    for each in exceptions:
        console.print(f"! {each['code']}: {each['rule']}: {each['reason']}", highlight=False)
    errors = Console(stderr=True)
    for each in refused:
        error = each["error"]
        errors.print(f"✗ row {each['row']} {each['code']}: {error['zh']} {error['en']}", highlight=False)
