"""How the house gets its installer: the machine's package settings, the index page, and what is refused."""

import hashlib
import io
import json
import os
import platform
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from tools.dev import environment, index, native
from tools.dev.commands import COMMANDS, HELP
from tools.dev.console import SetupError, run_quietly
from tools.dev.environment import Places, clear_environment, read_stamp, write_stamp


def settings(environment: dict[str, str], *files: Path) -> index.Settings:
    return index.read_settings(environment, list(files))


def test_without_any_setting_the_public_index_is_used() -> None:
    found = settings({})
    assert found.index == index.DEFAULT_INDEX
    assert found.extra == ()
    assert found.links == ()


def test_pips_files_are_read_and_the_later_one_wins(tmp_path: Path) -> None:
    first, second = tmp_path / "a.conf", tmp_path / "b.conf"
    first.write_text(
        "[global]\nindex-url = https://first.example/simple/\nextra-index-url =\n  file:///a\n  file:///b\n"
    )
    second.write_text(
        "[global]\nindex-url = https://second.example/simple\ncert = /c.pem\n[install]\nfind-links = /wheels\n"
    )
    found = settings({}, first, second, tmp_path / "absent.conf")
    assert found == index.Settings("https://second.example/simple", ("file:///a", "file:///b"), ("/wheels",), "/c.pem")


@pytest.mark.parametrize("name", ["UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL"])
def test_a_variable_goes_before_a_file(tmp_path: Path, name: str) -> None:
    file = tmp_path / "pip.conf"
    file.write_text("[global]\nindex-url = https://file.example/simple\n")
    assert settings({name: "https://variable.example/simple"}, file).index == "https://variable.example/simple"


def test_a_broken_file_is_left_to_pip(tmp_path: Path) -> None:
    file = tmp_path / "pip.conf"
    file.write_bytes(b"\xff\xfe not an ini file")
    assert settings({}, file).index == index.DEFAULT_INDEX


def test_config_file_may_be_switched_off() -> None:
    assert index.pip_files({"PIP_CONFIG_FILE": os.devnull, "HOME": "/h"}) == []


def test_the_installer_is_told_in_its_own_words() -> None:
    found = index.Settings("https://i.example/simple", ("file:///a", "file:///b"), ("/wheels",), "/c.pem")
    told = index.installer_environment({"PYTHONPATH": "x", "UV_FIND_LINKS": "/own"}, found)
    assert told["UV_DEFAULT_INDEX"] == "https://i.example/simple"
    assert told["UV_INDEX"] == "file:///a file:///b"
    assert told["UV_FIND_LINKS"] == "/own"
    assert told["SSL_CERT_FILE"] == "/c.pem"
    assert "PYTHONPATH" not in told


@pytest.mark.parametrize(
    ("name", "machine", "libc", "suits"),
    [
        ("uv-1.2.3-py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.whl", "x86_64", "glibc", True),
        ("uv-1.2.3-py3-none-manylinux_2_17_aarch64.whl", "aarch64", "glibc", True),
        ("uv-1.2.3-py3-none-musllinux_1_1_x86_64.whl", "x86_64", "musl", True),
        ("uv-1.2.3-py3-none-musllinux_1_1_x86_64.whl", "x86_64", "glibc", False),
        ("uv-1.2.3-py3-none-manylinux_2_17_aarch64.whl", "x86_64", "glibc", False),
        ("uv-1.2.4-py3-none-manylinux_2_17_x86_64.whl", "x86_64", "glibc", False),
        ("uv-1.2.3-py3-none-macosx_11_0_arm64.whl", "x86_64", "glibc", False),
        ("uv-1.2.3.tar.gz", "x86_64", "glibc", False),
        ("uv-1.2.3.1-py3-none-manylinux_2_17_x86_64.whl", "x86_64", "glibc", False),
    ],
)
def test_the_wheel_for_this_machine_is_chosen(name: str, machine: str, libc: str, suits: bool) -> None:
    assert index.wheel_suits(name, package="uv", version="1.2.3", machine=machine, libc=libc) is suits


def test_both_forms_of_an_index_page_are_understood() -> None:
    page = "https://i.example/simple/uv/"
    body = json.dumps(
        {"files": [{"filename": "uv-1.whl", "url": "../../f/uv-1.whl", "hashes": {"sha256": "ab"}}]}
    ).encode()
    assert index.project_files(body, "application/vnd.pypi.simple.v1+json", page) == [
        ("uv-1.whl", "https://i.example/f/uv-1.whl", "ab")
    ]
    html = b'<a href="../../f/uv-1.whl#sha256=ab">uv-1.whl</a><a>no address</a>'
    assert index.project_files(html, "text/html", page) == [("uv-1.whl", "https://i.example/f/uv-1.whl", "ab")]


