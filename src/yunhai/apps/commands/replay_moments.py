"""`yunhai replay sources | at | span | export`: any moment of a day, for whoever has the installation's files before them.

No right is asked for here: who can read the journal's folder can read the journal. In the rooms and over the WebSocket the
service matrix decides (`yunhai.apps.cloud.replays`).
"""

import json
from pathlib import Path
from typing import Any

import click

from yunhai.apps.cloud.places import Places
from yunhai.apps.reference_data import pack_named
from yunhai.apps.terminal import console
from yunhai.kernel.errors import YunhaiError
from yunhai.market.replay.catalogue import Catalogue, Offered
from yunhai.market.replay.errors import SPAN_EMPTY
from yunhai.market.replay.export import export as write_export
from yunhai.market.replay.kept import Keeping
from yunhai.market.replay.messages import AskSpan, Link, Open, Seek, Sources, moment_of
from yunhai.market.replay.replay import Replay
from yunhai.market.replay.session import Session
from yunhai.market.replay.source import Source

HOME = click.option("--home", type=click.Path(file_okay=False, path_type=Path), help="YUNHAI_HOME 資料夾.")
JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON object 輸出一個 JSON 物件.")
CODES = click.option("--code", "codes", multiple=True, help="A security, again for more 證券代號，可重複.")
FIRST = click.option("--from", "first", default="", help="Time of day it begins; the source's beginning 起始時間.")
LAST = click.option("--to", "last", default="", help="Time of day it ends; the source's end 結束時間.")


class _Everything:
    """All that the installation has."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def offered(self) -> tuple[Offered, ...]:
        return self._catalogue.offered()

    def open(self, source: str) -> tuple[Source, Keeping]:
        return self._catalogue.open(source)

    def open_own(self, source: str, order: int, account: int) -> tuple[Source, Keeping]:
        return self._catalogue.open(source)

    def orders(self, source: Source, account: int) -> frozenset[int]:
        return frozenset()


def _catalogue(home: Path | None) -> Catalogue:
    places = Places.at(home)
    return Catalogue(places.journal, places.home / "replay", pack_named)


def _say(session: Session, said: Any) -> list[dict[str, Any]]:
    return [json.loads(answer) for answer in session.say(said, 0)]


@click.command("sources")
@HOME
@JSON
def sources(home: Path | None, as_json: bool) -> int:
    """What can be replayed: the journal's days, and files in YUNHAI_HOME/replay 可重播之來源."""
    (answer,) = _say(Session(_Everything(_catalogue(home))), Sources())
    if as_json:
        click.echo(json.dumps(answer, ensure_ascii=False))
        return 0
    for one in answer["sources"]:
        console().print(f"{one['source']:<40} {one['kind']:<8} {'' if one['closed'] else 'running 進行中'}".rstrip())
    return 0


@click.command("at")
@click.argument("source")
@CODES
@click.option("--time", help="Time of day, HH:MM:SS.fff 時刻.")
@click.option("--position", type=int, help="So many events have happened 事件序.")
@click.option("--order", type=int, help="Just after this order's entry 委託編號.")
@click.option("--levels", type=int, default=5, show_default=True, help="Prices shown on each side 檔數.")
@HOME
@JSON
def at(
    source: str,
    codes: tuple[str, ...],
    time: str | None,
    position: int | None,
    order: int | None,
    levels: int,
    home: Path | None,
    as_json: bool,
) -> int:
    """The books, the tape and a link at one moment of SOURCE, which may be a link itself 某一時刻之委託簿與成交."""
    session = Session(_Everything(_catalogue(home)))
    asked = Open(link=source, levels=levels) if "source=" in source else Open(source=source, codes=codes, levels=levels)
    _, state = _say(session, asked)
    if (time, position, order) != (None, None, None):
        (state,) = _say(session, Seek(time=time, position=position, order=order))
    (link,) = _say(session, Link())
    if as_json:
        click.echo(json.dumps(state | {"link": link["link"]}, ensure_ascii=False))
        return 0
    out = console()
    out.print(f"{state['time']}  position 事件序 {state['position']:,}")
    for book in state["books"]:
        out.print(f"{book['code']}  {book['phase']}  last 成交 {book['last'] or '-'}  volume 量 {book['volume']:,}")
        for side, word in (("asks", "ask 賣"), ("bids", "bid 買")):
            levels_told = book.get(side, ())
            for price, shares, orders in levels_told[::-1] if side == "asks" else levels_told:
                out.print(f"  {word} {price or 'market 市價':>12} × {shares:>10,}  ({orders:,})")
    for trade in state["trades"][:5]:
        out.print(f"  {trade['time'][11:23]} {trade['code']} {trade['price']} × {trade['quantity']:,}")
    out.print(link["link"])
    return 0


def _span(source: Source, first: str, last: str) -> tuple[int, int]:
    """Two positions of times of day: everything after `first`, up to and including `last`. SPAN_EMPTY."""
    begin = source.position_at(moment_of(first, source) - 1) if first else 0
    end = source.position_at(moment_of(last, source)) if last else len(source)
    if begin >= end:
        raise YunhaiError(SPAN_EMPTY, first=begin, last=end)
    return begin, end


@click.command("span")
@click.argument("source")
@click.option("--code", "code", required=True, help="The security 證券代號.")
@FIRST
@LAST
@HOME
@JSON
def span(source: str, code: str, first: str, last: str, home: Path | None, as_json: bool) -> int:
    """Best and worst prices, volume and VWAP of a stretch of SOURCE 區間分析."""
    catalogue = _catalogue(home)
    begin, end = _span(catalogue.open(source)[0], first, last)
    session = Session(_Everything(catalogue))
    _say(session, Open(source=source, codes=(code,)))
    (answer,) = _say(session, AskSpan(code=code, first=begin, last=end))
    if as_json:
        click.echo(json.dumps(answer, ensure_ascii=False))
        return 0
    out = console()
    out.print(f"{answer['begins']} – {answer['ends']}")
    for name, word in (("bid", "bid 買"), ("ask", "ask 賣")):
        found = answer[name] or {"best": "-", "worst": "-"}
        out.print(f"{word}: best 最佳 {found['best']}, worst 最差 {found['worst']}")
    out.print(f"trades 成交: {answer['low'] or '-'} – {answer['high'] or '-'}, {answer['trades']:,} 筆")
    out.print(f"volume 量 {answer['volume']:,}, VWAP 均價 {answer['vwap'] or '-'}")
    return 0


@click.command("export")
@click.argument("source")
@click.argument("path", type=click.Path(dir_okay=False, path_type=Path))
@CODES
@FIRST
@LAST
@HOME
@JSON
def export(
    source: str, path: Path, codes: tuple[str, ...], first: str, last: str, home: Path | None, as_json: bool
) -> int:
    """Write a stretch of SOURCE to PATH: CSV, or Parquet if it ends in .parquet 匯出."""
    made, keeping = _catalogue(home).open(source)
    names = codes or tuple(one.name for one in made.listings[:1])
    begin, end = _span(made, first, last)
    count = write_export(
        Replay(made, names, keeping), begin, end, path, "parquet" if path.suffix == ".parquet" else "csv"
    )
    if as_json:
        said = {"source": made.id, "first": begin, "last": end, "events": count, "hash": made.hash_at(end).hex()}
        click.echo(json.dumps(said, ensure_ascii=False))
    else:
        console().print(f"✓ {count:,} events 筆 → {path.name}")
    return 0
