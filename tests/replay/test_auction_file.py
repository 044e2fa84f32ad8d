"""`yunhai auction`: a real opening auction from its orders alone, and files that are refused."""

import copy
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.replay.test_euronext import reference_engine
from yunhai.apps.cli import main
from yunhai.apps.reference_data import pack_named
from yunhai.kernel.errors import YunhaiError
from yunhai.market.l3.auction_file import Outcome, auction_config, compare_outcome, read_auction, uncross
from yunhai.market.l3.engines import native_engine

MIDDLE, NEAREST = 1, 0
EVERY_TICK, ORDER_PRICES = 0, 1
HIGHER, LOWER = 0, 1

SMALL: dict[str, Any] = {
    "security": "600519.SH",
    "date": "2023-02-07",
    "prev_close": 1795.0,
    "tick": 0.01,
    "events": [
        {"seq": 1, "action": "new", "order_no": 11, "side": "S", "price": 1795.01, "qty": 100.0, "time": "9150000"},
        {"seq": 2, "action": "new", "order_no": 12, "side": "B", "price": 1796.0, "qty": 60, "time": "9150001"},
        {"seq": 3, "action": "new", "order_no": 13, "side": "B", "price": 1796.0, "qty": 70, "time": "9150002"},
        {"seq": 4, "action": "new", "order_no": 14, "side": "B", "price": 1900.0, "qty": 1, "time": "9150003"},
        {"seq": 5, "action": "cancel", "order_no": 14, "side": "B", "price": 1900.0, "qty": 1, "time": "9150004"},
    ],
    "expected": {
        "price": 1796.0,
        "volume": 100,
        "trades": [
            {"bid": 12, "ask": 11, "price": 1796.0, "qty": 60},
            {"bid": 13, "ask": 11, "price": 1796.0, "qty": 40},
        ],
    },
}


def write(folder: Path, document: object) -> Path:
    path = folder / "auction.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def answer(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """The one JSON object last on standard output."""
    last: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return last


def outcome_of(path: Path) -> Outcome:
    file = read_auction(path)
    return uncross(file, auction_config(file, pack_named("sse-2023")), native_engine(len(file.orders)))


@pytest.fixture(scope="module")
def opening(data_folder: Path) -> Path:
    return data_folder / "auction_vectors" / "sse_600519_20230207_opening_auction.json"


def test_the_real_opening_auction_from_its_orders_alone(opening: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["auction", str(opening), "--json"]) == 0
    said = answer(capsys)
    assert (said["price"], said["volume"], said["orders"], said["cancels"]) == (1808.08, 42_718, 1437, 47)
    expected = json.loads(opening.read_bytes())["expected"]["trades"]
    assert len(expected) == 334
    assert [(t["bid"], t["ask"], t["quantity"]) for t in said["trades"]] == [
        (t["bid"], t["ask"], t["qty"]) for t in expected
    ]
    assert said["equals_expected"] is True


def test_without_what_is_expected_the_outcome_is_the_same(opening: Path, tmp_path: Path) -> None:
    """The outcome comes from the orders: the file's own answer is not needed, and a wrong one is found out."""
    document = json.loads(opening.read_bytes())
    expected = document.pop("expected")
    made = outcome_of(write(tmp_path, document))
    assert (made.price, made.volume, len(made.pairs or ())) == (18_080_800, 42_718, 334)
    expected["trades"][100]["qty"] += 1
    wrong = read_auction(write(tmp_path, document | {"expected": expected}))
    assert wrong.expected is not None
    score = compare_outcome(wrong.expected, made)
    assert (score.compared, score.equal) == (335, 334)


def test_the_reference_engine_uncrosses_it_alike(opening: Path) -> None:
    file = read_auction(opening)
    config = auction_config(file, pack_named("sse-2023"))
    orders = len(file.orders)
    assert uncross(file, config, native_engine(orders)) == uncross(file, config, reference_engine(orders))


@pytest.mark.parametrize(
    ("better_filled", "tie_break", "candidates", "equal_distance", "price"),
    [
        # Every better-priced order filled in full leaves one price, whatever breaks ties.
        (True, MIDDLE, EVERY_TICK, LOWER, "1808.08"),
        (True, NEAREST, EVERY_TICK, HIGHER, "1808.08"),
        (True, MIDDLE, ORDER_PRICES, HIGHER, "1808.08"),
        # Without it nine ticks tie, two of them with orders: 1,808.00 wherever one of the two is chosen from below …
        (False, NEAREST, EVERY_TICK, HIGHER, "1808.00"),
        (False, NEAREST, ORDER_PRICES, LOWER, "1808.00"),
        (False, MIDDLE, ORDER_PRICES, LOWER, "1808.00"),
        # … and this pack's own middle of all ticks: also not the exchange's price.
        (False, MIDDLE, EVERY_TICK, LOWER, "1808.04"),
    ],
)
def test_what_dropping_better_filled_does_to_the_price(
    opening: Path, better_filled: bool, tie_break: int, candidates: int, equal_distance: int, price: str
) -> None:
    file = read_auction(opening)
    config = replace(
        auction_config(file, pack_named("sse-2023")),
        better_filled=better_filled,
        tie_break=tie_break,
        candidates=candidates,
        equal_distance=equal_distance,
    )
    made = uncross(file, config, native_engine(len(file.orders)))
    assert (made.price, made.volume) == (round(float(price) * 10_000), 42_718)


