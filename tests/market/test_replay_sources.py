"""Where a replay's events come from: a file of trades, published order flow, the days of a journal."""

import fcntl
import gzip
import io
import threading
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from tests.market.disk import full_after
from tests.market.replay_scene import price
from tests.replay.small_feed import morning
from tests.trading.scene import LISTED, OPENED, PACK_BYTES, PACK_HASH, day_plan
from yunhai.apps.reference_data import pack_named
from yunhai.exchange.venue import Venue, commands
from yunhai.journal import Writer, fact_of
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.records import Kind, OrderType, Side
from yunhai.market.l3.feed import read_feed
from yunhai.market.replay.catalogue import Catalogue
from yunhai.market.replay.events import public_events
from yunhai.market.replay.journal_days import JournalDays
from yunhai.market.replay.messages import moment_of, moment_text, trade_told
from yunhai.market.replay.own import own_orders
from yunhai.market.replay.published import published_source
from yunhai.market.replay.replay import Replay
from yunhai.market.replay.source import Source
from yunhai.market.replay.trade_file import trade_source
from yunhai.native import _book
from yunhai.trading import facts
from yunhai.trading.facts import DayStep, Decided, PackPublished

HEADING = "成交日期,商品代號,到期月份(週別),成交時間,成交價格,成交數量(B+S),近月價格,遠月價格,開盤集合競價 "
ROWS = (
    "20210723,TX     ,202108     ,150000,17409,68,-,-,*",
    "20210726,TX     ,202108     ,084500,17420.5,4,-,-, ",
    "20210723,TX     ,202109     ,150001,17390,2,-,-, ",
    "20210723,MTX    ,202108     ,150002,17400,2,-,-, ",
    "20210723,TX     ,202108/202109,150001,-19,20,17409,17390, ",
)


def written(path: Path, rows: tuple[str, ...] = ROWS, heading: str = HEADING, encoding: str = "utf-8") -> Path:
    data = "\r\n".join((heading, *rows, "")).encode(encoding)
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(data))
    elif path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as packed:
            packed.writestr("Daily.csv", data)
    else:
        path.write_bytes(data)
    return path


# -- a file of trades ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "encoding"), [("a.csv", "cp950"), ("a.csv.gz", "utf-8"), ("a.zip", "cp950")])
def test_a_file_of_trades(tmp_path: Path, name: str, encoding: str) -> None:
    source = trade_source("trades/TX/2021-07-26", written(tmp_path / name, encoding=encoding), "TX")
    assert (source.day, source.has_book) == (date(2021, 7, 26), False)
    names = [one.name for one in source.listings]
    assert names == ["TX202108", "TX202109", "TX202108/202109"]
    replay = Replay(source, names)
    replay.seek(replay.end)
    tape = [(one.name, one.price, one.quantity, one.auction) for one in replay.tape()]
    assert tape == [
        ("TX202108", price(17420.5), 2, False),
        ("TX202108/202109", price(-19), 10, False),
        ("TX202109", price(17390), 1, False),
        ("TX202108", price(17409), 34, True),
    ]
    replay.seek_time(source.time_of(1))
    assert (replay.position, replay.figures("TX202108").volume) == (1, 34)
    assert [[moment_text(at, source.offset)[5:19] for at in both] for both in source.stretches] == [
        ["07-23T15:00:00", "07-23T15:00:01"],
        ["07-26T08:45:00", "07-26T08:45:00"],
    ]
    assert source.cut(1).stretches == ((source.time_of(1), source.time_of(1)),)
    assert source.cut(0).stretches == ()


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("15:00:30", "2021-07-23T15:00:30"),  # the night session, of the evening before the weekend
        ("02:00", "2021-07-24T02:00:00"),
        ("08:45:10", "2021-07-26T08:45:10"),
        ("13:00", "2021-07-26T13:00:00"),
        ("14:59", "2021-07-26T14:59:00"),  # after its end rather than before its beginning
        ("2021-07-25T09:00", "2021-07-25T09:00:00"),
    ],
)
def test_a_time_of_day_is_of_the_date_on_which_trading_goes_on(tmp_path: Path, text: str, moment: str) -> None:
    source = trade_source("trades/TX/2021-07-26", written(tmp_path / "a.csv"), "TX")
    assert moment_text(moment_of(text, source), source.offset)[:19] == moment
    assert moment_text(moment_of("09:00", source.cut(0)), source.offset)[:19] == "2021-07-26T09:00:00"


