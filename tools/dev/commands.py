"""The commands of `./dev`, each of which becomes the program it names once everything is set up."""

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from tools.dev.console import SetupError, say
from tools.dev.environment import Places, ensure_environment, only_one
from tools.dev.index import installer_environment, read_settings
from tools.dev.native import ensure_native
from tools.dev.softhsm import ensure_softhsm

HELP = """\
Yunhai 雲海   ./dev COMMAND

  demo  [--once]            the cloud with made-up brokers and a running market    示範
  test  [--full] [pytest …] the tests; --full adds the long ones                   測試
  drill [pytest …]          rehearsals of many minutes: a whole day's report        演練
  check                     formatting, types, import rules, house rules           檢查
  bench NAME …              a benchmark: engine, peers, durable, recover, lines    量測
  run   CMD …               any command in the project's environment               執行任何命令
  soak  [--minutes N]       seeded agreement runs with fresh seeds                 長時間驗證
  lock                      write requirements/*.lock anew                         更新鎖定檔
  setup                     only set up                                            只做安裝

Everything needed is set up on first use. Options of a command: ./dev COMMAND --help
"""


def set_up(places: Places) -> None:
    """Environment, native modules and a software HSM, if not done yet."""
    with only_one(places):
        ensure_environment(places)
        ensure_native(places)
        ensure_softhsm(places)


def child_environment(places: Places) -> dict[str, str]:
    """What the project's programs run with: the environment's programs first, the repository's tools importable."""
    environment = dict(os.environ, VIRTUAL_ENV=str(places.environment))
    environment.pop("PYTHONHOME", None)
    for name, value in installer_environment(os.environ, read_settings(os.environ)).items():
        if name.startswith("UV_") or name == "SSL_CERT_FILE":
            environment.setdefault(name, value)
    environment["PATH"] = f"{places.python.parent}{os.pathsep}{environment.get('PATH', os.defpath)}"
    earlier = environment.get("PYTHONPATH")
    environment["PYTHONPATH"] = f"{places.root}{os.pathsep}{earlier}" if earlier else str(places.root)
    return environment


def become(places: Places, command: Sequence[str | Path]) -> NoReturn:
    """Replace this process by `command` in the project's environment."""
    words = [str(word) for word in command]
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        os.execvpe(words[0], words, child_environment(places))
    except FileNotFoundError:
        raise SetupError(f"no program `{words[0]}` in the project's environment or on PATH") from None
    except PermissionError:
        raise SetupError(f"`{words[0]}` is not a program that may be run") from None


def demo(places: Places, arguments: list[str]) -> NoReturn:
    """`yunhai demo`."""
    become(places, [places.python.parent / "yunhai", "demo", *arguments])


def test(places: Places, arguments: list[str]) -> NoReturn:
    """pytest on two workers unless told otherwise, a file's tests on one of them, so that nothing is set up twice; its own
    summary closes the output. What Python compiled is kept, even where the surroundings say otherwise: the workers and the
    many processes that tests start read the same modules."""
    os.chdir(places.root)
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    chosen = any(word == "-n" or word.startswith(("-n", "--numprocesses", "-p")) for word in arguments)
    workers = [] if chosen else ["-n", "2", "--dist", "loadfile"]
    become(places, [places.python, "-m", "pytest", "-q", *workers, *arguments])


def drill(places: Places, arguments: list[str]) -> NoReturn:
    """The tests marked `drill`, one after the other."""
    os.chdir(places.root)
    become(places, [places.python, "-m", "pytest", "-v", "--drill", "-m", "drill", "--durations=0", *arguments])


def check(places: Places, arguments: list[str]) -> NoReturn:
    """Every check of the house."""
    os.chdir(places.root)
    become(places, [places.python, "-m", "tools.check", *arguments])


def bench(places: Places, arguments: list[str]) -> NoReturn:
    """`bench/NAME.py`."""
    names = [
        path.stem
        for path in sorted((places.root / "bench").glob("*.py"))
        if path.read_text(encoding="utf-8").startswith(f'"""`./dev bench {path.stem}`')
    ]
    if not arguments or arguments[0] not in names:
        raise SetupError(f"./dev bench NAME, one of: {', '.join(names) or '(none yet)'}")
    become(places, [places.python, "-m", f"bench.{arguments[0]}", *arguments[1:]])


def run(places: Places, arguments: list[str]) -> NoReturn:
    """Any command."""
    if not arguments:
        raise SetupError("./dev run CMD …, for example: ./dev run yunhai --help")
    become(places, arguments)


def soak(places: Places, arguments: list[str]) -> NoReturn:
    """Fresh seeds until the time is up."""
    become(places, [places.python, "-m", "tests.house.soak", *arguments])


def lock(places: Places, arguments: list[str]) -> NoReturn:
    """Write the locks anew."""
    become(places, [places.python, "-m", "tools.lock", *arguments])


def setup(_places: Places, _arguments: list[str]) -> NoReturn:
    """Nothing more: everything is set up when this runs."""
    say("Ready 完成。Next: ./dev demo   ./dev test")
    sys.exit(0)


COMMANDS: dict[str, Callable[[Places, list[str]], NoReturn]] = {
    "demo": demo,
    "test": test,
    "drill": drill,
    "check": check,
    "bench": bench,
    "run": run,
    "soak": soak,
    "lock": lock,
    "setup": setup,
}


def main(root: Path, arguments: list[str]) -> int:
    """Set up, then become the command. Returns only without a command (help) or on an error."""
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(HELP, end="")
        return 0
    command = COMMANDS.get(arguments[0])
    if command is None:
        say(f"yunhai: no command `{arguments[0]}` 沒有這個命令\n")
        say(HELP)
        return 2
    places = Places(root)
    try:
        set_up(places)
        command(places, arguments[1:])
    except SetupError as problem:
        say(f"✗ {problem}")
        return 1
    except KeyboardInterrupt:
        say("✗ stopped 已中止")
        return 130
