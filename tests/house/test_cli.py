"""The command line: what is listed, how errors are told, and which exit code means what."""

import json
import os
import re
import subprocess
import sys
from types import ModuleType
from unicodedata import east_asian_width

import click
import pytest

import yunhai
from yunhai.apps import cli
from yunhai.kernel.errors import YunhaiError


@pytest.fixture
def planted(monkeypatch: pytest.MonkeyPatch) -> dict[str, BaseException | None]:
    """A command `planted` that raises what the test puts in."""
    box: dict[str, BaseException | None] = {"raise": None}

    @click.command()
    @click.option("--json", "as_json", is_flag=True)
    def command(as_json: bool) -> None:
        if box["raise"] is not None:
            raise box["raise"]
        click.echo(json.dumps({"done": True}) if as_json else "done")

    module = ModuleType("planted_command")
    module.command = command  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "planted_command", module)
    monkeypatch.setitem(cli.COMMANDS, "planted", ("planted_command", "a planted command"))
    return box


def test_help_lists_every_command_and_loads_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--help"]) == 0
    shown = capsys.readouterr().out
    assert all(f"  {name} " in shown for name in cli.COMMANDS)
    loaded = "import sys; from yunhai.apps import cli; cli.main(['--help']); print('numpy' in sys.modules)"
    environment = dict(os.environ, PYTHONIOENCODING="utf-8")
    result = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True, env=environment)
    assert result.stdout.splitlines()[-1] == "False", "--help must not import the commands"


