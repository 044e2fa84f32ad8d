"""What a chart is asked for, read from text."""

import hashlib
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yunhai.kernel.errors import YunhaiError
from yunhai.market.indicators import catalogue, request
from yunhai.services.charts.rules import code_of, indicators_of, label, latest_of, moment_of, points_of

VENDOR = Path(__file__).parents[3] / "src/yunhai/services/charts/static/charts/vendor"


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("", []),
        ("kd(9,3,3),ma(5)", ["KD(9,3,3)", "MA(5)"]),
        ("KD", ["KD(9,3,3)"]),
        (" ma ( 20 ) , rsi(timeperiod=6) ", ["MA(20)", "RSI(6)"]),
        ("ma(5,ema)", ["MA(5,EMA)"]),
        ("sma(source=volume)", ["SMA(30,volume)"]),
        ("bbands(20,2.5,2.5)", ["BBANDS(20,2.5,2.5)"]),
        ("obv,obv(),OBV", ["OBV"]),
    ],
)
def test_indicators_are_read_and_written_as_people_do(text: str, labels: list[str]) -> None:
    assert [label(one) for one in indicators_of(text)] == labels


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("kd(9", 7331),
        ("kd(9))", 7331),
        ("kd(9,)", 7331),
        ("kd(1,2,3,4)", 7331),
        ("kd(9,fastk_period=9)", 7331),
        ("kd,", 7331),
        ("kd;ma", 7331),
        (",".join(f"ma({period})" for period in range(2, 40)), 7331),
        ("x" * 601, 7331),
        ("nothing(5)", 7700),
        ("kd(speed=5)", 7701),
        ("kd(9.5)", 7702),
        ("ma(five)", 7702),
        ("ma(5,YOURS)", 7702),
        ("kd(99999999999999999999)", 7702),
    ],
)
def test_what_cannot_be_read_is_refused_by_number(text: str, code: int) -> None:
    with pytest.raises(YunhaiError) as refused:
        indicators_of(text)
    assert refused.value.code == code


@given(st.sampled_from(sorted(catalogue())))
def test_a_label_reads_back_as_the_same_request(name: str) -> None:
    asked = request(name)
    assert indicators_of(label(asked)) == (asked,)


@given(st.text(max_size=80))
def test_any_text_is_read_or_refused(text: str) -> None:
    code = 0
    try:
        indicators_of(text)
    except YunhaiError as refused:
        code = refused.code
    assert code in (0, 7331, 7700, 7701, 7702, 7709)


def test_a_date_is_its_midnight_in_taipei_and_its_end_the_last_moment() -> None:
    midnight = 1_787_241_600_000_000_000  # 2026-08-20T16:00Z
    assert moment_of("2026-08-21") == midnight
    assert moment_of("2026-08-21", end=True) == midnight + 86_400 * 10**9 - 1
    assert (
        moment_of("2026-08-21T09:00:00+08:00") == moment_of("2026-08-21T01:00:00+00:00") == midnight + 9 * 3_600 * 10**9
    )
    assert moment_of("") is None
    for wrong in ("yesterday", "2026-13-01", "2026-02-30", "0000-00-00", "9999-12-31T25:00"):
        with pytest.raises(YunhaiError) as refused:
            moment_of(wrong)
        assert refused.value.code == 7335


def test_the_last_bar_must_not_contradict_itself() -> None:
    found = latest_of("2026-08-21,1080,1095,1075,1090.5,31250000")
    assert found is not None
    assert (found.open, found.high, found.low, found.close, found.volume) == (
        10_800_000,
        10_950_000,
        10_750_000,
        10_905_000,
        31_250_000,
    )
    for wrong in (
        "2026-08-21,1080,1079,1075,1090,1",
        "2026-08-21,1,1,0,1,1",
        "2026-08-21,1,1,1,1",
        "today,1,1,1,1,1",
        "2026-08-21,1,1,1,1,9223372036854775808",
        "9999-12-30,1,1,1,1,1",
        "0001-01-02,1,1,1,1,1",
    ):
        with pytest.raises(YunhaiError) as refused:
            latest_of(wrong)
        assert refused.value.code == 7335


def test_points_are_in_order_and_distinct() -> None:
    later, earlier = (200, "10.5"), (100, "9")
    assert [(one.at_ns, one.price) for one in points_of("trend", [later, earlier])] == [
        (100 * 10**9, 90_000),
        (200 * 10**9, 105_000),
    ]
    wrong: list[tuple[str, list[tuple[int, str]]]] = [
        ("trend", [earlier]),
        ("horizontal", [earlier, later]),
        ("circle", [earlier]),
        ("trend", [earlier, (100, "5")]),
        ("horizontal", [(1, "0")]),
        ("horizontal", [(1, "-5")]),
    ]
    for kind, points in wrong:
        with pytest.raises(YunhaiError) as refused:
            points_of(kind, points)
        assert refused.value.code == 7334


def test_codes() -> None:
    assert [code_of(code) for code in ("2330", "00679b", "TXF202609")] == ["2330", "00679B", "TXF202609"]
    for wrong in ("", "..", "../etc", "台積電", "a" * 25, "2330;"):
        with pytest.raises(YunhaiError) as refused:
            code_of(wrong)
        assert refused.value.code == 7336


def test_the_vendored_library_is_the_one_that_its_notice_names() -> None:
    named = re.findall(r"^([0-9a-f]{64})  (\S+)$", (VENDOR / "NOTICE").read_text(), re.MULTILINE)
    assert {name for _, name in named} == {path.name for path in VENDOR.iterdir()} - {"NOTICE"}
    for sha256, name in named:
        assert hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() == sha256
