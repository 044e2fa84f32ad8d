"""The catalogue: numbers once, both languages, and the exchange's status numbers as the record page has them."""

import pickle
import re

import pytest

from yunhai.kernel import errors
from yunhai.kernel.errors import ErrorEntry, YunhaiError


def test_every_error_explains_itself_in_both_languages():
    for code, entry in errors.catalogue().items():
        assert entry.code == code
        assert re.fullmatch(r"[a-z][a-z0-9-]*", entry.name), code
        for text in (entry.zh, entry.remedy_zh):
            assert re.search(r"[\u4e00-\u9fff]", text), code
        for text in (entry.en, entry.remedy_en):
            assert text.isascii(), code
        assert entry.http in (
            200,
            400,
            401,
            403,
            404,
            405,
            406,
            408,
            409,
            410,
            413,
            415,
            422,
            426,
            429,
            500,
            502,
            503,
            504,
        ), code


def test_engine_codes_are_those_of_the_record_page(repository):
    page = (repository / "docs/reference/records.md").read_text(encoding="utf-8")
    rows = re.findall(r"(?<=\| )(\d{4}) \| ([a-z-]+)[^|]*\| (\d+)", page)
    assert len(rows) == 30
    for code, name, status in rows:
        assert errors.entry_of(int(code)).name == name
        assert errors.status_of(int(code)) == int(status)
    for pair, names in (
        ((1201, 1202), ("bad-phase", "book-crossed")),
        ((1203, 1204), ("uncross-deferred", "not-an-auction-phase")),
    ):
        assert tuple(errors.entry_of(code).name for code in pair) == names
    engine = {code for code in errors.catalogue() if code < 2000}
    assert engine == {int(code) for code, _, _ in rows} | {1201, 1202, 1203, 1204}
    assert [errors.status_of(code) for code in (1201, 1202, 1203, 1204)] == [99, 99, 0, 99]


def _entry(code, name):
    return ErrorEntry(code=code, name=name, http=422, zh="錯", en="wrong", remedy_zh="改", remedy_en="Fix it.")


@pytest.mark.parametrize(
    "entry",
    [
        _entry(1001, "fresh-name"),
        _entry(9999, "unknown-command"),
        _entry(999, "too-low"),
        ErrorEntry(code=9998, name="no-text", http=422, zh=" ", en="x", remedy_zh="x", remedy_en="x"),
    ],
)
def test_a_number_or_name_cannot_be_registered_twice_nor_without_text(entry):
    before = dict(errors.catalogue())
    with pytest.raises(ValueError, match="error"):
        errors.register(_entry(9997, "good-one"), entry)
    assert dict(errors.catalogue()) == before


def test_an_unregistered_number_is_a_fault():
    with pytest.raises(KeyError):
        YunhaiError(9996)


def test_details_fill_the_text_and_the_rest_is_appended():
    error = YunhaiError(2006, line=3, key="ticks", reason="an array is wanted", pack="x")
    assert error.text() == "Rule pack line 3: ticks: an array is wanted (pack=x)"
    assert "第 3 行" in error.text("zh")
    assert str(error).startswith("2006 pack-wrong-type: ")
    assert error.as_json()["details"] == {"line": 3, "key": "ticks", "reason": "an array is wanted", "pack": "x"}


def test_hostile_details_are_made_harmless():
    error = YunhaiError(2101, text="\x1b[31m{line}\n" + "9" * 10_000)
    shown = error.text()
    assert shown.isprintable()
    assert len(shown) < 400
    assert "{line}" in shown


def test_an_error_survives_pickling():
    error = pickle.loads(pickle.dumps(YunhaiError(2101, text="x")))
    assert (error.code, error.text()) == (2101, "Not a plain decimal number: x")
