"""The folder and the files around a journal: durable, never through a link, bounded, and failures said."""

import errno
import os
import platform
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.journal.makers import JOURNAL_ID, records
from yunhai.journal import Reader, Writer, checkpoints
from yunhai.journal.files import whole_file
from yunhai.kernel.errors import YunhaiError


def write(folder: Path) -> None:
    with Writer(folder, segment_bytes=8192, journal_id=JOURNAL_ID) as writer:
        writer.submit(records(20, 1))


class Syncs:
    """Python's syncs: of which folder, and what stood in it then. (The native ones are the disk port's.)"""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, failing: Path | None = None) -> None:
        self.seen: list[tuple[Path, list[str]]] = []
        self._failing = failing
        self._sync = os.fsync
        monkeypatch.setattr(os, "fsync", self)

    def __call__(self, handle: int) -> None:
        path = Path(f"/proc/self/fd/{handle}").readlink()
        if path == self._failing:
            raise OSError(errno.EIO, os.strerror(errno.EIO), str(path))
        if path.is_dir():
            self.seen.append((path, os.listdir(path)))
        self._sync(handle)


def test_every_folder_that_is_made_is_synced_where_it_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    syncs = Syncs(monkeypatch)
    write(tmp_path / "a" / "b" / "j")
    assert syncs.seen == [(tmp_path, ["a"]), (tmp_path / "a", ["b"]), (tmp_path / "a" / "b", ["j"])]


def test_a_folder_that_was_there_may_not_have_been_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "j").mkdir()
    syncs = Syncs(monkeypatch)
    write(tmp_path / "j")
    assert syncs.seen == [(tmp_path, ["j"])]


def test_nothing_is_taken_when_a_folder_cannot_be_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Syncs(monkeypatch, failing=tmp_path / "a")
    with pytest.raises(YunhaiError) as refused:
        write(tmp_path / "a" / "j")
    assert refused.value.code == 3011
    assert not list((tmp_path / "a" / "j").iterdir())


@pytest.mark.parametrize("name", ["writer.lock", "durable.hint"])
def test_a_writer_follows_no_link(tmp_path: Path, name: str) -> None:
    target = tmp_path / "precious"
    target.write_text("a text of more than eight bytes")
    (tmp_path / "j").mkdir()
    (tmp_path / "j" / name).symlink_to(target)
    with pytest.raises(YunhaiError) as refused:
        write(tmp_path / "j")
    assert (refused.value.code, refused.value.details["disk"]) == (3011, os.strerror(errno.ELOOP))
    assert target.read_text() == "a text of more than eight bytes"


def test_a_reader_follows_no_link(tmp_path: Path) -> None:
    """Else a link to another journal's lock and hint would hide what this one holds."""
    write(tmp_path / "j")
    with Writer(tmp_path / "other", segment_bytes=8192):
        for name in ("writer.lock", "durable.hint"):
            (tmp_path / "j" / name).unlink()
            (tmp_path / "j" / name).symlink_to(tmp_path / "other" / name)
        group = Reader(tmp_path / "j", follow=True).next()
        assert group is not None
        assert group.count == 20


def test_a_pipe_for_a_segment_holds_nobody_up(tmp_path: Path) -> None:
    write(tmp_path / "j")
    segment = next((tmp_path / "j").glob("*.yj"))
    segment.unlink()
    os.mkfifo(segment)
    done = run_python(f"from yunhai.journal import Reader; Reader({str(tmp_path / 'j')!r})")
    assert "3011 journal-disk" in done.stderr