def test_a_spread_that_trades_at_nothing_has_a_price(tmp_path: Path) -> None:
    source = trade_source(
        "trades/TX/a", written(tmp_path / "a.csv", ("20210723,TX,202108/202109,150001,0,20,-,-, ",)), "TX"
    )
    replay = Replay(source, ["TX202108/202109"])
    replay.seek(1)
    assert trade_told(replay.tape()[0], source.offset)["price"] == "0.00"


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("20210732,TX,202108,150000,17409,68,-,-,*", "no date"),
        ("20210723,TX,2021?8,150000,17409,68,-,-,*", "no contract"),
        ("20210723,TX,202108,240000,17409,68,-,-,*", "no time of day"),
        ("20210723,TX,202108,15000,17409,68,-,-,*", "no time of day"),
        ("20210723,TX,202108,150000,17409.00001,68,-,-,*", "no price"),
        ("20210723,TX,202108,150000,nan,68,-,-,*", "no price"),
        ("20210723,TX,202108,150000,999999999,68,-,-,*", "no price"),
        ("20210723,TX,202108,150000,17409,67,-,-,*", "no quantity"),
        ("20210723,TX,202108,150000,17409,0,-,-,*", "no quantity"),
        ("20210723,TX,202108", "3 fields"),
    ],
)
def test_a_bad_row_of_trades_is_named(tmp_path: Path, row: str, reason: str) -> None:
    path = written(tmp_path / "a.csv", (*ROWS, row))
    with pytest.raises(YunhaiError) as refused:
        trade_source("trades/TX/a", path, "TX")
    assert (refused.value.code, refused.value.details["row"]) == (7489, len(ROWS) + 2)
    assert reason in str(refused.value)


def test_files_that_hold_no_trades(tmp_path: Path) -> None:
    broken = tmp_path / "a.csv.gz"
    broken.write_bytes(b"\x1f\x8b rubbish")
    for path, product, code in (
        (broken, "TX", 7481),
        (tmp_path / "none.csv", "TX", 7481),
        (written(tmp_path / "b.csv"), "TE", 7481),
        (written(tmp_path / "c.csv", heading="a,b"), "TX", 7489),
    ):
        with pytest.raises(YunhaiError) as refused:
            trade_source("trades/x/y", path, product)
        assert refused.value.code == code


def zipped(content: str, method: int = zipfile.ZIP_STORED) -> bytearray:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as packed:
        packed.writestr("Daily.csv", content)
    return bytearray(made.getvalue())


def locked(data: bytearray) -> bytearray:
    """The same, said to want a password."""
    data[6] |= 1
    data[data.find(b"PK\x01\x02") + 8] |= 1
    return data


def damaged(data: bytearray) -> bytearray:
    data[60:90] = bytes(byte ^ 0xFF for byte in data[60:90])
    return data