class LocalIndex:
    """A package index in a folder, with one uv wheel whose program prints a line."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.page = folder / "simple" / "uv" / "index.html"
        self.page.parent.mkdir(parents=True)
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("uv-9.9.9.data/scripts/uv", "#!/bin/sh\necho planted uv\n")
        self.wheel = packed.getvalue()
        kind = "manylinux_2_17" if platform.libc_ver()[0] == "glibc" else "musllinux_1_1"
        name = f"uv-9.9.9-py3-none-{kind}_{platform.machine()}.whl"
        (self.page.parent / name).write_bytes(self.wheel)
        self.page.write_text(f'<a href="{name}">{name}</a>')
        self.settings = index.Settings((folder / "simple").as_uri(), (), (), None)

    def lock(self, digest: str) -> Path:
        path = self.folder / "bootstrap.lock"
        path.write_text(f"uv==9.9.9 \\\n    --hash=sha256:{'0' * 64} \\\n    --hash=sha256:{digest}\n")
        return path


@pytest.fixture
def local_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LocalIndex:
    monkeypatch.setattr(index, "_wheel_by_pip", lambda lock, folder: None)  # a machine without pip
    local = LocalIndex(tmp_path)
    # file: pages have no folder index; name the page itself, as a web server would.
    opened = index._open
    monkeypatch.setattr(
        index,
        "_open",
        lambda address, *rest: opened(address + "index.html" if address.endswith("/") else address, *rest),
    )
    return local


def test_uv_is_fetched_without_pip_and_runs(local_index: LocalIndex, tmp_path: Path) -> None:
    lock = local_index.lock(hashlib.sha256(local_index.wheel).hexdigest())
    program = index.fetch_uv(lock, local_index.settings, tmp_path / "cache")
    assert subprocess.run([program], capture_output=True, text=True, check=True).stdout == "planted uv\n"
    shutil.rmtree(tmp_path / "simple")
    assert index.fetch_uv(lock, local_index.settings, tmp_path / "cache") == program, (
        "the second time it is there already"
    )


def test_a_wheel_with_another_hash_is_refused(local_index: LocalIndex, tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"SHA-256 is not in requirements/bootstrap\.lock"):
        index.fetch_uv(local_index.lock("1" * 64), local_index.settings, tmp_path / "cache")
    assert not list((tmp_path / "cache").glob("uv-*"))


def test_an_index_that_does_not_answer_is_named(tmp_path: Path, local_index: LocalIndex) -> None:
    nowhere = index.Settings((tmp_path / "nowhere").as_uri(), (), (), None)
    with pytest.raises(SetupError, match=r"(?s)nowhere.*ca-certificates"):
        index.fetch_uv(local_index.lock("1" * 64), nowhere, tmp_path / "cache")


def test_a_package_that_is_not_locked_is_named() -> None:
    with pytest.raises(SetupError, match="uv is not in the lock"):
        index.locked("ruff==1 \\\n    --hash=sha256:" + "0" * 64 + "\n", "uv")


def test_a_failing_step_shows_the_end_of_its_log(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "log"
    log.write_text("an older failure\n")
    with pytest.raises(SetupError, match="ended with code 3"):
        run_quietly(["sh", "-c", "echo what went wrong; exit 3"], log=log)
    shown = capsys.readouterr().err
    assert "what went wrong" in shown
    assert "an older failure" not in shown


def test_the_stamp_survives_and_a_broken_one_counts_as_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YUNHAI_VENV", str(tmp_path))
    places = Places(tmp_path)
    assert read_stamp(places) == {}
    write_stamp(places, {"packages": "x"})
    assert read_stamp(places) == {"packages": "x"}
    (tmp_path / "yunhai-setup.json").write_text("{")
    assert read_stamp(places) == {}


def test_a_changed_native_source_changes_the_digest(tmp_path: Path) -> None:
    (tmp_path / "native" / "book").mkdir(parents=True)
    (tmp_path / "CMakeLists.txt").write_text("a")
    source = tmp_path / "native" / "book" / "a.cpp"
    source.write_text("int a;")
    before = native.sources_digest(tmp_path)
    assert native.sources_digest(tmp_path) == before
    source.write_text("int b;")
    assert native.sources_digest(tmp_path) != before


def test_a_compiler_that_cannot_do_cpp20_is_passed_over(tmp_path: Path) -> None:
    old = tmp_path / "old-c++"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    assert not native._compiles(str(old))
    assert not native._compiles("no-such-compiler")
    assert not native._compiles("")


def test_without_any_compiler_what_to_install_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(places: Places) -> native.Toolchain:
        raise SetupError("no network")

    monkeypatch.setattr(native, "_installed_compiler", lambda: None)
    monkeypatch.setattr(native, "apt_install", lambda packages, log: False)
    monkeypatch.setattr(native, "_own_headers", lambda: True)
    monkeypatch.setattr(native, "_zig", refuse)
    with pytest.raises(SetupError, match=r"(?s)no network.*apt-get install g\+\+"):
        native.find_toolchain(Places(tmp_path))


def test_without_headers_the_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native, "_own_headers", lambda: False)
    monkeypatch.setattr(native, "apt_install", lambda packages, log: False)
    monkeypatch.setattr(native, "cache_folder", lambda name: tmp_path)
    monkeypatch.setattr(native.shutil, "which", lambda name: None)
    with pytest.raises(SetupError, match=r"Python\.h is missing.*libpython3\.\d+-dev"):
        native.find_toolchain(Places(tmp_path))


def dev(repository: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([repository / "dev", *words], capture_output=True, text=True, check=False)


def test_help_names_every_command(repository: Path) -> None:
    for words in ((), ("--help",)):
        result = dev(repository, *words)
        assert result.returncode == 0
        assert result.stdout == HELP
    assert all(f"\n  {name}" in HELP for name in COMMANDS)


def test_an_unknown_command_is_refused(repository: Path) -> None:
    result = dev(repository, "dance")
    assert result.returncode == 2
    assert "no command `dance`" in result.stderr


def test_an_old_python_is_named(tmp_path: Path, repository: Path) -> None:
    for name in ("dirname", "sh"):
        (tmp_path / name).symlink_to(shutil.which(name) or name)
    script = (repository / "dev").read_text().replace("/usr/bin/python3", "/nonexistent/python3")
    (tmp_path / "dev").write_text(script)
    result = subprocess.run(
        ["sh", tmp_path / "dev", "test"], capture_output=True, text=True, check=False, env={"PATH": str(tmp_path)}
    )
    assert result.returncode == 1
    assert "Python 3.11 or later is missing" in result.stderr
    assert "apt-get install python3" in result.stderr


def test_a_folder_that_is_no_environment_is_not_removed(tmp_path: Path) -> None:
    home, letter = tmp_path / "home", tmp_path / "home" / "letter"
    home.mkdir()
    letter.write_text("dear")
    link = tmp_path / "link"
    link.symlink_to(home)
    for folder in (home, link, letter):
        with pytest.raises(SetupError, match="YUNHAI_VENV"):
            clear_environment(folder)
    assert letter.read_text() == "dear"


def test_an_old_environment_an_empty_folder_and_none_are_cleared(tmp_path: Path) -> None:
    old, empty = tmp_path / "old", tmp_path / "empty"
    old.mkdir()
    (old / "pyvenv.cfg").touch()
    empty.mkdir()
    for folder in (old, empty, tmp_path / "none"):
        clear_environment(folder)
        assert not folder.exists()


def test_setting_up_in_a_folder_of_something_else_removes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "letter").write_text("dear")
    monkeypatch.setenv("YUNHAI_VENV", str(home))
    monkeypatch.setattr(environment, "get_installer", lambda places: None)
    (tmp_path / "requirements").mkdir()
    (tmp_path / environment.DEV_LOCK).write_text("")
    with pytest.raises(SetupError, match="something else"):
        environment.ensure_environment(Places(tmp_path))
    assert (home / "letter").read_text() == "dear"


def test_a_cached_program_that_was_changed_is_put_back(local_index: LocalIndex, tmp_path: Path) -> None:
    lock = local_index.lock(hashlib.sha256(local_index.wheel).hexdigest())
    cache = tmp_path / "cache"
    program = index.fetch_uv(lock, local_index.settings, cache)
    right = program.read_bytes()
    program.write_text("#!/bin/sh\necho something else\n")
    assert index.fetch_uv(lock, local_index.settings, cache).read_bytes() == right
    (kept,) = cache.glob("uv-*.zip")
    kept.write_bytes(b"planted")
    program.write_text("#!/bin/sh\necho something else\n")
    assert index.fetch_uv(lock, local_index.settings, cache).read_bytes() == right
    assert kept.read_bytes() == local_index.wheel