def test_a_small_auction(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, SMALL)
    assert main(["auction", str(path), "--json"]) == 0
    said = answer(capsys)
    assert (said["price"], said["volume"], said["ok"]) == (1796.0, 100, True)
    assert [(t["bid"], t["ask"], t["quantity"]) for t in said["trades"]] == [(12, 11, 60), (13, 11, 40)]
    assert main(["auction", str(path)]) == 0
    assert "1796.00 × 100" in capsys.readouterr().out


def test_a_wrong_expectation_fails_and_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = copy.deepcopy(SMALL)
    document["expected"]["price"] = 1795.5
    assert main(["auction", str(write(tmp_path, document)), "--json"]) == 1
    said = answer(capsys)
    assert said["ok"] is False
    assert said["equals_expected"] is False
    assert any("price and volume" in difference for difference in said["differences"])


def test_no_cross_is_no_price(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = {**SMALL, "events": SMALL["events"][:1]}
    del document["expected"]
    assert main(["auction", str(write(tmp_path, document)), "--json"]) == 0
    said = answer(capsys)
    assert (said["price"], said["volume"], said["trades"], said["equals_expected"]) == (None, 0, [], None)


@pytest.mark.parametrize(
    ("change", "code", "reason"),
    [
        ({"price": "dear"}, 4112, "price"),
        ({"price": 1796.00001}, 4112, "1796.00001 is not a price"),
        ({"price": -1}, 4112, "-1 is not a price"),
        ({"price": 1e300}, 4112, "is not a price"),
        ({"price": 1796.005}, 4112, "refused 1017 price-off-tick"),
        ({"price": 1974.51}, 4112, "refused 1015 price-above-limit-up"),
        ({"price": None}, 4112, "refused 1010 kind-not-allowed-now"),
        ({"qty": 0}, 4112, "0 is not a number of shares"),
        ({"qty": 1.5}, 4112, "1.5 is not a number of shares"),
        ({"side": "X"}, 4112, "side"),
        ({"action": "change"}, 4112, "action"),
        ({"order_no": "a"}, 4112, "order_no"),
        ({"order_no": 11}, 4112, "refused 1018 duplicate-order"),
        ({"action": "cancel", "order_no": 99}, 4112, "refused 1021 order-not-found: No such order here"),
        ({"action": "cancel", "order_no": 11, "side": "S", "qty": 10}, 4112, "a cancel of 10, but the order is of 100"),
        ({"action": "cancel", "order_no": 11, "side": "S", "qty": 500}, 4112, "a cancel of 500"),
        ({"action": "cancel", "order_no": 11, "side": "B", "qty": 100}, 4112, "a cancel of the other side"),
        ({"order_no": -1}, 4112, "order_no -1 is outside 1.."),
        ({"order_no": 2**70}, 4112, "is outside 1.."),
        ({"qty": "100"}, 4112, "qty: number is wanted, not text"),
        ({"price": "1796"}, 4112, "price: number is wanted, not text"),
        ({"qty": True}, 4112, "qty: number is wanted"),
        ({"side": "\ud800"}, 4112, "half a letter"),
    ],
)
def test_a_bad_event_is_refused_with_its_row(tmp_path: Path, change: dict[str, object], code: int, reason: str) -> None:
    document = copy.deepcopy(SMALL)
    document["events"][1].update(change)
    with pytest.raises(YunhaiError) as caught:
        outcome_of(write(tmp_path, document))
    assert caught.value.code == code
    assert caught.value.details["row"] == 2
    assert reason in str(caught.value.details["reason"])
    assert re.search("[\u4e00-\u9fff]", str(caught.value.details["reason_zh"]))


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", 4111),
        (b"{", 4111),
        (b"[]", 4111),
        (b"\xa4\xe9", 4111),
        (b"[" * 100_000, 4111),
        (json.dumps({**SMALL, "prev_close": 0}).encode(), 4111),
        (json.dumps({**SMALL, "events": 5}).encode(), 4111),
        (json.dumps({**SMALL, "events": [5]}).encode(), 4112),
        (json.dumps({**SMALL, "events": [{"action": "new"}]}).encode(), 4112),
        (json.dumps({**SMALL, "expected": {"price": 1}}).encode(), 4111),
        (json.dumps(SMALL).replace("100.0", "1e999999999").encode(), 4112),
    ],
)
def test_a_bad_file_is_refused(tmp_path: Path, data: bytes, code: int) -> None:
    path = tmp_path / "bad.json"
    path.write_bytes(data)
    with pytest.raises(YunhaiError) as caught:
        read_auction(path)
    assert caught.value.code == code


