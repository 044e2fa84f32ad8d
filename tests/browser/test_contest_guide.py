"""The lines of docs/guides/contests.md, run one after the other by a shell against a running cloud, each answered as it says."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.cloud import Cloud
from tests.browser.finished_day import CODE, laid
from tests.scenarios.api_roles import FIRST_BROKER

pytestmark = pytest.mark.full

GUIDE = "docs/guides/contests.md"
WHO = ("", "operations", "investor", "investor", "investor", "operations")
"""Whose token each block is run with; the first is how to get one."""
KEPT = re.compile(r"# ((?:[A-Z]+=[a-z_]+ ?)+)$")
NOT_JSON = ("-o /dev/null", "CSRF=")


def blocks(text: str) -> list[list[str]]:
    """The guide's shell blocks, each as its commands."""
    found = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    return [block.replace("\\\n", "").strip().split("\n") for block in found]


class Shell:
    """What a reader has typed so far: variables, and the folder with the cookies."""

    def __init__(self, folder: Path, **said: str) -> None:
        self.folder = folder
        self.said = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "no_proxy": "localhost"} | said

    def run(self, line: str) -> Any:
        """A command's answer; what it says is kept is kept."""
        done = subprocess.run(
            ["/bin/bash", "-uc", f"{line}\n[ -z \"${{CSRF-}}\" ] || echo \"CSRF=$CSRF\" > said"],
            cwd=self.folder, env=self.said, capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        assert done.returncode == 0, (line, done.stderr)
        if (self.folder / "said").exists():
            self.said["CSRF"] = (self.folder / "said").read_text().strip().removeprefix("CSRF=")
        if any(word in line for word in NOT_JSON):
            return None
        answer = json.loads(done.stdout)
        assert "error" not in answer, (line, answer)
        kept = KEPT.search(line)
        for name, field in (pair.split("=") for pair in (kept.group(1).split() if kept else ())):
            self.said[name] = str(answer[field])
        return answer


@pytest.fixture
def day(cloud: Cloud) -> Iterator[str]:
    """A finished day in the cloud's catalogue."""
    with laid(cloud) as source:
        yield source


def test_every_line_of_the_guide(cloud: Cloud, day: str, repository: Path, tmp_path: Path) -> None:
    sign_in, *rest = blocks((repository / GUIDE).read_text(encoding="utf-8"))
    assert len(rest) + 1 == len(WHO), "a block was added: say whose token it is run with"
    shell = Shell(tmp_path, O=cloud.origin, DAY=day, CODE=CODE, TENANT=str(FIRST_BROKER))
    lines, tokens = 0, {}
    for who, block in zip(WHO[1:], rest, strict=True):
        if who not in tokens:
            shell.said |= {"LINK": cloud.link(who), "ROLE": who}
            for line in sign_in:
                shell.run(line)
            tokens[who] = shell.said["T"]
        shell.said["T"] = tokens[who]
        for line in block:
            answer = shell.run(line)
            lines += 1
    assert answer["same"] is True  # the last one: worked out again
    assert lines > 20
