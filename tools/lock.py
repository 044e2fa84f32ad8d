"""`./dev lock`: write `requirements/*.lock` anew from `pyproject.toml` and `requirements/*.in`.

A lock is universal (every platform, Python 3.11 and later), holds a hash for every file, and no address.
"""

import subprocess
import sys
from pathlib import Path

from tools.dev.console import step
from tools.dev.environment import Places, get_installer

ROOT = Path(__file__).resolve().parents[1]
LOCKS = {
    "bootstrap.lock": ("requirements/bootstrap.in",),
    "builder.lock": ("requirements/builder.in",),
    "compiler.lock": ("requirements/compiler.in",),
    "runtime.lock": ("pyproject.toml",),
    "peers.lock": ("requirements/peers.in",),
    "dev.lock": ("pyproject.toml", "requirements/dev.in"),
}
_OPTIONS = (
    *("--quiet", "--no-config", "--universal", "--python-version", "3.11", "--generate-hashes"),
    *("--no-emit-index-url", "--no-emit-find-links", "--no-annotate", "--no-header"),
)


def main(arguments: list[str]) -> int:
    """Compile every lock; `--upgrade` and `--upgrade-package NAME` are uv's."""
    installer = get_installer(Places(ROOT))
    # The public index only: a machine's extra sources must not leave their files' hashes in a lock.
    hidden = ("UV_INDEX", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS", "UV_INDEX_STRATEGY")
    environment = {name: value for name, value in installer.environment.items() if name not in hidden}
    for lock, sources in LOCKS.items():
        with step(lock):
            command: list[str | Path] = [
                installer.program,
                "pip",
                "compile",
                *_OPTIONS,
                *arguments,
                *sources,
                "-o",
                f"requirements/{lock}",
            ]
            subprocess.run(command, cwd=ROOT, env=environment, check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
