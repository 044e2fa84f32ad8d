"""What `yunhai journal` says to people: words instead of numbers, both languages, nothing cut, nothing read as markup."""

import datetime
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.cells import cell_len

from tests.journal.images import Map
from tests.journal.makers import base_journal, records
from tests.journal.test_command import run
from yunhai.apps import journal_text
from yunhai.apps.cli import main
from yunhai.journal import Writer, fact_of
from yunhai.journal.reasons import chinese
from yunhai.journal.verify import verify
from yunhai.kernel.clock import HOUR, SECOND, market_time
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.records import FILL, HALTED, RECORD, REMOVED, TRADE, Kind, Phase, Side

NINE = market_time(datetime.date(2026, 7, 21), 9 * HOUR)
FIRM, BRANCH = 0x39323030, 0x39324131  # "9200", "92A1"


def slot(layout: Any = RECORD, **values: int) -> Any:
    one = np.zeros(1, layout)
    one["version"], one["time"] = 1, NINE
    for name, value in values.items():
        one[name] = value
    return one.view(RECORD)


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    order = {"tenant": FIRM, "account": BRANCH, "order_id": 17, "book": 3, "side": Side.BUY, "order_type": 2}
    with Writer(tmp_path / "journal", segment_bytes=1 << 16) as writer:
        writer.submit(slot(kind=Kind.PHASE, book=3, side=Phase.CONTINUOUS, order_type=Phase.COLLECT, state=1))
        writer.submit(
            np.concatenate(
                [
                    slot(kind=Kind.NEW, price=22_000_000, quantity=3_000, state=2, filled=3_000, **order),
                    slot(
                        TRADE, kind=Kind.TRADE, trade=1, book=3, price=22_000_000, quantity=3_000, buy_id=17, sell_id=9
                    ),
                    slot(
                        FILL,
                        kind=Kind.FILL,
                        tenant=7,
                        order_id=9,
                        book=3,
                        price=22_000_000,
                        quantity=3_000,
                        liquidity=1,
                    ),
                    slot(kind=Kind.NEW, price=29_999_000, quantity=1_000, code=1015, status=21, **order),
                    slot(REMOVED, kind=Kind.REMOVED, order_id=4, book=3, side=2, order_type=1, quantity=5, code=4),
                    slot(
                        HALTED,
                        kind=Kind.HALTED,
                        until=NINE + 120 * SECOND,
                        book=3,
                        price=22_000_000,
                        outside=23_000_000,
                    ),
                    slot(kind=99, code=4),
                ]
            )
        )
        writer.submit_fact(fact_of({"a": 1}, number=12, tenant=FIRM, time=NINE))
    return tmp_path / "journal"


