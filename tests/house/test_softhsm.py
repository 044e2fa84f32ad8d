"""The software HSM on a new machine: taken where it is, fetched where it can be, told once where it cannot."""

from pathlib import Path

import pytest

from tools.dev import softhsm
from tools.dev.console import SetupError
from tools.dev.environment import Places


def places_at(folder: Path) -> Places:
    places = Places(folder)
    places.environment.mkdir(parents=True)
    return places


def test_it_is_fetched_without_privilege_and_found_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    places = places_at(tmp_path)
    fetched: list[Path] = []

    def fetch(folder: Path, packages: list[str], log: Path) -> None:
        assert packages == ["libsofthsm2"]
        fetched.append(folder)
        module.parent.mkdir(parents=True)
        module.touch()

    beside = places.environment / "softhsm"
    module = beside / "usr" / "lib" / "softhsm" / "libsofthsm2.so"
    monkeypatch.setattr(softhsm, "found", lambda places: module if module.is_file() else None)
    monkeypatch.setattr(softhsm, "apt_install", lambda packages, log: False)
    monkeypatch.setattr(softhsm, "fetch_packages", fetch)
    softhsm.ensure_softhsm(places)
    softhsm.ensure_softhsm(places)
    assert fetched == [beside]


def test_the_trust_process_looks_where_it_is_put(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from yunhai.apps.trust import hsm

    module = tmp_path / "softhsm" / "usr" / "lib" / "softhsm" / "libsofthsm2.so"
    module.parent.mkdir(parents=True)
    module.touch()
    monkeypatch.delenv(hsm.MODULE_VARIABLE, raising=False)
    monkeypatch.setattr(hsm, "_USUAL", ())
    monkeypatch.setattr(hsm, "_BESIDE", tmp_path / "softhsm" / "usr" / "lib")
    assert hsm.module_path() == module
    monkeypatch.setenv(hsm.MODULE_VARIABLE, str(tmp_path / "none.so"))
    assert hsm.module_path() is None


def test_without_it_that_is_said_once_and_nothing_stops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(folder: Path, packages: list[str], log: Path) -> None:
        raise SetupError("no network")

    monkeypatch.setattr(softhsm, "found", lambda places: None)
    monkeypatch.setattr(softhsm, "apt_install", lambda packages, log: False)
    monkeypatch.setattr(softhsm, "fetch_packages", fail)
    places = places_at(tmp_path)
    softhsm.ensure_softhsm(places)
    said = capsys.readouterr()
    assert "apt-get install softhsm2" in said.out + said.err
    softhsm.ensure_softhsm(places)
    said = capsys.readouterr()
    assert said.out + said.err == ""
