"""`yunhai rules` as a stranger uses it: exit codes, one JSON object last, refusals with line or row."""

import json
import os
import re
import subprocess
import sys
from datetime import date

import pytest
from click.testing import CliRunner

from yunhai.apps.commands.rules import command
from yunhai.apps.reference_data import instruments, pack_bytes, pack_ids, trading_days
from yunhai.exchange.rules.words import SecurityKind
from yunhai.kernel.errors import YunhaiError


def _run(*arguments: str, given: str | bytes = "") -> tuple[int, dict]:
    done = CliRunner().invoke(command, [*arguments, "--json"], input=given, standalone_mode=False)
    if done.exception is not None:
        raise done.exception
    return done.return_value or 0, json.loads(done.stdout.splitlines()[-1])


def _limits(given: str | bytes, day: str = "2026-07-21", pack: str = "twse-2026") -> tuple[int, dict]:
    return _run("limits", "--pack", pack, "--date", day, given=given)


def test_limits_of_good_rows():
    code, answer = _limits(
        "code,kind,reference\r\n2330,stock,1045\n00888,etf,33.19\n\n00877,,37.50\n00631L,,40\n7814,,37.8\n"
    )
    assert code == 0
    assert answer["limits"] == [
        {"code": "2330", "kind": "stock", "limit_up": 1145.0, "limit_down": 941.0},
        {"code": "00888", "kind": "etf", "limit_up": 36.5, "limit_down": 29.88},
        {"code": "00877", "kind": "etf-foreign", "limit_up": None, "limit_down": None},
        {"code": "00631L", "kind": "etf-leveraged", "limit_up": 48.0, "limit_down": 32.0},
        {"code": "7814", "kind": "stock", "limit_up": None, "limit_down": None},
    ]
    assert answer["refused"] == []
    assert [each["rule"] for each in answer["exceptions"]] == ["new-listing"]


def test_a_listed_fund_s_name_tells_its_foreign_component():
    answer = _limits("00646,etf,60\n00878,etf,22\n020000,note,10\n")[1]
    assert [each["kind"] for each in answer["limits"]] == ["etf-foreign", "etf", "etn-foreign"]


def test_limits_of_2013():
    assert _limits("2330,stock,100\n", "2013-07-01", "twse-2013")[1]["limits"][0]["limit_up"] == 107.0


@pytest.mark.parametrize(
    ("row", "number"),
    [
        ("700021,,0.19", 2202),
        ("700021,warrant,0.19", 2202),
        ("030001,warrant-put,0.19", 2202),
        ("2330,share,100", 2203),
        ("abc,,100", 2204),
        ("2330,stock,1e3", 2101),
        ("2330,stock,-100", 2101),
        ("2330,stock,１００", 2101),
        ("2330,stock,", 2101),
        ("2330,stock,0", 2205),
        ("2330,stock,0.00001", 2102),
        ("2330,stock,100000", 2103),
        ("2330,stock", 2401),
        ("2330,stock,1,2", 2401),
    ],
)
def test_a_bad_row_is_refused_by_its_number_and_the_others_answered(row, number):
    code, answer = _limits(f"1101,stock,30\n{row}\n2330,stock,100\n")
    assert code == 2
    assert [each["code"] for each in answer["limits"]] == ["1101", "2330"]
    assert [(each["row"], each["error"]["code"]) for each in answer["refused"]] == [(2, number)]


@pytest.mark.parametrize(
    "given",
    [
        b"2330,stock,\xff\n",
        b'2330,"stock,1\n',
        b"2" * 1000 + b"\n",
        b"2" * 400 + b"\n",
        b"2" * 401 + b"\n",
        b"2" * 200_000 + b"\n",
    ],
)
def test_a_row_that_cannot_be_read_is_refused_and_the_others_answered(given):
    code, answer = _limits(b"1101,stock,30\n" + given + b"2330,stock,100\n")
    assert code == 2
    assert [each["code"] for each in answer["limits"]] == ["1101", "2330"]
    assert [(each["row"], each["error"]["code"]) for each in answer["refused"]] == [(2, 2401)]


def test_a_last_row_that_is_too_long_is_refused_by_its_number():
    answer = _limits(b"1101,stock,30\n" + b"2" * 1000)[1]
    assert [(each["row"], each["error"]["code"]) for each in answer["refused"]] == [(2, 2401)]


@pytest.mark.parametrize(
    ("arguments", "number"),
    [(("nowhere", "2026-07-21"), 2010), (("twse-2026", "2013-07-01"), 2011), (("twse-2026", "tomorrow"), 2104)],
)
def test_limits_of_no_pack_or_no_day_are_refused(arguments, number):
    with pytest.raises(YunhaiError) as refused:
        _limits("", arguments[1], arguments[0])
    assert refused.value.code == number


