"""`yunhai history`: files into the lake, what is there, proof, bars of a security, screens."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from yunhai.apps.cloud.places import Places
from yunhai.apps.terminal import console
from yunhai.kernel.clock import DAY, date_of, market_time, moment_text, parse_date
from yunhai.kernel.errors import YunhaiError, entry_of
from yunhai.kernel.limits import LAKE_ROWS_READ_MAX
from yunhai.kernel.money import price_text

if TYPE_CHECKING:
    from yunhai.market.importers.following import DaysState
    from yunhai.market.importers.importing import Imported

FAILED_CHECK: Final = 1
SHOWN: Final = 20
_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON object last 最後輸出一個 JSON 物件.")
_HOME = click.option("--home", type=click.Path(file_okay=False, path_type=Path), help="YUNHAI_HOME 資料夾.")
_LAKE = click.option(
    "--lake", type=click.Path(file_okay=False, path_type=Path), help="The lake's folder (else the home's) 資料湖."
)


class _Date(click.ParamType[date]):
    """YYYY-MM-DD or YYYYMMDD."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        try:
            return value if isinstance(value, date) else parse_date(str(value))
        except YunhaiError:
            self.fail("a date is YYYY-MM-DD", param, ctx)


_AS_OF = click.option("--as-of", type=_Date(), help="Only what was known by that day's end 當日終了前已知者.")


@click.group("history")
def command() -> None:
    """History 歷史: import 匯入, list 清單, prove 驗證, bars K 線, screens 選股."""


def _folder(home: Path | None, lake: Path | None) -> Path:
    return lake if lake is not None else Places.at(home).home / "lake"


@contextmanager
def _progress(title: str) -> Iterator[Callable[[int, int | None], None]]:
    """A bar for what takes longer than a moment; nothing where output is no terminal."""
    errors = console(stderr=True)
    columns = (TextColumn(title), BarColumn(), TextColumn("{task.completed:,}"), TimeElapsedColumn())
    with Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _ends(day: date | None) -> int | None:
    """The last moment of a day."""
    return None if day is None else int(market_time(day)) + DAY - 1


@command.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--layout", default="", help="The files' layout, where it is not told apart 檔案格式.")
@click.option("--date", "day", type=_Date(), help="The day of a file that does not say it 檔案日期.")
@click.option("--columns", default="", help="Plain CSV: target=column,… 欄位對應.")
@click.option("--table", default="bars-1d", show_default=True, help="Plain CSV: the table it fills 資料表.")
@click.option("--code", default="", help="Plain CSV of one security: its code 證券代號.")
@_HOME
@_LAKE
@_JSON
def import_(
    files: tuple[Path, ...],
    layout: str,
    day: date | None,
    columns: str,
    table: str,
    code: str,
    home: Path | None,
    lake: Path | None,
    as_json: bool,
) -> None:
    """Import FILES, or the closed days of a journal's folder 匯入檔案或日誌.

    Every row that is left out or marked is named in a report in the lake.
    剔除或加註的每一列皆列於報告。

    The same file again changes nothing.
    重複匯入不會改變資料。
    """
    from yunhai.apps.reference_data import trading_calendar
    from yunhai.market.importers.importing import import_file, layout_named
    from yunhai.market.importers.mapping import mapped
    from yunhai.market.importers.own_journal import import_journal

    place = _folder(home, lake)
    if columns and layout:
        raise click.UsageError("--columns and --layout exclude each other")
    chosen, options = (
        (layout_named(layout), "") if layout else mapped(table, columns, code=code) if columns else (None, "")
    )
    out = console(stderr=as_json)
    answers: list[dict[str, Any]] = []
    for path in files:
        begun = time.perf_counter()
        if path.is_dir():
            for journal_day, imported in import_journal(place, path, now_ns=time.time_ns()):
                if imported is None:
                    out.print(f"– {journal_day.date}: not closed yet, passed over 尚未收市，略過")
                    continue
                answers.append(_told(out.print, f"{path.name} {journal_day.date}", place, imported, begun))
            continue
        with _progress(path.name) as tell:
            imported = import_file(
                place,
                path,
                now_ns=time.time_ns(),
                calendar=trading_calendar,
                layout=chosen,
                options=options,
                day=day,
                progress=lambda rows: tell(rows, None),
            )
        answers.append(_told(out.print, path.name, place, imported, begun))
    if as_json:
        click.echo(json.dumps({"lake": str(place), "imports": answers}, ensure_ascii=False))


