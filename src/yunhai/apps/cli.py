"""The `yunhai` command: one module a command, loaded only when it is called.

Every command takes `--json` and then prints exactly one JSON object last on standard output; so does every failure.
Exit codes: 0 done, 1 a check did not hold, 2 the input or the command line was refused, 3 a fault of the program.
"""

import importlib
import json
import os
import sys
import traceback
from collections.abc import Sequence
from typing import Final

import click

from yunhai import __version__
from yunhai.apps import system_errors
from yunhai.apps.terminal import forgive
from yunhai.kernel.errors import ErrorEntry, YunhaiError, register

FAILED_CHECK: Final = 1
REFUSED: Final = 2
FAULT: Final = 3

HELP_WIDTH: Final = 72
"""Characters of a help line: click counts a Chinese one as one column where a terminal needs two, and 80 must do."""

COMMANDS: Final[dict[str, tuple[str, str]]] = {
    "up": ("yunhai.apps.commands.up", "The whole cloud on this machine 啟動雲海"),
    "core": ("yunhai.apps.commands.core", "Gate, lines, venue and journal 交易核心"),
    "stream": ("yunhai.apps.commands.stream", "Quotes and fills from the journal 行情回報"),
    "migrate": ("yunhai.apps.commands.migrate", "Bring the database to this version 更新資料庫"),
    "web": ("yunhai.apps.commands.web", "Pages, the control plane's API, sign-in 網站程序"),
    "operator": ("yunhai.apps.commands.operator", "Who works the platform: add the first one 平台管理者"),
    "reader": ("yunhai.apps.commands.reader", "The journal into the tables 讀取程序"),
    "evidence": ("yunhai.apps.commands.evidence", "The evidence file of an order 匯出證據"),
    "verify": ("yunhai.apps.commands.verify", "Evidence files, offline 離線驗證證據"),
    "trust": ("yunhai.apps.commands.trust", "Certificates, HSM, status, time stamps 信任程序"),
    "ca": ("yunhai.apps.commands.ca", "The certification authority: ceremony, status 憑證機構"),
    "books": ("yunhai.apps.commands.books", "The books: check, import opening balances 帳務"),
    "demo": ("yunhai.apps.commands.demo", "The cloud with ten made-up brokers and a running market 示範"),
    "day": ("yunhai.apps.commands.day", "A broker-branch report as a day of orders 分點報表重現一日"),
    "backup": ("yunhai.apps.commands.backup", "Back the cloud up into one file while it runs 備份"),
    "restore": ("yunhai.apps.commands.restore", "Make an installation of a backup and prove it 還原"),
    "history": ("yunhai.apps.commands.history", "History: import, verify, bars, screens 歷史行情與選股"),
    "replay": ("yunhai.apps.commands.replay", "Published order data through the engine 逐筆委託重播"),
    "auction": ("yunhai.apps.commands.auction", "Uncross the orders of a file 集合競價"),
    "rules": ("yunhai.apps.commands.rules", "Rule packs: show, diff, check, limits 規則包"),
    "journal": ("yunhai.apps.commands.journal", "The journal: verify, checkpoint, show, stats, export 日誌"),
}
"""Command name to its module, which holds a click command named `command`, and one line of help."""

register(
    ErrorEntry(
        code=5001,
        name="bad-command-line",
        http=422,
        zh="命令列有誤：{reason}",
        en="The command line is wrong: {reason}",
        remedy_zh="請看該命令的 --help。",
        remedy_en="See the command's --help.",
    ),
    ErrorEntry(
        code=5002,
        name="file-unreadable",
        http=422,
        zh="檔案無法讀寫：{path}：{reason}",
        en="A file cannot be read or written: {path}: {reason}",
        remedy_zh="請檢查路徑與權限。",
        remedy_en="Check the path and its permissions.",
    ),
    ErrorEntry(
        code=5003,
        name="program-fault",
        http=500,
        zh="程式本身出錯：{reason}",
        en="The program itself failed: {reason}",
        remedy_zh="請回報錯誤並附上上方的追蹤訊息。",
        remedy_en="Report it with the traceback above.",
    ),
)