def told(capsys: pytest.CaptureFixture[str], *words: str | Path) -> tuple[int, str, str]:
    """(exit code, standard output, standard error)."""
    capsys.readouterr()
    code = main(["journal", *map(str, words)])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_show_says_what_numbers_stand_for(journal: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = told(capsys, "show", journal)
    assert code == 0
    for words in (
        "#1 PHASE 時段 2026-07-21 09:00:00",
        "phase 時段 continuous 逐筆 · before it 之前 collecting 收單",
        "order 委託書 17 · firm 券商 9200 · account 帳號 92A1 · book 簿 3",
        "buy 買 · limit 限價 · 3,000 shares 股 · NT$ 2200.00 · ROD",
        "→ filled 全部成交 · filled 成交 3,000 · left 剩餘 0",
        "→ refused 拒絕",
        "1015 價格高於漲停價 Price is above limit-up",
        "buy order 買方委託書 17 · sell order 賣方委託書 9",
        "firm 券商 7 ",
        "maker 被動",
        "session end 收盤",
        "until 至 2026-07-21 09:02:00",
        "NT$ 2300.00",
        "fact number 事實編號 12",
        "#8 99 ",
    ):
        assert words in out, words
    assert str(FIRM) not in out
    assert "22000000" not in out
    assert max(map(cell_len, out.splitlines())) <= 100


def test_show_by_firm(journal: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = run(capsys, "show", journal, "--firm", "9200")[1]["records"]
    assert [(row["sequence"], row["firm"]) for row in rows] == [(2, "9200"), (5, "9200"), (9, "9200")]
    assert rows[0]["price"] == 22_000_000
    assert rows[0]["price_nt"] == "2200.00"
    assert run(capsys, "show", journal, "--firm", "92[]")[0] == 2


def test_an_unknown_sequence_is_refused(journal: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "show", journal, "--sequence", "9")[0] == 0
    code, answer = run(capsys, "show", journal, "--sequence", "10")
    assert (code, answer["error"]["code"], answer["error"]["details"]["last"]) == (2, 3015, 9)
    code, out, _ = told(capsys, "show", journal, "--order", "12345")
    assert (code, out) == (0, "no record matches 查無符合的紀錄\n")


def test_stats_have_units_and_both_languages(journal: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = told(capsys, "stats", journal)
    lines = out.splitlines()
    assert re.search(r"^traded value 成交金額 +NT\$ 6,600,000\.00$", out, re.M)
    assert re.search(r"^first written 最早寫入 +20\d\d-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)? Taipei 台北$", out, re.M)
    assert re.search(r"^groups 批次 +\d \+ 1 closing marks 關閉標記$", out, re.M)
    assert "  NEW 新單" in out
    assert "  firm 券商 9200" in out
    answer = run(capsys, "stats", journal)[1]
    assert (answer["traded_value"], answer["traded_value_nt"]) == (66_000_000_000, "6600000.00")
    assert (answer["closing_marks"], answer["chain"] != answer["records_chain"]) == (1, True)
    assert any(line.endswith(answer["chain"]) for line in lines)


def test_commands_agree_about_groups_and_chains(
    journal: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    verdict, stats = run(capsys, "verify", journal)[1], run(capsys, "stats", journal)[1]
    signed = run(capsys, "checkpoint", journal, "--to", tmp_path / "kept", "--key", tmp_path / "k", "--new-key")[1]
    for name in ("groups", "closing_marks", "segments", "chain", "records_chain"):
        assert verdict[name] == stats[name], name
    assert (signed["chain"], signed["group"]) == (verdict["records_chain"], verdict["groups"])


@pytest.mark.parametrize("columns", ["40", "80", "200"])
def test_hashes_are_never_cut(
    journal: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setenv("FORCE_COLOR", "1")
    for words in ("verify", "stats"):
        chain = run(capsys, words, journal)[1]["chain"]
        out = told(capsys, words, journal)[1]
        assert chain in out
        assert "…" not in out


def test_with_json_standard_output_is_the_object_alone(journal: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words in ("verify", "stats", "show"):
        _, out, err = told(capsys, words, journal, "--json")
        assert isinstance(json.loads(out), dict)
        assert out.count("\n") == 1
        assert err


def test_names_with_brackets_are_no_markup(journal: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (journal / "[red]x[").touch()
    (journal / "\x1b[2J").touch()
    code, out, _ = told(capsys, "verify", journal)
    assert code == 0
    assert "[red]x[" in out
    assert "\x1b" not in out
    assert r"\x1b[2J" in out


def test_the_verdict_is_said_in_both_languages(
    journal: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = told(capsys, "verify", journal)[1]
    assert "verdict 結論: 正確，已關閉" in out
    assert "最後批次之後沒有資料" in out
    alive = Writer(tmp_path / "alive", segment_bytes=1 << 16)
    alive.submit(records(9, 1))
    alive.flush()
    code, out, _ = told(capsys, "verify", tmp_path / "alive")
    assert code == 0
    assert "  right;" not in out
    assert "not closed: the end is not proved without a checkpoint" in out
    assert "未關閉：沒有檢查點，無法證明尾端完整" in out
    answer = run(capsys, "verify", tmp_path / "alive")[1]
    assert (answer["verdict"], answer["end_proof"], answer["foreign_files"]) == ("end-not-proved", None, [])
    alive.close()
    segment = next((tmp_path / "alive").glob("*.yj"))
    segment.write_bytes(segment.read_bytes() + b"more")
    code, out, _ = told(capsys, "verify", tmp_path / "alive")
    assert code == 1
    assert "✗ 3014 segment-long" in out
    assert "區段檔案被加長" in out


@pytest.mark.parametrize("ending", ["clean", "torn", "garbage", "after-closing", "living", "unread"])
def test_every_ending_is_explained(ending: str) -> None:
    verdict = verify(base_journal(3))
    named = type(verdict)(**{name: getattr(verdict, name) for name in verdict.__slots__} | {"ending": ending})
    english, in_chinese = journal_text.ending_texts(named)
    assert english != ending
    assert re.search("[\u4e00-\u9fff]", in_chinese)


def test_a_refused_checkpoint_leaves_nothing(journal: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "taken.pub").touch()
    before = sorted(tmp_path.rglob("*"))
    for target, key in ((journal / "sub", "k"), (tmp_path / "file" / "in", "k"), (tmp_path / "kept", "taken")):
        code, answer = run(capsys, "checkpoint", journal, "--to", target, "--key", tmp_path / key, "--new-key")
        assert (code, answer["error"]["code"]) == (2, 3023 if target == journal / "sub" else 5002)
        assert sorted(tmp_path.rglob("*")) == before, target
    (tmp_path / "bad").write_text("no key")
    code, answer = run(capsys, "checkpoint", journal, "--to", tmp_path / "kept", "--key", tmp_path / "bad")
    assert (code, answer["error"]["code"]) == (2, 3022)
    assert not (tmp_path / "kept").exists()


def test_the_groups_help_lists_every_command_with_its_chinese(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = told(capsys, "--help")
    for name, words in (
        ("checkpoint", "簽署檢查點"),
        ("export", "匯出租戶紀錄"),
        ("import-verify", "驗證匯出檔"),
        ("show", "查詢紀錄"),
        ("stats", "統計"),
        ("verify", "驗證日誌"),
    ):
        assert f"  {name} " in out
        assert words in out


NATIVE = Path(__file__).parents[2] / "native/journal"
WORDS = re.compile(r'"([a-z0-9][^"]*?)"')
NOT_SHOWN = {"next.space", "writer.lock", "durable.hint", ".yj", " stand here", " stands here"}


@pytest.mark.parametrize("source", ["cursor.cpp", "tail.cpp", "log.cpp", "writer.cpp"])
def test_every_native_reason_has_its_chinese(source: str) -> None:
    text = re.sub(r"//.*|#include.*", "", (NATIVE / source).read_text())
    said = set(WORDS.findall(text)) - NOT_SHOWN
    assert said
    whole = {"the group of sequence ": "7 stands here", "the record of sequence ": "7 stands here"} | {
        "a record of ": "7-9 was edited and its checksum made to fit"
    }
    for reason in said:
        reason += whole.get(reason, "")
        assert re.search("[\u4e00-\u9fff]", chinese(reason)), reason


def test_every_reason_of_the_package_has_its_chinese() -> None:
    package = Path(__file__).parents[2] / "src/yunhai/journal"
    said = set()
    for file in package.glob("*.py"):
        said |= set(re.findall(r'refusal\(\s*[A-Z_]+,\s*"([^"]+)"', file.read_text()))
        assert not re.search(r"YunhaiError\([^)]*reason=", file.read_text()) or file.name == "errors.py", file.name
    assert len(said) > 20
    for reason in said:
        assert re.search("[\u4e00-\u9fff]", chinese(reason)), reason


def test_damage_is_told_in_chinese_without_english_words() -> None:
    disk = base_journal(31)
    layout = Map(disk)
    group = layout.audit.groups[3]
    disk.flip(group.segment, group.places[0] + 20, 1)
    problem = verify(disk).problems[0]
    assert isinstance(problem, YunhaiError)
    text = problem.text("zh")
    assert group.segment in text
    assert str(group.first_sequence) in text
    assert not re.search("[A-Za-z=]{3,}", text.replace(group.segment, ""))