def test_nothing_in_nothing_out():
    assert _limits("")[1]["limits"] == []


def test_show_lists_and_shows():
    packs = [each["id"] for each in _run("show")[1]["packs"]]
    assert packs == pack_ids()
    assert {"twse-2026", "twse-2013", "twse-t1"} <= set(packs)
    pack = _run("show", "--pack", "twse-2013", "--date", "2014-03-03")[1]["pack"]
    assert pack["segments"]["board"]["spans"][1]["cycles"] == [{"since": "2014-02-24", "seconds": 10}]
    for name in packs:
        shown = CliRunner().invoke(command, ["show", "--pack", name])
        assert shown.exit_code == 0
        assert "segments.board.lot" in shown.stdout


def test_diff_names_each_field():
    answer = _run("diff", "twse-2026", "twse-t1")[1]
    assert {"field": "settlement.days", "term": "交割．日數", "first": "2", "second": "1"} in answer["differences"]
    same = _run("diff", "twse-2026", "twse-2026")[1]
    assert same["differences"] == []


def test_check_of_a_good_and_a_bad_file(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_bytes(pack_bytes("twse-t1"))
    assert _run("check", str(file)) == (0, {"ok": True, "pack": "mine.toml:twse-t1", "version": "1.0"})
    file.write_bytes(pack_bytes("twse-t1") + b"dayz = 2\n")
    with pytest.raises(YunhaiError) as refused:
        _run("check", str(file))
    assert refused.value.code == 2004
    assert refused.value.details["line"] == file.read_text(encoding="utf-8").count("\n")


def test_a_file_is_a_pack_too(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text('id = "mine"\nbased_on = "twse-2026"\n[settlement]\ndays = 3\n', encoding="utf-8")
    answer = _run("diff", "twse-2026", str(file))[1]
    assert {each["field"] for each in answer["differences"]} == {"id", "based_on", "settlement.days"}


def _shown(*arguments: str, given: str | bytes = "") -> tuple[str, str]:
    done = CliRunner().invoke(command, [*arguments], input=given, standalone_mode=False)
    if done.exception is not None:
        raise done.exception
    return done.stdout, done.stderr


@pytest.mark.parametrize("code", ["[/x]", "[red]", "[bold]23[/bold]", "2330[/]", "", "\0", "2" * 13])
def test_what_is_no_code_is_refused_though_its_kind_is_stated(code):
    answer = _limits(f"{code},stock,100\n2330,stock,100\n")[1]
    assert [each["code"] for each in answer["limits"]] == ["2330"]
    assert answer["refused"][0]["error"]["code"] == 2401


@pytest.mark.parametrize("text", ["[/x]", "[red]", "[bold]a[/bold]", "[/]"])
def test_brackets_are_data(tmp_path, text):
    err = _shown("limits", "--date", "2026-07-21", given=f"{text},stock,100\n2330,{text},100\n")[1]
    assert f"列 {text}:" in err
    assert f"Unknown kind of security: {text}" in err
    file = tmp_path / "mine.toml"
    file.write_text(f'id = "mine"\nbased_on = "twse-2026"\nname_en = "{text} is mine"\n', encoding="utf-8")
    assert f"{text} is mine" in _shown("show", "--pack", str(file))[0]
    assert f"{text} is mine" in _shown("diff", "twse-2026", str(file))[0]
    assert "sound" in _shown("check", str(file))[0]


def test_a_refused_row_is_told_with_number_texts_and_remedy():
    err = _shown("limits", "--date", "2026-07-21", given="700021,,0.19\n")[1]
    for part in (
        "2202 underlying-needed",
        "權證",
        "A warrant's limits",
        "請提供標的資料",
        "Give the underlying's data",
    ):
        assert part in err


def test_the_exchange_s_own_encoding_and_headers_are_read():
    row = "2330,股票,1045\n"
    wanted = _limits(row)[1]["limits"]
    assert wanted[0]["limit_up"] == 1145.0
    for given in (("代號,種類,參考價\n" + row).encode("cp950"), ("\ufeffCode, Kind, Reference\n" + row).encode()):
        answer = _limits(given)[1]
        assert (answer["limits"], answer["refused"]) == (wanted, [])


def test_a_reference_off_the_grid_and_a_weekend_are_noted():
    assert _limits("2330,stock,2200\n")[1]["notes"] == []
    assert "row 1" in _limits("2330,stock,2200.3\n")[1]["notes"][0]
    assert "weekend" in _limits("2330,stock,2200\n", "2026-08-01")[1]["notes"][0]


def test_what_needs_two_references_is_answered_and_explained():
    answer = _limits("6967,,55\n")[1]
    assert answer["limits"][0]["limit_up"] == 60.5
    assert "two references" in answer["exceptions"][0]["reason"]


def test_the_list_of_packs_minds_the_date():
    packs = [each["id"] for each in _run("show", "--date", "2014-01-02")[1]["packs"]]
    assert "twse-2013" in packs
    assert "twse-2026" not in packs
    assert "twse-2026" not in _shown("show", "--date", "2014-01-02")[0]
    assert "Taiwan securities market 2026, settling on T+1" in _shown("show")[0]


def test_placeholders_and_what_is_not_modelled_are_told():
    shown = _shown("show", "--pack", "nasdaq-2012")[0]
    line = next(line for line in shown.splitlines() if "fees.commission" in line)
    assert "placeholder 佔位" in line
    assert "not modelled 未涵蓋" in shown
    assert "placeholder" not in _shown("show", "--pack", "twse-2026")[0]


def test_a_file_with_a_shipped_id_is_shown_as_the_file_s(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text('based_on = "twse-2026"\n[settlement]\ndays = 3\n', encoding="utf-8")
    assert _run("show", "--pack", str(file))[1]["pack"]["id"] == "mine.toml:twse-2026"
    assert _limits("", pack=str(file))[1]["pack"] == "mine.toml:twse-2026"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id", "須為 ="),
        ("id = ", "值不合法"),
        ('id = "a"\nid = "b"', "兩次"),
        ('id = "a', "字串"),
        ("[a]\n[a]", "重複"),
        ("x = [1, 2", "括號"),
        ("=", "不是敘述"),
    ],
)
def test_a_syntax_error_is_told_in_chinese(tmp_path, text, said):
    file = tmp_path / "mine.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(YunhaiError) as refused:
        _run("check", str(file))
    assert refused.value.code == 2001
    assert said in refused.value.text("zh")


def test_no_chinese_text_holds_an_english_reason():
    for row in ("2330,stock,0", "2330,stock,99999.9", "[,stock,1", "2330,stock", '2330,"stock,1'):
        error = _limits(f"{row}\n")[1]["refused"][0]["error"]
        assert not re.search(r"[A-Za-z]{4,}", re.sub(r"（.*）", "", error["zh"])), error["zh"]
    with pytest.raises(YunhaiError) as refused:
        _limits("", pack="nowhere")
    assert "known=" not in refused.value.text("zh")
    assert "twse-2026" in refused.value.text("zh")


@pytest.mark.full
def test_a_share_listed_lately_has_no_limits_in_its_first_five_days():
    """By the code lists and the calendar, not by the overlay's exceptions: the newest share the lists know."""
    shares = instruments(date(2026, 3, 31)).values()
    newest = max((each for each in shares if each.kind is SecurityKind.STOCK and each.listed), key=lambda x: x.listed)
    days = trading_days(newest.listed, date(2026, 6, 30))
    for day, free in ((days[4], True), (days[5], False)):
        answer = _limits(f"{newest.code},stock,100\n1101,stock,30\n", day.isoformat())[1]
        assert [each["limit_up"] for each in answer["limits"]] == [None if free else 110.0, 33.0]
        rules = [(each["code"], each["rule"]) for each in answer["exceptions"]]
        assert rules == [(newest.code, "new-listing")] * free


def test_a_placeholder_of_a_field_that_is_not_there_is_refused(tmp_path):
    file = tmp_path / "mine.toml"
    head = 'id = "mine"\nbased_on = "twse-2026"\n[[not_modelled]]\nwhat = "x"\nreason = "y"\n'
    file.write_text(head + 'fields = ["fees", "feez"]\n', encoding="utf-8")
    with pytest.raises(YunhaiError) as refused:
        _run("check", str(file))
    assert (refused.value.code, refused.value.details["line"]) == (2007, 6)
    assert "規則檔沒有 feez" in refused.value.text("zh")


@pytest.mark.parametrize("encoding", ["cp950", "ascii", "iso-8859-1"])
def test_a_terminal_that_lacks_letters_is_no_fault(repository, tmp_path, encoding):
    file = tmp_path / "mine.toml"
    file.write_text('id = "mine"\nbased_on = "twse-2026"\n', encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "yunhai.apps.cli", "rules", "check", str(file)],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": encoding},
        cwd=repository,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert b"mine 1.0 is sound" in done.stdout