PROCESSES = ("core", "stream", "web", "reader")
"""Run until they are stopped and answer on their sockets: there is no result to print."""


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_loads_and_takes_json(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([name, "--help"]) == 0
    command = cli.yunhai.get_command(click.Context(cli.yunhai), name)
    assert command is not None
    if name in PROCESSES:
        return
    for leaf in leaves(command):
        assert "--json" in [word for option in leaf.params for word in option.opts], f"{name} {leaf.name}"


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_help_fits_80_columns_and_tells_of_json_in_chinese_too(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    command = cli.yunhai.get_command(click.Context(cli.yunhai), name)
    assert command is not None
    names = [[name, leaf] for leaf in command.commands] if isinstance(command, click.Group) else [[name]]
    for words in [[name], *names]:
        assert cli.main([*words, "--help"]) == 0
        for line in capsys.readouterr().out.splitlines():
            assert sum(2 if east_asian_width(letter) in "WF" else 1 for letter in line) <= 80, line
    for leaf in leaves(command):
        for option in leaf.params:
            if isinstance(option, click.Option) and (name in ("day", "demo") or "--json" in option.opts):
                assert re.search("[\u4e00-\u9fff]", option.help or ""), f"{name} {leaf.name} {option.opts}"


def leaves(command: click.Command) -> list[click.Command]:
    if isinstance(command, click.Group):
        return [leaf for child in command.commands.values() for leaf in leaves(child)]
    return [command]


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--version"]) == 0
    assert yunhai.__version__ in capsys.readouterr().out


def test_success_is_0(planted: dict[str, BaseException | None], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["planted", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"done": True}


@pytest.mark.parametrize(
    ("error", "code", "exit_code"),
    [
        (YunhaiError(1015), 1015, 2),
        (FileNotFoundError(2, "No such file or directory", "/no/such"), 5002, 2),
        (ZeroDivisionError("division by zero"), 5003, 3),
        (click.UsageError("what is this"), 5001, 2),
    ],
)
def test_an_error_is_told_in_both_languages_and_as_json(
    planted: dict[str, BaseException | None],
    capsys: pytest.CaptureFixture[str],
    error: BaseException,
    code: int,
    exit_code: int,
) -> None:
    planted["raise"] = error
    assert cli.main(["planted", "--json"]) == exit_code
    captured = capsys.readouterr()
    told = json.loads(captured.out.splitlines()[-1])["error"]
    assert told["code"] == code
    assert str(code) in captured.err
    assert told["zh"] in captured.err
    assert told["en"] in captured.err
    assert told["remedy_zh"] in captured.err
    assert cli.main(["planted"]) == exit_code
    assert capsys.readouterr().out == "", "without --json nothing goes to standard output"


def test_a_failed_check_is_1(planted: dict[str, BaseException | None]) -> None:
    planted["raise"] = click.exceptions.Exit(cli.FAILED_CHECK)
    assert cli.main(["planted"]) == 1


def test_interrupted_is_130(planted: dict[str, BaseException | None]) -> None:
    planted["raise"] = KeyboardInterrupt()
    assert cli.main(["planted"]) == 130


@pytest.mark.parametrize("words", [[], ["rules"], ["journal"], ["replay"]])
def test_a_name_alone_prints_its_help_once(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(words) == 0
    shown = capsys.readouterr()
    assert shown.out.startswith("Usage: ")
    assert (shown.err, "\\x0a" in shown.out) == ("", False)
    assert cli.main([*words, "--json"]) == 2
    answer = capsys.readouterr()
    assert json.loads(answer.out)["error"]["en"] == "The command line is wrong: a command is missing"
    assert shown.out in answer.err


@pytest.mark.parametrize(
    "words", [["--json", "rules", "show"], ["rules", "--json", "show"], ["rules", "show", "--json"]]
)
def test_json_may_be_asked_for_before_the_command(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(words) == 0
    assert {each["id"] for each in json.loads(capsys.readouterr().out)["packs"]} > {"twse-2026"}


def test_help_with_json_before_it_is_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--json", "--help"]) == 0
    assert capsys.readouterr().out.startswith("Usage: ")


@pytest.mark.parametrize("group", ["rules", "journal", "replay"])
def test_a_group_lists_its_commands_with_their_chinese(group: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([group, "--help"]) == 0
    listed = capsys.readouterr().out.split("Commands:")[1]
    command = cli.yunhai.get_command(click.Context(cli.yunhai), group)
    assert isinstance(command, click.Group)
    flat = "".join(listed.split())
    for leaf in command.commands.values():
        assert "".join((leaf.help or "").split("\n\n")[0].split()) in flat
    assert "..." not in listed


@pytest.mark.parametrize(
    ("words", "chinese"),
    [
        (["dance"], "命令列有誤：沒有命令 dance"),
        (["day", "--nope"], "命令列有誤：沒有選項 --nope"),
        (["backup"], "命令列有誤：缺少 'FILE'"),
        (["day", "--seed", "x", "f"], "命令列有誤：'--seed' 的值不可用"),
        (["day", "a", "b"], "命令列有誤：參數數目或用法不對"),
        (["rules", "check", "/nowhere.toml"], "檔案無法讀寫：/nowhere.toml：檔案或資料夾不存在"),
    ],
)
def test_the_chinese_text_of_a_refusal_is_chinese(
    words: list[str], chinese: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([*words, "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["error"]["zh"] == chinese


@pytest.mark.parametrize("encoding", ["cp950", "ascii", "iso-8859-1"])
@pytest.mark.parametrize("words", [["rules", "show", "--pack", "twse-2026"], ["dance", "--json"], ["--help"]])
def test_no_terminals_encoding_can_crash_a_command(encoding: str, words: list[str]) -> None:
    environment = dict(os.environ, PYTHONIOENCODING=encoding)
    result = subprocess.run(
        [sys.executable, "-m", "yunhai.apps.cli", *words], capture_output=True, check=False, env=environment
    )
    assert result.returncode == (2 if "dance" in words else 0)
    assert b"Traceback" not in result.stderr
    if "--json" in words:
        shown = result.stdout.decode("utf-8" if encoding == "ascii" else encoding)  # click takes ASCII for an oversight
        assert json.loads(shown)["error"]["code"] == 5001


def test_an_unknown_command_is_refused_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["dance", "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["error"]["name"] == "bad-command-line"
