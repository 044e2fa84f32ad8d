"""`yunhai journal` from the outside: one JSON object last, exit codes, and what a stranger needs to prove a journal."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.journal.makers import fact_slots, records
from yunhai.apps.cli import main
from yunhai.journal import Writer


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    folder = tmp_path / "journal"
    with Writer(folder, segment_bytes=1 << 16) as writer:
        for number in range(30):
            writer.submit(records(50, number))
            writer.submit(fact_slots(number, 5))
    return folder


def run(capsys: pytest.CaptureFixture[str], *words: str | Path) -> tuple[int, dict[str, Any]]:
    """(exit code, the JSON object that was printed last)."""
    capsys.readouterr()
    try:
        code = main([str(word) for word in ("journal", *words, "--json")])
    except SystemExit as leaving:
        code = int(leaving.code or 0)
    answer: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return code, answer


def test_verify_stats_and_show(journal: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, answer = run(capsys, "verify", journal)
    assert (code, answer["right"], answer["sequence"], answer["sealed"]) == (0, True, 1530, True)
    code, stats = run(capsys, "stats", journal)
    assert (code, stats["records"], stats["kinds"]["FACT"], stats["chain"]) == (0, 1530, 30, answer["chain"])
    code, shown = run(capsys, "show", journal, "--sequence", "51", "--limit", "2")
    assert code == 0
    assert next((row["sequence"], row["kind"]) for row in shown["records"]) == (51, "FACT")
    code, shown = run(capsys, "show", journal, "--tenant", "2", "--limit", "9")
    assert {row["tenant"] for row in shown["records"]} == {2}
    order = next(row["order_id"] for row in run(capsys, "show", journal)[1]["records"] if row["kind"] == "NEW")
    assert run(capsys, "show", journal, "--order", str(order))[1]["records"]


def test_damage_is_named_with_exit_code_one(journal: Path, capsys: pytest.CaptureFixture[str]) -> None:
    row = run(capsys, "show", journal, "--sequence", "700", "--limit", "1")[1]["records"][0]
    path = journal / row["segment"]
    data = bytearray(path.read_bytes())
    data[row["offset"] + 8] ^= 1
    path.write_bytes(data)
    code, answer = run(capsys, "verify", journal)
    assert (code, answer["right"]) == (1, False)
    details = answer["problems"][0]["details"]
    assert (details["segment"], details["sequence"], details["offset"]) == (row["segment"], 700, row["offset"])


def test_checkpoint_export_and_proof(journal: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key, public = tmp_path / "key.pem", tmp_path / "key.pem.pub"
    code, made = run(capsys, "checkpoint", journal, "--to", tmp_path / "kept", "--key", key, "--new-key")
    assert (code, made["sequence"]) == (0, 1530)
    code, answer = run(capsys, "verify", journal, "--checkpoints", tmp_path / "kept", "--public-key", public)
    assert (code, answer["proven_to"]) == (0, 1530)
    proof = ["--checkpoint", made["file"], "--public-key", public]
    code, sent = run(capsys, "export", journal, "--tenant", "1", *proof, "--out", tmp_path / "mine")
    assert code == 0
    code, got = run(capsys, "import-verify", tmp_path / "mine", *proof)
    assert (code, got["records"], got["head"]) == (0, sent["records"], sent["head"])
    (tmp_path / "mine").write_bytes((tmp_path / "mine").read_bytes()[:-64])
    assert run(capsys, "import-verify", tmp_path / "mine", *proof)[1]["error"]["code"] == 3040


def test_a_cut_tail_is_found_by_the_checkpoint(
    journal: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key, public = tmp_path / "key.pem", tmp_path / "key.pem.pub"
    run(capsys, "checkpoint", journal, "--to", tmp_path / "kept", "--key", key, "--new-key")
    sorted(journal.glob("*.yj"))[-1].unlink()
    assert run(capsys, "verify", journal)[0] == 0
    code, answer = run(capsys, "verify", journal, "--checkpoints", tmp_path / "kept", "--public-key", public)
    assert (code, [problem["code"] for problem in answer["problems"]]) == (1, [3020])


@pytest.mark.parametrize("words", [("verify", "nowhere"), ("stats", "nowhere"), ("show", "nowhere")])
def test_no_journal(words: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, answer = run(capsys, words[0], tmp_path / words[1])
    assert (code, answer["error"]["code"]) == (2, 3002)


def test_a_checkpoint_does_not_go_into_the_journal(
    journal: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, answer = run(capsys, "checkpoint", journal, "--to", journal / "in", "--key", tmp_path / "k", "--new-key")
    assert (code, answer["error"]["code"]) == (2, 3023)