def _told(say: Callable[[str], None], name: str, lake: Path, imported: "Imported", begun: float) -> dict[str, Any]:
    """Tell what an import came to; the same as JSON."""
    seconds = round(time.perf_counter() - begun, 3)
    first = imported.imports[0]
    stored = {made.table: made.rows for made in imported.imports}
    again = " (imported before, nothing changed 先前已匯入)" if imported.again else ""
    listed = ", ".join(f"{table} {rows:,}" for table, rows in stored.items())
    say(f"✓ {name}: {first.importer}; rows 列 {imported.read:,}; stored 存入 {listed}; {seconds:.1f} s 秒{again}")
    for reason, count in imported.reasons.items():
        entry = entry_of(reason)
        say(f"    {reason} {entry.name} {count:,}  {entry.zh} {entry.en}")
    if imported.reasons:
        say(f"    report 報告 {lake / first.report}")
    return {
        "source": first.source,
        "sha256": first.source_sha256,
        "importer": first.importer,
        "again": imported.again,
        "read": imported.read,
        "stored": stored,
        "reasons": [
            {"code": reason, "name": entry_of(reason).name, "rows": count} for reason, count in imported.reasons.items()
        ],
        "report": str(lake / first.report),
        "seconds": seconds,
    }


@command.command("list")
@_HOME
@_LAKE
@_JSON
def list_(home: Path | None, lake: Path | None, as_json: bool) -> None:
    """What the lake holds and where it came from 資料湖內容與來源."""
    from yunhai.market.importers.following import load_state
    from yunhai.market.lake.manifest import load
    from yunhai.market.lake.tables import TABLES

    place = _folder(home, lake)
    state = load_state(place)  # before the manifest: a day that it calls imported is there
    manifest = load(place)
    out = console(stderr=as_json)
    tables = []
    for name, table in TABLES.items():
        files = manifest.of(name)
        if not files:
            continue
        first = date_of(min(file.first_ns for file in files)).isoformat()
        last = date_of(max(file.last_ns for file in files)).isoformat()
        rows, size = sum(file.rows for file in files), sum(file.bytes for file in files)
        tables.append({"table": name, "rows": rows, "files": len(files), "bytes": size, "first": first, "last": last})
        out.print(
            f"{name:<9} {table.zh} {table.en}: rows 列 {rows:,}; {first} … {last}; files 檔 {len(files)}; {size / 1e6:.1f} MB"
        )
    for made in manifest.imports:
        out.print(
            f"#{made.number} {made.source} → {made.table} {made.rows:,} ({made.importer}) {moment_text(made.at_ns)[:16]}"
        )
    if not tables:
        out.print("the lake is empty 資料湖是空的")
    days = _days_told(state, out.print)
    if as_json:
        imports = [
            {"number": made.number, "source": made.source, "sha256": made.source_sha256, "importer": made.importer,
             "version": made.version, "table": made.table, "rows": made.rows, "reasons": made.reasons}
            for made in manifest.imports
        ]  # fmt: skip
        answer = {"lake": str(place), "tables": tables, "imports": imports, "journal": days}
        click.echo(json.dumps(answer, ensure_ascii=False))


