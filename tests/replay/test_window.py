"""`yunhai replay lobster`: books rebuilt message by message, and files that are refused."""

import json
from pathlib import Path
from typing import Any

import pytest

from yunhai.apps.cli import main
from yunhai.apps.reference_data import pack_named
from yunhai.kernel.errors import YunhaiError
from yunhai.market.l3.engines import native_engine
from yunhai.market.l3.window import WindowReplay, WindowResult, read_window_feed

# Two levels. Orders 1-3 are new; order 9 was there before; the level at 9.90 leaves the window and comes back.
MESSAGES = [
    "34200.5,1,1,100,100000,1",  # buy 1: 100 at 10.00
    "34200.500000001,1,2,50,100000,1",  # buy 2 behind it
    "34201,4,1,60,100000,1",  # an arriving sell of 60 meets order 1
    "34202,2,1,10,100000,1",  # order 1 is cut by 10: 30 left, still first
    "34203,4,1,30,100000,1",
    "34204,5,0,500,100050,1",  # hidden
    "34205,4,2,20,100000,1",
    "34206,1,3,7,100000,1",
    "34207,3,3,7,100000,1",
    "34208,4,9,40,100200,-1",  # an arriving buy meets the seed at 10.02
    "34209,1,4,5,99500,1",  # pushes 9.90 out
    "34210,3,4,5,99500,1",  # and it comes back, smaller
]
BOOKS = [
    "100200,100,100000,100,100400,10,99000,20",
    "100200,100,100000,150,100400,10,99000,20",
    "100200,100,100000,90,100400,10,99000,20",
    "100200,100,100000,80,100400,10,99000,20",
    "100200,100,100000,50,100400,10,99000,20",
    "100200,100,100000,50,100400,10,99000,20",
    "100200,100,100000,30,100400,10,99000,20",
    "100200,100,100000,37,100400,10,99000,20",
    "100200,100,100000,30,100400,10,99000,20",
    "100200,60,100000,30,100400,10,99000,20",
    "100200,60,100000,30,100400,10,99500,5",
    "100200,60,100000,30,100400,10,99000,15",
]


def write(folder: Path, messages: list[str] = MESSAGES, books: list[str] = BOOKS) -> tuple[Path, Path]:
    paths = folder / "messages.csv", folder / "books.csv"
    for path, lines in zip(paths, (messages, books), strict=True):
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return paths


def replayed(folder: Path, **lines: list[str]) -> WindowResult:
    return WindowReplay(pack_named("nasdaq-2012"), read_window_feed(*write(folder, **lines)), native_engine).run()


def test_a_real_file(data_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """999 messages: every book, and every execution by the order whose turn it was, 90 of them told apart by it."""
    stem = data_folder / "l3_orders" / "lobster" / "AAPL_2012-06-21_34200000_57600000"
    assert main(["replay", "lobster", f"{stem}_message_10.csv", f"{stem}_orderbook_10.csv", "--json"]) == 0
    said: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert said["messages"] == {"delete": 369, "execute": 98, "hidden": 61, "new": 471}
    assert (said["books"]["compared"], said["books"]["equal"]) == (999, 999)
    assert (said["executions"]["compared"], said["executions"]["equal"]) == (98, 98)
    assert said["executions_of_known_orders"] == 90
    assert (said["levels_given_at_first"], said["levels_come_into_the_window"]) == (19, 318)
    assert said["ok"] is True


def test_a_small_file(tmp_path: Path) -> None:
    result = replayed(tmp_path)
    assert result.holds
    assert (result.books.compared, result.executions.compared, result.known) == (12, 4, 3)
    assert (result.seeded, result.entered, result.left) == (3, 1, 1)


@pytest.mark.parametrize(
    ("place", "line", "score"),
    [
        (2, "34201,4,2,60,100000,1", "executions"),  # order 2 is not first
        (4, "34203,4,1,31,100000,1", "executions"),  # more than order 1 has: two trades
        (3, "34202,2,1,11,100000,1", "books"),
        (8, "34207,3,8,7,100000,1", "accepted_commands"),  # no such order, and the level has no seed
        (7, "34206,1,3,7,100200,1", "books"),  # crosses
    ],
)
def test_a_wrong_message_is_found(tmp_path: Path, place: int, line: str, score: str) -> None:
    messages = [*MESSAGES]
    messages[place] = line
    result = replayed(tmp_path, messages=messages)
    assert not result.scores()[score].holds
    assert result.scores()[score].differences


@pytest.mark.parametrize("place", range(len(BOOKS) - 1))
def test_a_wrong_book_is_found(tmp_path: Path, place: int, capsys: pytest.CaptureFixture[str]) -> None:
    books = [*BOOKS]
    books[place] = books[place].replace(",100000,", ",99900,") if place else books[0].replace("100,100400", "1,100400")
    result = replayed(tmp_path, books=books)
    assert not result.books.holds
    messages, shown = write(tmp_path, books=books)
    assert main(["replay", "lobster", str(messages), str(shown)]) == 1
    assert "DIFFERENCES" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("messages", "books", "row", "reason"),
    [
        (["34200,1,1,100,100000"], None, 1, "5 fields, not 6"),
        ([MESSAGES[0], "x,1,1,100,100000,1"], None, 2, "not a number of seconds"),
        (["34200.0000000001,1,1,100,100000,1"], None, 1, "not a number of seconds"),
        ([MESSAGES[0], "34199,1,1,100,100000,1"], None, 2, "earlier than the row before"),
        (["34200,1,1,ten,100000,1"], None, 1, "not a whole number"),
        (["34200,1,1,1.5,100000,1"], None, 1, "not a whole number"),
        (["34200,7,0,0,-1,-1"], None, 1, "type 7"),
        (["34200,1,1,100,100000,0"], None, 1, "direction 0"),
        (["34200,1,1,0,100000,1"], None, 1, "out of bounds"),
        (["34200,1,1,1,-100,1"], None, 1, "out of bounds"),
        (None, BOOKS[:-1], 12, "12 messages but 11 books"),
        ([], [], 1, "0 messages"),
        (None, [*BOOKS[:1], BOOKS[1] + ",1"], 2, "no whole levels"),
        (None, [*BOOKS[:1], BOOKS[1].replace("150", "many")], 2, "not a whole number"),
        (None, [BOOKS[0].replace("99000", "100001")], 1, "not in order"),
        (None, [BOOKS[0].replace("100200", "-1")], 1, "out of bounds"),
    ],
)
def test_a_bad_row_is_refused(
    tmp_path: Path, messages: list[str] | None, books: list[str] | None, row: int, reason: str
) -> None:
    paths = write(tmp_path, MESSAGES if messages is None else messages, BOOKS if books is None else books)
    with pytest.raises(YunhaiError) as caught:
        read_window_feed(*paths)
    assert (caught.value.code, caught.value.details["row"]) == (4104, row)
    assert reason in str(caught.value.details["reason"])


def test_other_encodings_and_missing_files_are_refused(tmp_path: Path) -> None:
    messages, books = write(tmp_path)
    messages.write_bytes("34200,1,委託".encode("cp950"))
    with pytest.raises(YunhaiError) as caught:
        read_window_feed(messages, books)
    assert caught.value.code == 4102
    with pytest.raises(YunhaiError) as caught:
        read_window_feed(tmp_path / "none.csv", books)
    assert caught.value.code == 4101
