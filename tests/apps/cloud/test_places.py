"""Places: one home, modes that keep strangers out, sockets that fit, credentials made once."""

import stat
import threading
from pathlib import Path

import pytest

from yunhai.apps.cloud.places import Places, default_home
from yunhai.kernel.limits import CREDENTIAL_BYTES_MAX, SOCKET_PATH_BYTES_MAX


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_folders_are_made_with_their_modes(tmp_path: Path) -> None:
    places = Places(tmp_path / "home")
    places.make()
    assert {path.name: oct(mode(path)) for path in (tmp_path / "home").iterdir() if path.is_dir()} == {
        name: "0o711" if name == "run" else "0o700"
        for name in ({"run"} if places.run.parent == places.home else set())
        | {"credentials", "journal", "snapshots", "checkpoints", "mail", "logs"}
    }
    places.make()  # again changes nothing


def test_sockets_fit_whatever_the_home(tmp_path: Path) -> None:
    for home in (tmp_path, tmp_path / ("long" * 40)):
        places = Places(home)
        for path in (places.core_socket, places.inner_socket, places.postgres_sockets / ".s.PGSQL.5432"):
            assert len(str(path).encode()) <= SOCKET_PATH_BYTES_MAX
    assert Places(tmp_path / ("long" * 40)).run != Places(tmp_path / ("long" * 41)).run


def test_the_home_is_named_by_the_variable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("YUNHAI_HOME", str(tmp_path))
    assert default_home() == tmp_path == Places.at().home
    assert Places.at(tmp_path / "other").home == tmp_path / "other"


def test_a_run_folder_of_somebody_elses_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    places = Places(tmp_path)
    places.make()
    monkeypatch.setattr("os.geteuid", lambda: 12_345)
    with pytest.raises(PermissionError):
        places.make()


class TestCredentials:
    def test_made_once_and_kept(self, tmp_path: Path) -> None:
        places = Places(tmp_path)
        places.make()
        assert places.credential("a", lambda: b"first") == b"first"
        assert places.credential("a", lambda: b"second") == b"first"
        assert mode(places.credential_path("a")) == 0o600
        assert [path.name for path in places.credentials.iterdir()] == ["a"]

    def test_two_who_ask_at_once_get_the_same(self, tmp_path: Path) -> None:
        places = Places(tmp_path)
        places.make()
        gate, got = threading.Barrier(8), []

        def ask(number: int) -> None:
            gate.wait()
            got.append(places.credential("a", lambda: b"%d" % number))

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(set(got)) == 1

    def test_systemds_come_first(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        (tmp_path / "given").mkdir()
        (tmp_path / "given" / "a").write_bytes(b"systemd's")
        monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path / "given"))
        assert Places(tmp_path).credential("a", lambda: b"made") == b"systemd's"
        assert Places(tmp_path).credential("b", lambda: b"made") == b"made"

    def test_none_without_a_maker_and_none_too_large(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError):
            Places(tmp_path).credential("a")
        with pytest.raises(ValueError, match="too large"):
            Places(tmp_path).credential("b", lambda: bytes(CREDENTIAL_BYTES_MAX + 1))