def _days_told(state: "DaysState", say: Callable[[str], None]) -> dict[str, Any] | None:
    """Tell how far the cloud's own market days are in the lake; the same as JSON, None if none was followed."""
    if not state.journal:
        return None
    name = state.journal[:16]
    if state.imported:
        say(f"journal 日誌 {name}: newest day in the lake 最新入湖日 {state.imported}; trades 成交 {state.trades:,}")
    if state.failed:
        say(f"journal 日誌 {name}: a closed day waits 收市日待匯入: {state.failed}")
    elif state.running:
        say(f"journal 日誌 {name}: {state.running} is running, imported at its close 進行中，收市後匯入")
    kept = {key: getattr(state, key) for key in ("imported", "running", "failed", "trades")}
    return {"journal": name, **kept, "at": moment_text(state.at_ns)}


@command.command("verify")
@click.option("--compact", is_flag=True, help="Then join each partition's files 驗證後合併檔案.")
@_HOME
@_LAKE
@_JSON
def verify_(compact: bool, home: Path | None, lake: Path | None, as_json: bool) -> int:
    """Hold every file of the lake against the manifest 驗證資料湖.

    Exit code 1 if a file is missing or has another hash.
    缺檔或雜湊不符時離開碼為 1。
    """
    from yunhai.market.lake import checking
    from yunhai.market.lake.errors import LAKE_BUSY
    from yunhai.market.lake.writing import recover

    place = _folder(home, lake)
    out = console(stderr=as_json)
    try:
        cleared = recover(place)
    except YunhaiError as problem:
        if problem.code != LAKE_BUSY:
            raise
        cleared = 0
    if cleared:
        out.print(f"– files of a write that was cut short, taken away 已清除中斷寫入之檔案: {cleared}")
    with _progress("verify 驗證") as tell:
        verdict = checking.verify(place, tell)
    for finding in verdict.findings:
        entry = entry_of(finding.code)
        out.print(f"✗ {finding.code} {entry.name} {finding.path}")
    for path in verdict.strangers:
        out.print(f"– not in the manifest, no part of the lake 不在目錄檔內: {path}")
    for path in verdict.unfinished:
        out.print(f"– of a write that is under way 寫入進行中: {path}")
    answer = asdict(verdict) | {"right": verdict.right, "cleared": cleared}
    if verdict.right and compact:
        with _progress("compact 合併") as tell:
            before, after = checking.compact(place, now_ns=time.time_ns(), progress=tell)
        out.print(f"✓ files 檔 {before} → {after}")
        answer |= {"files_before": before, "files_after": after}
    mark = "✓ the lake is as its manifest says 相符" if verdict.right else "✗ DIFFERENCES 不符"
    out.print(f"{mark}; files 檔 {verdict.files}; rows 列 {verdict.rows:,}; {verdict.bytes / 1e6:.1f} MB")
    if as_json:
        click.echo(json.dumps(answer, ensure_ascii=False))
    return 0 if verdict.right else FAILED_CHECK


