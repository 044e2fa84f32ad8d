"""A backup of a living journal is its durable beginning, byte for byte; what is no backup, or not the same, is refused."""

import io
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from yunhai.apps.cloud.backup import FORMAT, back_up, restore
from yunhai.apps.cloud.places import Places
from yunhai.journal.facts import fact_of
from yunhai.journal.verify import verify
from yunhai.journal.writer import Writer
from yunhai.kernel.errors import YunhaiError

SEGMENT_BYTES = 64 * 1024


def quiet(step: str) -> None:
    pass


@pytest.fixture
def places(tmp_path: Path) -> Places:
    places = Places(tmp_path / "home")
    places.make()
    return places


@pytest.fixture
def writer(places: Places) -> Iterator[Writer]:
    """A journal over several segments, its writer still at work."""
    with Writer(places.journal, segment_bytes=SEGMENT_BYTES) as writer:
        for number in range(600):
            writer.submit_fact(fact_of({"n": number, "text": "x" * 200}, number=1, tenant=number % 3))
            if number % 50 == 0:
                writer.flush()
        writer.flush()
        yield writer


def made(places: Places, tmp_path: Path, **more: bool) -> Path:
    target = tmp_path / "backup.tar.gz"
    back_up(places, target, **({"credentials": False, "journal_only": True} | more), progress=quiet)
    return target


def test_a_living_journal_is_restored_to_its_durable_end(places: Places, writer: Writer, tmp_path: Path) -> None:
    assert len(list(places.journal.glob("*.yj"))) > 1, "over several segments"
    file = made(places, tmp_path)
    chain, sequence = writer.chain().hex(), writer.durable()
    writer.submit_fact(fact_of("after the backup", number=2))
    writer.flush()
    new = Places(tmp_path / "new")
    manifest = restore(file, new, progress=quiet)
    assert (manifest.sequence, manifest.chain) == (sequence, chain)
    verdict = verify(new.journal)
    assert verdict.right
    assert (verdict.sequence, verdict.chain) == (sequence, chain)


def test_a_restored_journal_can_be_written_on(places: Places, writer: Writer, tmp_path: Path) -> None:
    new = Places(tmp_path / "new")
    manifest = restore(made(places, tmp_path), new, progress=quiet)
    with Writer(new.journal) as again:
        assert again.submit_fact(fact_of("a new life", number=2)) == manifest.sequence + 1
    assert verify(new.journal).outcome == "right"


def test_the_file_is_the_owners_alone_and_never_written_over(places: Places, writer: Writer, tmp_path: Path) -> None:
    file = made(places, tmp_path)
    assert file.stat().st_mode & 0o777 == 0o600
    with pytest.raises(YunhaiError) as refusal:
        made(places, tmp_path)
    assert refusal.value.code == 7656


def test_credentials_go_along_only_if_asked_for(places: Places, writer: Writer, tmp_path: Path) -> None:
    places.credential("token.key", lambda: b"a secret")
    with tarfile.open(made(places, tmp_path)) as tar:
        assert not [name for name in tar.getnames() if name.startswith("credentials")]
    (tmp_path / "backup.tar.gz").unlink()
    new = Places(tmp_path / "new")
    restore(made(places, tmp_path, credentials=True), new, progress=quiet)
    assert new.credential("token.key") == b"a secret"
    assert new.credential_path("token.key").stat().st_mode & 0o777 == 0o600


def test_nothing_is_restored_over_something(places: Places, writer: Writer, tmp_path: Path) -> None:
    file = made(places, tmp_path)
    before = sorted(places.home.rglob("*"))
    with pytest.raises(YunhaiError) as refusal:
        restore(file, places, progress=quiet)
    assert refusal.value.code == 7653
    assert sorted(places.home.rglob("*")) == before


def test_without_a_journal_there_is_nothing_to_back_up(places: Places, tmp_path: Path) -> None:
    with pytest.raises(YunhaiError) as refusal:
        made(places, tmp_path)
    assert refusal.value.code == 7650
    assert not (tmp_path / "backup.tar.gz").exists()


def test_an_altered_journal_is_not_taken(places: Places, writer: Writer, tmp_path: Path) -> None:
    """Every member is rewritten with one byte of the first segment changed."""
    file, altered = made(places, tmp_path), tmp_path / "altered.tar.gz"
    with tarfile.open(file) as tar, tarfile.open(altered, "w:gz") as other:
        for member in tar:
            content = bytearray(tar.extractfile(member).read())  # type: ignore[union-attr]
            if member.name.endswith("-00000000000000000001.yj"):
                content[10_000] ^= 1
            other.addfile(member, io.BytesIO(bytes(content)))
    with pytest.raises(YunhaiError) as refusal:
        restore(altered, Places(tmp_path / "new"), progress=quiet)
    assert refusal.value.code == 7654


def tar_of(path: Path, *members: tuple[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for name, content in members:
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return path


MANIFEST = json.dumps(
    {
        "format": FORMAT,
        "version": "1",
        "made_at": 1,
        "journal": "00",
        "sequence": 1,
        "chain": "00",
        "database": False,
        "credentials": False,
    }
).encode()


@pytest.mark.parametrize(
    "members",
    [
        [],
        [("other.json", b"{}")],
        [("manifest.json", b"{")],
        [("manifest.json", b"[]")],
        [("manifest.json", b'{"format": 1}')],
        [("manifest.json", MANIFEST.replace(b'"format": 1', b'"format": 99'))],
        [("manifest.json", MANIFEST), ("../outside", b"x")],
        [("manifest.json", MANIFEST), ("/tmp/outside", b"x")],
        [("manifest.json", MANIFEST), ("journal/../../outside", b"x")],
        [("manifest.json", MANIFEST), ("journal/", b"")],
        [("manifest.json", MANIFEST), ("run/core.sock", b"x")],
    ],
)
def test_what_is_no_backup_is_refused_and_writes_nothing_outside(
    tmp_path: Path, members: list[tuple[str, bytes]]
) -> None:
    file = tar_of(tmp_path / "b.tar.gz", *members)
    with pytest.raises(YunhaiError) as refusal:
        restore(file, Places(tmp_path / "deep" / "new"), progress=quiet)
    assert refusal.value.code == 7652
    assert not list(tmp_path.rglob("outside*"))


def test_a_file_cut_short_is_refused(places: Places, writer: Writer, tmp_path: Path) -> None:
    content = made(places, tmp_path).read_bytes()
    for at, end in enumerate(np.linspace(0, len(content) * 0.9, 6).astype(int).tolist()):
        cut = tmp_path / "cut.tar.gz"
        cut.write_bytes(content[:end])
        with pytest.raises(YunhaiError) as refusal:
            restore(cut, Places(tmp_path / f"new{at}"), progress=quiet)
        assert refusal.value.code in (7652, 7654)


def test_credentials_that_systemd_gives_go_along_too(
    places: Places, writer: Writer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the key of the second factors nobody signs in to what was restored."""
    given = tmp_path / "given"
    given.mkdir()
    (given / "mfa.key").write_bytes(b"of systemd")
    places.credential("token.key", lambda: b"a secret")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(given))
    file = made(places, tmp_path, credentials=True)
    monkeypatch.delenv("CREDENTIALS_DIRECTORY")
    new = Places(tmp_path / "new")
    restore(file, new, progress=quiet)
    assert (new.credential("mfa.key"), new.credential("token.key")) == (b"of systemd", b"a secret")