def run_python(code: str, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", textwrap.dedent(code), *words]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=180)


def test_a_folder_that_cannot_be_listed_is_not_an_empty_one(tmp_path: Path) -> None:
    """The kernel is told (seccomp) to fail every listing: the journal must say so, not begin a new one."""
    numbers = {"x86_64": 217, "aarch64": 61}
    if platform.machine() not in numbers:
        pytest.skip("getdents64's number is not known here")
    write(tmp_path / "j")
    before = sorted(path.name for path in (tmp_path / "j").iterdir())
    done = run_python(
        """
        import ctypes, struct, sys
        from yunhai.journal import Reader, Writer
        from yunhai.kernel.errors import YunhaiError
        load, equal, ret = (0x20, 0, 0, 0), (0x15, 0, 1, int(sys.argv[2])), (0x06, 0, 0, 0x7FFF0000)
        rules = [load, equal, (0x06, 0, 0, 0x00050000 | 5), ret]
        program = ctypes.create_string_buffer(b"".join(struct.pack("<HBBI", *rule) for rule in rules))
        head = ctypes.create_string_buffer(struct.pack("<HxxxxxxQ", len(rules), ctypes.addressof(program)))
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, head):
            sys.exit(77)
        for opener in (Reader, Writer):
            try:
                opener(sys.argv[1])
            except YunhaiError as error:
                print(error.code, error.details["reason"], error.details["disk"])
        """,
        str(tmp_path / "j"),
        str(numbers[platform.machine()]),
    )
    if done.returncode == 77:
        pytest.skip("this machine allows no seccomp filter")
    assert done.stdout.splitlines() == [f"3011 list {os.strerror(errno.EIO)}"] * 2, done.stderr
    assert sorted(path.name for path in (tmp_path / "j").iterdir()) == before


BOUNDED = """
    import contextlib, io, json, pathlib, resource, sys
    import yunhai.apps.commands.journal
    from yunhai.apps.cli import main
    here = int(pathlib.Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (here + (256 << 20),) * 2)
    code = main(["journal", *sys.argv[1:], "--json"])
"""
BIG = 1 << 30


def told(*words: str | Path) -> dict[str, object]:
    """The command's answer, given in 256 MiB."""
    import json

    done = run_python(BOUNDED, *map(str, words))
    assert done.stdout, done.stderr
    answer: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return answer


@pytest.mark.full
def test_a_huge_segment_costs_no_memory(tmp_path: Path) -> None:
    write(tmp_path / "j")
    segment = next((tmp_path / "j").glob("*.yj"))
    with segment.open("r+b") as file:
        file.truncate(BIG)
        file.seek(BIG - 70)
        file.write(b"rubbish")
    answer = told("verify", tmp_path / "j")
    assert (answer["right"], answer["sequence"], answer["ending"]) == (False, 20, "after-closing")


@pytest.mark.full
@pytest.mark.parametrize("which", ["export", "checkpoint", "key"])
def test_a_huge_file_costs_no_memory(tmp_path: Path, which: str) -> None:
    write(tmp_path / "j")
    private, public = checkpoints.new_key()
    reader = Reader(tmp_path / "j")
    for _ in reader:
        reader.absorb_tenants()
    checkpoint = checkpoints.at_position(checkpoints.position_of(reader), wall_ns=1)
    files = {
        "export": b"YHJEXP02" + JOURNAL_ID,
        "checkpoint": checkpoints.sign(checkpoint, checkpoints.private_key(private)),
        "key": public,
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    os.truncate(tmp_path / which, BIG)
    options: list[str | Path] = ["--checkpoint", tmp_path / "checkpoint", "--public-key", tmp_path / "key"]
    error = told("import-verify", tmp_path / "export", *options)["error"]
    assert isinstance(error, dict)
    assert error["code"] == {"export": 3040, "checkpoint": 3022, "key": 3022}[which]


def test_a_checkpoint_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "j")
    checkpoint = checkpoints.at_position(checkpoints.position_of(Reader(tmp_path / "j")), wall_ns=1)
    kept = tmp_path / "kept"
    path = checkpoints.save(b"the first", checkpoint, folder=kept, journal=tmp_path / "j")

    def fail(handle: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match=os.strerror(errno.EIO)), whole_file(path) as file:
        file.write(b"the second")
    with pytest.raises((OSError, YunhaiError)):
        checkpoints.save(b"the third", checkpoint, folder=kept, journal=tmp_path / "j")
    assert path.read_bytes() == b"the first"
    assert [found.name for found in kept.iterdir()] == [path.name]