@command.command("bars")
@click.argument("code")
@click.option("--span", default="1d", show_default=True, help="1s 5s 15s 30s 1m 5m 15m 30m 60m 1d 1w 1mo 週期.")
@click.option("--from", "first", type=_Date(), help="First day 起日.")
@click.option("--to", "last", type=_Date(), help="Last day 迄日.")
@click.option("--adjust", default="raw", show_default=True, help="raw backward forward 還原方式.")
@click.option("--segment", default="board", show_default=True, help="board, odd_lot, futures … 交易別.")
@click.option(
    "--limit",
    type=click.IntRange(1, LAKE_ROWS_READ_MAX),
    default=SHOWN,
    show_default=True,
    help="The newest so many 最新筆數.",
)
@_AS_OF
@_HOME
@_LAKE
@_JSON
def bars_(
    code: str,
    span: str,
    first: date | None,
    last: date | None,
    adjust: str,
    segment: str,
    limit: int,
    as_of: date | None,
    home: Path | None,
    lake: Path | None,
    as_json: bool,
) -> None:
    """A security's bars 個股 K 線. In JSON prices and values are NT$ as text."""
    from yunhai.market.bars import span_named
    from yunhai.market.lake.reading import Lake

    with Lake(_folder(home, lake)) as opened:
        rows = opened.bars(
            code,
            span,
            first_ns=None if first is None else int(market_time(first)),
            last_ns=_ends(last),
            as_of=_ends(as_of),
            segment=segment,
            adjust=adjust,  # type: ignore[arg-type]  # the lake refuses another word
            newest=limit,
        )
    out = console(stderr=as_json)
    intraday = span_named(span).ns > 0
    shown = [
        {
            "start": moment_text(int(row["start_ns"])) if intraday else date_of(int(row["start_ns"])).isoformat(),
            **{name: price_text(int(row[name])) for name in ("open", "high", "low", "close", "value")},
            "volume": int(row["volume"]),
            "trades": int(row["trades"]),
        }
        for row in rows
    ]
    out.print(f"{code} {span} {adjust}: bars 根 {len(rows):,}")
    for row in shown if not as_json else []:
        out.print(
            f"{row['start']:<19}  O {row['open']:>10}  H {row['high']:>10}  L {row['low']:>10}  C {row['close']:>10}"
            f"  V {row['volume']:>13,}"
        )
    if as_json:
        click.echo(json.dumps({"code": code, "span": span, "adjust": adjust, "bars": shown}, ensure_ascii=False))


@command.command("screen")
@click.argument("conditions")
@click.option("--on", type=_Date(), help="At this session (else the newest) 選股日.")
@click.option("--explain", default="", help="Also tell why these codes are in or out, comma between 說明個股.")
@_AS_OF
@_HOME
@_LAKE
@_JSON
def screen_(
    conditions: str,
    on: date | None,
    explain: str,
    as_of: date | None,
    home: Path | None,
    lake: Path | None,
    as_json: bool,
) -> None:
    """All stocks on CONDITIONS 選股, such as "close > 50 and kd.k > kd.d and revenue_growth > 20".

    Why each stock is in is told with it 逐檔說明理由; the words are in docs/guides/history.md.
    """
    from yunhai.market.lake.reading import Lake
    from yunhai.market.screener import parse, screen

    begun = time.perf_counter()
    wanted = tuple(code.strip() for code in explain.split(",") if code.strip())
    with Lake(_folder(home, lake)) as opened:
        found = screen(
            opened,
            parse(conditions),
            session=None if on is None else int(market_time(on)),
            as_of=_ends(as_of),
            explain=wanted,
        )
    seconds = round(time.perf_counter() - begun, 3)
    out = console(stderr=as_json)
    held = [
        match for match in found.matches if match.code not in wanted or all(reason.holds for reason in match.reasons)
    ]
    out.print(
        f"{date_of(found.session)}: {len(held)} of 檔／ {found.stocks:,}; daily rows 日線列數 {found.rows:,}; {seconds:.2f} s 秒"
    )
    for match in found.matches if not as_json else ():
        told = "; ".join(
            f"{'' if reason.holds else '✗ '}{reason.condition} [{', '.join(f'{value:,.4g}' for _, value in reason.values)}]"
            for reason in match.reasons
        )
        out.print(f"{match.code:<7} {told}")
    if as_json:
        click.echo(
            json.dumps(
                {
                    "session": date_of(found.session).isoformat(),
                    "stocks": found.stocks,
                    "absent": found.absent,
                    "rows": found.rows,
                    "seconds": seconds,
                    "matches": [
                        {
                            "code": match.code,
                            "reasons": [
                                {"condition": reason.condition, "holds": reason.holds, "values": _values(reason.values)}
                                for reason in match.reasons
                            ],
                        }
                        for match in found.matches
                    ],
                },
                ensure_ascii=False,
            )
        )


def _values(pairs: tuple[tuple[str, float], ...]) -> dict[str, float | None]:
    """JSON has no NaN: what is not known is null."""
    return {name: None if value != value else value for name, value in pairs}