class LazyGroup(click.Group):
    """A group that imports a command's module when the command is called, not to list it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        known = COMMANDS.get(cmd_name)
        if known is None:
            return None
        command = importlib.import_module(known[0]).command
        if not isinstance(command, click.Command):
            raise TypeError(f"{known[0]}.command is not a click command")
        _list_whole(command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands 命令"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


def _list_whole(command: click.Command) -> None:
    """Have a group list its commands with the whole first sentence of their help; click would cut it, often before
    the Chinese."""
    if isinstance(command, click.Group):
        for child in command.commands.values():
            if child.short_help is None and child.help:
                child.short_help = " ".join(child.help.split("\n\n")[0].split())


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": HELP_WIDTH})
@click.version_option(__version__, prog_name="yunhai")
def yunhai() -> None:
    """Yunhai 雲海: a securities cloud 證券雲."""


def _usage_reasons(problem: click.ClickException) -> dict[str, str]:
    """`reason` and `reason_zh` of 5001. What was typed stands in both; click's own sentence is English only."""
    message = problem.format_message()
    match problem:
        case click.NoSuchOption():
            chinese = f"沒有選項 {problem.option_name}"
        case click.exceptions.NoSuchCommand():
            chinese = f"沒有命令 {problem.command_name}"
        case click.MissingParameter():
            chinese = f"缺少 {_parameter(problem)}"
        case click.BadParameter():
            chinese = f"{_parameter(problem)} 的值不可用"
        case click.BadOptionUsage():
            chinese = f"選項 {problem.option_name} 用法不對"
        case click.exceptions.NoArgsIsHelpError():
            message, chinese = "a command is missing", "缺少命令"
        case click.FileError():
            chinese = f"檔案 {problem.ui_filename} 無法開啟"
        case _:
            chinese = "參數數目或用法不對"
    return {"reason": message, "reason_zh": chinese}


def _parameter(problem: click.BadParameter) -> str:
    if problem.param is not None:
        return problem.param.get_error_hint(problem.ctx)
    hint = problem.param_hint
    return hint if isinstance(hint, str) else " ".join(hint or ("參數",))


def _after_the_command(words: list[str]) -> list[str]:
    """`--json` typed before or between the names of groups, moved behind the command's name; gone if none follows."""
    found: click.Command | None = yunhai
    context = click.Context(yunhai)
    front, moved, at = [], [], 0
    while at < len(words) and isinstance(found, click.Group):
        if words[at] == "--json":
            moved.append(words[at])
        else:
            found = found.get_command(context, words[at])
            front.append(words[at])
        at += 1
    if found is None or isinstance(found, click.Group):
        moved = []
    return [*front, *moved, *words[at:]]


def report(error: YunhaiError, *, as_json: bool) -> None:
    """Tell an error: number, both texts and the remedy on standard error, and as the last JSON object if asked for."""
    lines = (
        f"✗ {error.code} {error.entry.name}",
        f"  {error.text('zh')}",
        f"  {error.text('en')}",
        f"  → {error.remedy('zh')} {error.remedy('en')}",
    )
    click.echo("\n".join(lines), err=True)
    if as_json:
        click.echo(json.dumps({"error": error.as_json()}, ensure_ascii=False, default=str))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Returns the exit code; nothing escapes but a broken standard output."""
    forgive(sys.stdout)
    forgive(sys.stderr)
    words = list(sys.argv[1:] if arguments is None else arguments)
    as_json = "--json" in words
    try:
        result = yunhai.main(_after_the_command(words), prog_name="yunhai", standalone_mode=False)
        sys.stdout.flush()
        return result if isinstance(result, int) else 0
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("✗ stopped 已中止", err=True)
        return 130
    except click.exceptions.NoArgsIsHelpError as nothing:
        click.echo(nothing.format_message(), err=as_json)
        if as_json:
            report(YunhaiError(5001, **_usage_reasons(nothing)), as_json=True)
        return REFUSED if as_json else 0
    except click.ClickException as problem:
        if isinstance(problem, click.UsageError) and problem.ctx is not None:
            click.echo(problem.ctx.get_usage(), err=True)
        report(YunhaiError(5001, **_usage_reasons(problem)), as_json=as_json)
        return REFUSED
    except YunhaiError as error:
        report(error, as_json=as_json)
        return REFUSED
    except BrokenPipeError:
        os.dup2(
            os.open(os.devnull, os.O_WRONLY), 1
        )  # the reader has left; the interpreter's last flush must not complain
        return 141
    except OSError as problem:
        report(YunhaiError(5002, path=problem.filename or "?", **system_errors.reasons(problem)), as_json=as_json)
        return REFUSED
    except Exception as fault:
        traceback.print_exc()
        kind = type(fault).__name__
        report(YunhaiError(5003, reason=f"{kind}: {fault}", reason_zh=f"未預期的 {kind}"), as_json=as_json)
        return FAULT


if __name__ == "__main__":
    sys.exit(main())