def test_a_missing_file_and_another_markets_pack_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["auction", str(tmp_path / "none.json"), "--json"]) == 2
    assert answer(capsys)["error"]["code"] == 4111
    document = {**SMALL, "date": "2026-07-29"}
    assert main(["auction", str(write(tmp_path, document)), "--pack", "twse-2026", "--json"]) == 2
    assert answer(capsys)["error"]["code"] == 4113


@pytest.mark.parametrize(
    ("day", "code"),
    [("1990-01-01", 2011), ("x", 4111), ("[/x]", 4111), ("2023-02-30", 4111)],
)
def test_a_day_on_which_the_pack_is_not_in_force_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], day: str, code: int
) -> None:
    assert main(["auction", str(write(tmp_path, {**SMALL, "date": day})), "--json"]) == 2
    assert answer(capsys)["error"]["code"] == code


def test_a_file_without_a_day_is_answered_and_said_to_be_unchecked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path, {name: value for name, value in SMALL.items() if name != "date"})
    assert main(["auction", str(path), "--json"]) == 0
    assert "未核對" in answer(capsys)["notes"][0]
    assert main(["auction", str(path)]) == 0
    assert "states no date" in capsys.readouterr().out
    assert main(["auction", str(write(tmp_path, SMALL)), "--json"]) == 0
    assert answer(capsys)["notes"] == []


@pytest.mark.parametrize("security", ["[/x]", "[red]", "", " ", "a b", "6" * 13])
def test_what_is_no_code_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str], security: str) -> None:
    assert main(["auction", str(write(tmp_path, {**SMALL, "security": security}))]) == 2
    assert "4111" in capsys.readouterr().err


def test_an_event_that_is_no_object_is_told_in_both_languages(tmp_path: Path) -> None:
    with pytest.raises(YunhaiError) as caught:
        read_auction(write(tmp_path, {**SMALL, "events": [5]}))
    assert "object is wanted, not whole-number" in caught.value.text("en")
    assert "該筆 須為物件，不是整數" in caught.value.text("zh")


def test_a_byte_order_mark_does_not_matter_and_a_doubled_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "auction.json"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(SMALL).encode())
    assert outcome_of(path).volume == 100
    path.write_text(json.dumps(SMALL).replace('"tick": 0.01', '"tick": 0.01, "tick": 0.02'))
    with pytest.raises(YunhaiError) as caught:
        read_auction(path)
    assert "stands twice" in caught.value.text("en")
    assert "出現兩次" in caught.value.text("zh")


def test_differences_are_told_in_the_market_s_prices(tmp_path: Path) -> None:
    file = read_auction(write(tmp_path, SMALL))
    assert file.expected is not None
    told = compare_outcome(file.expected, Outcome(17_955_000, 60, ((12, 11, 17_955_000, 60),))).differences
    assert any("1796.00 × 100" in each and "1795.50 × 60" in each for each in told)
    assert not any("17955000" in each or "17960000" in each for each in told)


def test_comparing_without_pairs_compares_price_and_volume() -> None:
    made = Outcome(17_960_000, 100, ((1, 2, 17_960_000, 100),))
    assert compare_outcome(Outcome(17_960_000, 100, None), made).holds
    assert not compare_outcome(Outcome(17_960_000, 99, None), made).holds


def test_the_guides_examples_do_what_it_says(
    repository: Path, opening: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    guide = (repository / "docs" / "guides" / "replay.md").read_text(encoding="utf-8")
    (tmp_path / "a.json").write_text(guide.split("```json\n")[1].split("```")[0], encoding="utf-8")
    (tmp_path / "my.toml").write_text(guide.split("```toml\n")[1].split("```")[0], encoding="utf-8")
    assert main(["auction", str(tmp_path / "a.json"), "--json"]) == 0
    assert answer(capsys)["equals_expected"] is True
    assert main(["auction", str(opening), "--pack", str(tmp_path / "my.toml"), "--json"]) == 1
    assert answer(capsys)["price"] == 1808.0


def test_a_file_without_an_end_is_not_read_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("yunhai.market.l3.auction_file.AUCTION_BYTES_MAX", 1_000)
    with pytest.raises(YunhaiError) as refused:
        read_auction(Path("/dev/zero"))
    assert refused.value.code == 4105