_WHOLE = "\r\n".join((HEADING, *ROWS, ""))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", f'{HEADING}\r\n"{"9" * 200_000}'.encode()),
        ("a.csv", f"{HEADING}\r\n{ROWS[0]}\r{ROWS[0]}\r\n".encode()),
        ("a.csv", bytes(range(256)) * 20),
        ("a.zip", bytes(locked(zipped(_WHOLE)))),
        ("a.zip", bytes(damaged(zipped(_WHOLE * 50, zipfile.ZIP_LZMA)))),
    ],
    ids=["a-field-without-end", "a-lone-return", "no-text", "a-password", "damaged"],
)
def test_strange_bytes_are_no_trades(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(YunhaiError) as refused:
        trade_source("trades/x/y", path, "TX")
    assert refused.value.code == 7481


def test_blank_lines_of_a_trade_file_say_nothing(tmp_path: Path) -> None:
    source = trade_source("trades/TX/a", written(tmp_path / "a.csv", (*ROWS, "", "")), "TX")
    assert len(source) == len(trade_source("trades/TX/b", written(tmp_path / "b.csv"), "TX"))


# -- published order flow ------------------------------------------------------------------------------------------------


def test_published_orders_keep_their_exchanges_numbers(tmp_path: Path) -> None:
    feed = read_feed(morning().write(tmp_path / "morning"))
    source = published_source("l3/sse-2023/1/2023-02-07", date(2023, 2, 7), pack_named("sse-2023"), [("600519", feed)])
    replay = Replay(source, ["600519"])
    replay.seek(replay.end)
    assert [(one.buyer, one.seller, one.price, one.quantity) for one in reversed(replay.tape())] == [
        (one.buy, one.sell, one.price, one.quantity) for one in feed.trades
    ]
    last = feed.snapshots[-1]
    bids, asks = replay.depth("600519", feed.levels)
    assert tuple((at, shares) for at, shares, _ in bids) == last.bids
    assert tuple((at, shares) for at, shares, _ in asks) == last.asks
    zh, en = source.notes.lines[0]
    assert f"{len(feed.trades)} of {len(feed.trades)} trades" in en
    assert "成交" in zh
    assert own_orders(replay, {feed.orders[0].number})[0].quantity == feed.orders[0].quantity


def test_two_securities_of_one_day_are_merged_by_time(tmp_path: Path) -> None:
    feed = read_feed(morning().write(tmp_path / "morning"))
    later = replace(
        feed,
        orders=tuple(replace(one, time=one.time + 10**9) for one in feed.orders),
        trades=tuple(replace(one, time=one.time + 10**9) for one in feed.trades if one.taker is not None),
    )
    pack = pack_named("sse-2023")
    source = published_source("l3/sse-2023/2/2023-02-07", date(2023, 2, 7), pack, [("A", feed), ("B", later)])
    both = Replay(source, ["A", "B"])
    both.seek(both.end)
    for code, one in (("A", feed), ("B", later)):
        alone = published_source("l3/sse-2023/x/2023-02-07", date(2023, 2, 7), pack, [(code, one)])
        replay = Replay(alone, [code])
        replay.seek(replay.end)
        assert replay.book(code).keep() == both.book(code).keep()


# -- the journal ---------------------------------------------------------------------------------------------------------


class SmallJournal:
    """A journal with a day of the small market: facts, instructions' heads, the venue's events with their fills."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.writer = Writer(folder)
        self.made: list[bytes] = []
        self.order = 0

    def tell(self, fact: Decided) -> None:
        self.writer.submit_fact(fact_of(fact, number=facts.NUMBERS[type(fact)]))

    def opened(self) -> None:
        self.tell(PackPublished(pack="twse-2026", sha256=PACK_HASH, toml=PACK_BYTES))
        self.tell(OPENED)
        engine = _book.Engine(order_capacity=1_000, first_order_id=1, id_capacity=10_000)
        self.venue = Venue(day_plan(), engine=engine, sink=self._take)

    def _take(self, events: np.ndarray) -> None:
        self.made.append(events.tobytes())
        self.writer.submit(events.copy())

    def trade_on(self, clock: str, count: int) -> None:
        """So many orders from a time of day on, 2330 and 0050 in turn, by two brokers."""
        hour, minute = map(int, clock.split(":"))
        start = self.venue.plan.at((hour * 60 + minute) * 60 * 10**9)
        orders = commands(count)
        for place in range(count):
            self.order += 1
            code, reference = (("2330", 1_000_000), ("0050", 600_000))[place % 2]
            one = orders[place]
            one["kind"], one["order_type"] = Kind.NEW, OrderType.LIMIT
            one["time"], one["order_id"] = start + place * 10**9, self.order
            one["book"], one["tenant"], one["account"] = self.venue.book(code), 7 + place % 2, 70
            one["side"] = Side.BUY if place % 4 < 2 else Side.SELL
            one["price"] = reference if place % 5 else reference + 123  # every fifth off the tick: refused
            one["quantity"] = 1_000 * (1 + place % 3)
        self.venue.process(orders)
        self.writer.commit()
        self.writer.wait(self.writer.submit_fact(fact_of({"n": self.order}, number=200)))

    def expected(self) -> bytes:
        whole = np.frombuffer(b"".join(self.made), np.dtype(("V", 64)))
        from yunhai.kernel.records import RECORD

        return public_events(whole.view(RECORD)).tobytes()


@pytest.fixture
def journal(tmp_path: Path):
    made = SmallJournal(tmp_path / "journal")
    yield made
    made.writer.close()


def closing(source: Source) -> dict[str, tuple[int, int]]:
    replay = Replay(source, ["2330", "0050"])
    replay.seek(replay.end)
    return {name: (replay.book(name).last, replay.book(name).volume) for name in ("2330", "0050")}


def test_a_day_of_the_journal_as_it_grows(journal: SmallJournal, tmp_path: Path) -> None:
    days = JournalDays(journal.folder, tmp_path / "replay")
    assert days.days() == ()
    journal.opened()
    journal.trade_on("09:05", 30)
    morning_source = days.source("2026-08-21")
    assert morning_source.events.tobytes() == journal.expected()
    assert {one.code for one in morning_source.listings} == {one.code for one in LISTED}
    before = morning_source.hash_at(len(morning_source))
    journal.trade_on("10:00", 50)
    grown = days.source("2026-08-21")
    assert grown.events.tobytes() == journal.expected()
    assert len(grown) > len(morning_source)
    assert grown.hash_at(len(morning_source)) == before
    tally = {code: journal.venue.tally(code) for code in ("2330", "0050")}
    assert closing(grown) == {code: (one.last, one.volume) for code, one in tally.items()}
    assert all(one.volume for one in tally.values())
    assert len(morning_source) == len(morning_source.events)  # what was opened stays as it was


def test_another_process_goes_on_where_the_first_left_off(journal: SmallJournal, tmp_path: Path) -> None:
    folder = tmp_path / "replay"
    one = JournalDays(journal.folder, folder)
    journal.opened()
    journal.trade_on("09:05", 30)
    one.source("2026-08-21")
    journal.trade_on("10:00", 30)
    other = JournalDays(journal.folder, folder)
    assert other.source("2026-08-21").events.tobytes() == journal.expected()
    journal.trade_on("11:00", 30)
    for days in (one, other, JournalDays(journal.folder, tmp_path / "fresh")):
        assert days.source("2026-08-21").events.tobytes() == journal.expected()
    journal.venue.finish()
    journal.tell(DayStep(date="2026-08-21", step="closed"))
    journal.writer.wait(journal.writer.submit_fact(fact_of({"n": 0}, number=200)))
    (entry,) = other.days()
    assert (entry.date, entry.closed) == ("2026-08-21", True)
    assert entry.events * 64 == len(journal.expected())


@pytest.mark.parametrize("damage", ["cut", "longer", "index", "gone"])
def test_files_that_are_not_what_the_index_says_are_made_again(
    journal: SmallJournal, tmp_path: Path, damage: str
) -> None:
    folder = tmp_path / "replay"
    journal.opened()
    journal.trade_on("09:05", 30)
    JournalDays(journal.folder, folder).source("2026-08-21")
    path = folder / "2026-08-21.events"
    match damage:
        case "cut":
            path.write_bytes(path.read_bytes()[:-64])
        case "longer":  # a process died between the file and the index
            path.write_bytes(path.read_bytes() + bytes(640))
        case "index":
            (folder / "index.json").write_text("{")
        case "gone":
            path.unlink()
    journal.trade_on("10:00", 30)
    assert JournalDays(journal.folder, folder).source("2026-08-21").events.tobytes() == journal.expected()


def test_another_journal_in_its_place_is_read_from_its_beginning(journal: SmallJournal, tmp_path: Path) -> None:
    folder = tmp_path / "replay"
    journal.opened()
    journal.trade_on("09:05", 30)
    JournalDays(journal.folder, folder).source("2026-08-21")
    other = SmallJournal(tmp_path / "other")
    other.opened()
    other.trade_on("09:06", 12)
    days = JournalDays(other.folder, folder)
    assert days.source("2026-08-21").events.tobytes() == other.expected()
    other.writer.close()
    with pytest.raises(YunhaiError) as refused:
        days.source("2026-08-24")
    assert refused.value.code == 7480


def test_no_journal_yet_is_no_day(tmp_path: Path) -> None:
    assert JournalDays(tmp_path / "none", tmp_path / "replay").days() == ()
    assert not (tmp_path / "replay").exists()


# -- the catalogue -------------------------------------------------------------------------------------------------------


@pytest.fixture
def catalogue(journal: SmallJournal, tmp_path: Path) -> Catalogue:
    folder = tmp_path / "replay"
    (folder / "trades" / "TX").mkdir(parents=True)
    written(folder / "trades" / "TX" / "2021-07-26.csv.gz")
    (folder / "l3" / "sse-2023" / "600519").mkdir(parents=True)
    morning().write(folder / "l3" / "sse-2023" / "600519" / "2023-02-07")
    return Catalogue(journal.folder, folder, pack_named)


def test_the_catalogue_offers_and_opens_what_is_there(journal: SmallJournal, catalogue: Catalogue) -> None:
    journal.opened()
    journal.trade_on("09:05", 20)
    offered = [(one.id, one.day, one.closed) for one in catalogue.offered()]
    assert offered == [
        ("journal/2026-08-21", "2026-08-21", False),
        ("l3/sse-2023/600519/2023-02-07", "2023-02-07", True),
        ("trades/TX/2021-07-26", "2021-07-26", True),
    ]
    for name, _, _ in offered:
        source, keeping = catalogue.open(name)
        assert source.id == name
        assert catalogue.open(name) == (source, keeping)
    before, _ = catalogue.open("journal/2026-08-21")
    journal.trade_on("10:00", 20)
    after, _ = catalogue.open("journal/2026-08-21")
    assert len(after) > len(before)
    assert after.hash_at(len(before)) == before.hash_at(len(before))


@pytest.mark.parametrize(
    "name",
    [
        "",
        "journal/2026-08-24",
        "journal/../x",
        "l3/sse-2023/600519/2023-02-08",
        "l3/../../etc/passwd",
        "l3/sse-2023/600519",
        "trades/TX/2021-07-27",
        "trades/../2021-07-26",
        "trades/TX/\u0000",
        "other/x",
    ],
)
def test_what_is_not_there_is_unknown(catalogue: Catalogue, name: str) -> None:
    with pytest.raises(YunhaiError) as refused:
        catalogue.open(name)
    assert refused.value.code == 7480


def test_reading_that_breaks_off_tells_nothing_twice(
    journal: SmallJournal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever was read before the disk failed is read again, and stands in the day once."""
    journal.opened()
    for clock in ("09:10", "09:40", "10:10"):
        journal.trade_on(clock, 40)
    days, whole, groups = JournalDays(journal.folder, tmp_path / "replay"), JournalDays._take, []

    def breaking(self: JournalDays, group: object) -> None:
        groups.append(group)
        if len(groups) == 3:
            raise OSError("the disk fails")
        whole(self, group)  # type: ignore[arg-type]

    monkeypatch.setattr(JournalDays, "_take", breaking)
    with pytest.raises(OSError, match="the disk fails"):
        days.days()
    assert days.source("2026-08-21").events.tobytes() == journal.expected()
    assert len(groups) > 6


def test_a_long_journal_is_written_piece_by_piece(
    journal: SmallJournal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("yunhai.market.replay.journal_days._AT_ONCE", 1_000)
    saves, save = [], JournalDays._save

    def counting(self: JournalDays) -> None:
        saves.append(self._index.sequence)
        save(self)

    monkeypatch.setattr(JournalDays, "_save", counting)
    journal.opened()
    for clock in ("09:10", "09:40", "10:10"):
        journal.trade_on(clock, 40)
    found = JournalDays(journal.folder, tmp_path / "replay").source("2026-08-21")
    assert found.events.tobytes() == journal.expected()
    assert len(saves) >= 3
    assert saves == sorted(set(saves))


# -- who waits for whom --------------------------------------------------------------------------------------------------

PATIENCE_S = 60.0


@contextmanager
def held_up(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[ThreadPoolExecutor, threading.Event, list[str]]]:
    """Threads; the event until which the reading of a file of trades waits; which were read."""
    go, read = threading.Event(), []

    def waiting(source: str, path: Path, product: str) -> Source:
        read.append(source)
        assert go.wait(PATIENCE_S)
        return trade_source(source, path, product)

    monkeypatch.setattr("yunhai.market.replay.catalogue.trade_source", waiting)
    with ThreadPoolExecutor(8) as threads:
        try:
            yield threads, go, read
        finally:
            go.set()


def test_a_large_file_makes_wait_only_who_asks_for_the_same(
    journal: SmallJournal, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal.opened()
    journal.trade_on("09:05", 20)
    with held_up(monkeypatch) as (threads, go, read):
        large = [threads.submit(catalogue.open, "trades/TX/2021-07-26") for _ in range(3)]
        for name in ("journal/2026-08-21", "l3/sse-2023/600519/2023-02-07"):
            assert threads.submit(catalogue.open, name).result(PATIENCE_S)[0].id == name
        assert len(threads.submit(catalogue.offered).result(PATIENCE_S)) == 3
        assert not any(one.done() for one in large)
        go.set()
        sources = {id(one.result(PATIENCE_S)[0]) for one in large}
    assert (read, len(sources)) == (["trades/TX/2021-07-26"], 1)
    assert not catalogue._turns


def test_who_reads_the_journal_makes_wait_only_who_needs_what_is_read(
    journal: SmallJournal, catalogue: Catalogue, tmp_path: Path
) -> None:
    """Another process holds the folder's lock: files and days that are over open meanwhile, the running day afterwards."""
    journal.opened()
    journal.trade_on("09:05", 20)
    journal.venue.finish()
    journal.tell(DayStep(date="2026-08-21", step="closed"))
    journal.writer.wait(journal.writer.submit_fact(fact_of({"n": 0}, number=200)))
    catalogue.offered()
    journal.opened()  # the same date once more: 2026-08-21.2, which runs
    journal.trade_on("09:05", 10)
    with (tmp_path / "replay" / "journal" / "lock").open("rb") as lock, ThreadPoolExecutor(4) as threads:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            running = threads.submit(catalogue.open, "journal/2026-08-21.2")
            for name in ("journal/2026-08-21", "l3/sse-2023/600519/2023-02-07", "trades/TX/2021-07-26"):
                assert threads.submit(catalogue.open, name).result(PATIENCE_S)[0].id == name
            assert not running.done()
        finally:
            fcntl.flock(lock, fcntl.LOCK_UN)
        assert len(running.result(PATIENCE_S)[0]) > 0


@pytest.mark.parametrize("name", ["trades/TX/2021-07-26", "l3/sse-2023/600519/2023-02-07"])
def test_a_file_that_was_changed_or_is_gone_is_no_longer_what_was_opened(
    catalogue: Catalogue, tmp_path: Path, name: str
) -> None:
    before, _ = catalogue.open(name)
    digest = before.hash_at(len(before))
    folder = tmp_path / "replay" / name
    if name.startswith("trades"):
        written(folder.with_name("2021-07-26.csv.gz"), (*ROWS, ROWS[-1]))
    else:
        orders = next(folder.glob("orders*"))
        orders.touch()
    after, _ = catalogue.open(name)
    assert after is not before
    assert catalogue.open(name)[0] is after
    assert before.hash_at(len(before)) == digest  # who has it open goes on with what was opened
    assert len(after) - len(before) == (1 if name.startswith("trades") else 0)
    for path in sorted(folder.iterdir()) if folder.is_dir() else [folder.with_name("2021-07-26.csv.gz")]:
        path.unlink()
    if folder.is_dir():
        folder.rmdir()
    with pytest.raises(YunhaiError) as refused:
        catalogue.open(name)
    assert refused.value.code == 7480
    assert name not in [one.id for one in catalogue.offered()]


def test_names_that_cannot_be_asked_for_are_not_offered(catalogue: Catalogue, tmp_path: Path) -> None:
    trades = tmp_path / "replay" / "trades" / "TX"
    for name in ("2021-07-26.csv", "day of days.csv", "2021-07-27.txt"):
        written(trades / name)
    assert [one.id for one in catalogue.offered()] == ["l3/sse-2023/600519/2023-02-07", "trades/TX/2021-07-26"]


def test_a_full_disk_is_said_and_the_day_is_whole_afterwards(journal: SmallJournal, catalogue: Catalogue) -> None:
    journal.opened()
    journal.trade_on("09:05", 60)
    with full_after(1_024):
        for ask in (catalogue.offered, lambda: catalogue.open("journal/2026-08-21")):
            with pytest.raises(YunhaiError) as refused:
                ask()
            assert (refused.value.code, refused.value.entry.http) == (7498, 503)
        assert catalogue.open("trades/TX/2021-07-26")[0].id == "trades/TX/2021-07-26"
    assert catalogue.open("journal/2026-08-21")[0].events.tobytes() == journal.expected()
