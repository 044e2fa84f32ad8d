"""Credentials: each process makes its own and no other's; what was given is neither unlinked nor replaced."""

import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from yunhai.apps.cloud.places import Places
from yunhai.apps.cloud.prepare import make_credentials, require_credential
from yunhai.kernel.errors import YunhaiError
from yunhai.trading.trust.activations import new_pair, public_of

PAIRS = ("token", "activation")


def kept(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def places(tmp_path: Path) -> Places:
    found = Places(tmp_path / "home")
    found.make()
    return found


@pytest.fixture
def given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """systemd's folder."""
    folder = tmp_path / "given"
    folder.mkdir()
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder))
    return folder


def test_the_webs_are_made_once_and_belong_together(places: Places) -> None:
    make_credentials(places)
    made = kept(places.credentials)
    assert set(made) == {
        "django.key", "mfa.key", "door.key", "token.key", "token.pub", "activation.key", "activation.pub",
    }  # fmt: skip
    for name in PAIRS:
        assert made[f"{name}.pub"] == public_of(made[f"{name}.key"])
    make_credentials(places)
    assert kept(places.credentials) == made


def test_two_who_start_at_once_have_pairs_that_belong_together(places: Places) -> None:
    gate = threading.Barrier(4)

    def start() -> None:
        gate.wait()
        make_credentials(places)

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    made = kept(places.credentials)
    for name in PAIRS:
        assert made[f"{name}.pub"] == public_of(made[f"{name}.key"])


@pytest.mark.parametrize("name", PAIRS)
def test_a_public_key_that_was_given_alone_is_kept_and_refused(places: Places, given: Path, name: str) -> None:
    (given / f"{name}.pub").write_bytes(new_pair()[1])
    before = kept(given)
    with pytest.raises(YunhaiError) as refused:
        make_credentials(places)
    assert (refused.value.code, refused.value.details["name"]) == (7516, f"{name}.key")
    assert kept(given) == before
    assert not {f"{name}.key", f"{name}.pub"} & set(kept(places.credentials))


def test_all_given_nothing_is_made(places: Places, given: Path) -> None:
    for name in ("django.key", "mfa.key", "door.key"):
        (given / name).write_bytes(b"given")
    for name in PAIRS:
        private, public = new_pair()
        (given / f"{name}.key").write_bytes(private)
        (given / f"{name}.pub").write_bytes(public)
    before = kept(given)
    make_credentials(places)
    assert (kept(given), kept(places.credentials)) == (before, {})


def test_one_that_another_process_makes_is_missed_with_its_name(places: Places) -> None:
    with pytest.raises(YunhaiError) as refused:
        require_credential(places, "token.pub")
    assert (refused.value.code, refused.value.details["name"]) == (7516, "token.pub")
    assert kept(places.credentials) == {}


# --- the commands as their units start them ---


class StartedError(Exception):
    """The command came as far as to serve."""


async def _serve(*_: Any, **_named: Any) -> None:
    raise StartedError


def _core(_: Any) -> None:
    raise StartedError


UNITS: dict[str, tuple[str, Callable[..., Any]]] = {
    "trust": ("yunhai.apps.trust.process.serve", _serve),
    "core": ("yunhai.trading.core.core.Core", _core),
    "stream": ("yunhai.trading.stream.process.serve", _serve),
}
"""Of each command, what it calls when all is read."""


def start(name: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from click.testing import CliRunner

    import yunhai.apps.commands.core
    import yunhai.apps.commands.stream
    import yunhai.apps.commands.trust

    place, instead = UNITS[name]
    monkeypatch.setattr(place, instead)
    monkeypatch.setenv("YUNHAI_HOME", str(home))
    module = getattr(yunhai.apps.commands, name)
    monkeypatch.setattr("yunhai.apps.cloud.logs.configure", lambda _: None)
    monkeypatch.setattr(module, "configure", lambda _: None, raising=False)
    done = CliRunner().invoke(module.command, ["--home", str(home)], catch_exceptions=True)
    assert done.exception is not None
    raise done.exception


@pytest.mark.parametrize("name", sorted(UNITS))
def test_a_part_starts_with_what_its_unit_gives_and_makes_nothing(
    places: Places, given: Path, repository: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    unit = (repository / "deploy/systemd" / f"yunhai-{name}.service").read_text()
    wanted = re.findall(r"^LoadCredential=([\w.]+):", unit, re.MULTILINE)
    assert wanted
    public = new_pair()[1]
    for one in wanted:
        (given / one).write_bytes(public if one.endswith(".pub") else b"given")
    given.chmod(0o500)
    before = kept(given)
    with pytest.raises(StartedError):
        start(name, places.home, monkeypatch)
    assert (kept(given), kept(places.credentials)) == (before, {})


@pytest.mark.parametrize("name", sorted(UNITS))
def test_a_part_alone_makes_no_key_of_the_webs(places: Places, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    with pytest.raises(YunhaiError) as refused:
        start(name, places.home, monkeypatch)
    assert refused.value.code == 7516
    assert set(kept(places.credentials)) <= {"door.key"}
