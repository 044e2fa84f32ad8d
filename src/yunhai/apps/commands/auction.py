"""`yunhai auction FILE`: uncross the orders of a file."""

import json
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from yunhai.apps.reference_data import pack_named
from yunhai.apps.terminal import console
from yunhai.kernel.money import SCALE, price_text
from yunhai.market.l3.auction_file import AuctionFile, Outcome, auction_config, compare_outcome, read_auction, uncross
from yunhai.market.l3.compare import Score
from yunhai.market.l3.engines import native_engine

SHOWN = 10
JSON_HELP = "Print one JSON object last 最後輸出一個 JSON 物件."
NO_DATE = "the file states no date: whether the pack was in force then is not checked 檔案未寫日期，未核對規則包適用日"


@click.command("auction")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--pack", "pack_name", default="sse-2023", show_default=True, help="Rule pack id or TOML file 規則包.")
@click.option("--json", "as_json", is_flag=True, help=JSON_HELP)
def command(file: Path, pack_name: str, as_json: bool) -> int:
    """Uncross the orders of a JSON FILE 集合競價: price, volume and every pair, from the orders alone.

    Exit code 1 if the file states what is expected and the outcome differs.
    """
    pack = pack_named(pack_name)
    auction = read_auction(file)
    outcome = uncross(auction, auction_config(auction, pack), native_engine(len(auction.orders) + 1))
    score = None if auction.expected is None else compare_outcome(auction.expected, outcome)
    _print(auction, outcome, score, console(stderr=as_json))
    if as_json:
        click.echo(json.dumps(_json(auction, pack.id, outcome, score), ensure_ascii=False))
    return 0 if score is None or score.holds else 1


def _json(auction: AuctionFile, pack: str, outcome: Outcome, score: Score | None) -> dict[str, object]:
    price = outcome.price / SCALE
    return {
        "ok": score is None or score.holds,
        "security": auction.security,
        "date": auction.date.isoformat() if auction.date else "",
        "notes": [] if auction.date else [NO_DATE],
        "pack": pack,
        "orders": sum(not order.cancel for order in auction.orders),
        "cancels": sum(order.cancel for order in auction.orders),
        "price": price if outcome.price else None,
        "volume": outcome.volume,
        "trades": [
            {"bid": bid, "ask": ask, "price": price, "quantity": quantity}
            for bid, ask, _, quantity in outcome.pairs or ()
        ],
        "equals_expected": None if score is None else score.holds,
        "differences": [] if score is None else score.differences,
    }


def _print(auction: AuctionFile, outcome: Outcome, score: Score | None, out: Console) -> None:
    pairs = outcome.pairs or ()
    day = f" {auction.date}" if auction.date else ""
    out.print(f"{auction.security}{day}: {len(auction.orders):,} orders and cancels 委託與取消")
    if auction.date is None:
        out.print(f"! {NO_DATE}")
    if not outcome.price:
        out.print("no price: nothing crosses 無成交")
    else:
        price, volume = price_text(outcome.price), f"{outcome.volume:,}"
        out.print(f"price 成交價 {price} × {volume} shares 股, {len(pairs):,} trades 筆")
        table = Table("", "bid 買方委託", "ask 賣方委託", "quantity 股數")
        for number, (bid, ask, _, quantity) in enumerate(pairs[:SHOWN], start=1):
            table.add_row(str(number), str(bid), str(ask), f"{quantity:,}")
        if len(pairs) > SHOWN:
            table.add_row("…", f"{len(pairs) - SHOWN:,} more 其餘", "all with 全部見 --json", "")
        out.print(table)
    if score is not None:
        verdict = (
            "equals the expected outcome 與預期相同" if score.holds else "DIFFERS from the expected outcome 與預期不同"
        )
        out.print(f"{'✓' if score.holds else '✗'} {verdict}")
        for difference in score.differences:
            out.print(f"  {difference}")
