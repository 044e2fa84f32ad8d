"""`yunhai journal` from the outside: one JSON object last, exit codes, and what a stranger needs to prove a journal."""

import json
import os
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
    code = main([str(word) for word in ("journal", *words, "--json")])
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
    assert not (tmp_path / "k").exists()  # refused before anything was made


@pytest.fixture
def proof(journal: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> list[str | Path]:
    """A checkpoint of the journal, made and kept, as the options that name it."""
    key = tmp_path / "key.pem"
    made = run(capsys, "checkpoint", journal, "--to", tmp_path / "kept", "--key", key, "--new-key")[1]
    return ["--checkpoint", made["file"], "--public-key", tmp_path / "key.pem.pub"]


def test_an_export_never_goes_into_a_journal(
    journal: Path, tmp_path: Path, proof: list[str | Path], capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path.name: path.read_bytes() for path in journal.iterdir()}
    segment = min(journal.glob("*.yj"))
    other = tmp_path / "other"
    with Writer(other, segment_bytes=1 << 16) as writer:
        writer.submit(records(1, 1))
    (tmp_path / "link").symlink_to(journal)
    for out in (segment, journal / "mine", tmp_path / "link" / "mine", other / "mine"):
        code, answer = run(capsys, "export", journal, "--tenant", "1", *proof, "--out", out)
        assert (code, answer["error"]["code"]) == (2, 3023), out
    assert {path.name: path.read_bytes() for path in journal.iterdir()} == before
    assert not (other / "mine").exists()


def test_an_export_touches_no_other_file(
    journal: Path, tmp_path: Path, proof: list[str | Path], capsys: pytest.CaptureFixture[str]
) -> None:
    precious = tmp_path / "precious"
    precious.write_text("keep me")
    out = tmp_path / "out" / "mine"
    out.parent.mkdir()
    for name in ("mine", "mine.tmp"):
        (out.parent / name).symlink_to(precious)
    assert run(capsys, "export", journal, "--tenant", "1", *proof, "--out", out)[0] == 0
    assert precious.read_text() == "keep me"
    assert not out.is_symlink()
    assert {path.name for path in out.parent.iterdir()} == {"mine", "mine.tmp"}


def test_a_private_key_is_never_readable_by_others(
    journal: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for changer in ("chmod", "fchmod"):  # it must be made closed, not closed afterwards
        monkeypatch.setattr(os, changer, lambda *_, **__: None)
    before = os.umask(0)
    try:
        run(capsys, "checkpoint", journal, "--to", tmp_path / "kept", "--key", tmp_path / "key.pem", "--new-key")
    finally:
        os.umask(before)
    assert (tmp_path / "key.pem").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("name", ["key.pem", "key.pem.pub"])
def test_a_new_key_writes_over_nothing(
    journal: Path, tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / name).write_text("keep me")
    words = ("checkpoint", journal, "--to", tmp_path / "kept", "--key", tmp_path / "key.pem", "--new-key")
    code, answer = run(capsys, *words)
    assert (code, answer["error"]["code"]) == (2, 5002)
    assert (tmp_path / name).read_text() == "keep me"
    assert [path.name for path in tmp_path.glob("key.pem*")] == [name]
