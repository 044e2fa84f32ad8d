"""The translations' workshop: `python -m tools.messages` [update | check | build FOLDER].

`check` (the default) tells every text that has no Chinese yet, `update` reads code and templates anew into the apps' `.po` files
(needs the gettext tools: xgettext, msgmerge, msgcat), `build` compiles what is there. The runtime compiles by itself
(`yunhai.platform.shell.messages`).
"""

import subprocess
import sys
from pathlib import Path

from yunhai.platform.shell.messages import LOCALE, PACKAGE, build, parse, sources


def missing() -> list[str]:
    """`file: text` of every entry without a translation."""
    return [
        f"{path.relative_to(PACKAGE)}: {entry.id!r}"
        for path in sources()
        for entry in parse(path.read_text(encoding="utf-8"))
        if not entry.translated
    ]


def update() -> None:
    """Every app that keeps a `locale` folder: new texts in, unused ones out, sorted, without line numbers."""
    for locale in sorted(PACKAGE.glob("*/*/locale")):
        app = locale.parent
        _run(
            app,
            *(sys.executable, "-m", "django", "makemessages", "--locale", LOCALE, "--no-location", "--no-obsolete"),
            *("--no-wrap", "--verbosity", "0"),
        )
        file = locale / LOCALE / "LC_MESSAGES" / "django.po"
        if file.is_file():
            _run(app, "msgcat", "--sort-output", "--no-location", "--no-wrap", "--output-file", str(file), str(file))
            lines = [line for line in file.read_text(encoding="utf-8").splitlines() if '"POT-Creation-Date' not in line]
            file.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _run(folder: Path, *command: str) -> None:
    subprocess.run(command, cwd=folder, check=True)


def main(arguments: list[str]) -> int:
    """0 if every text has its Chinese."""
    if arguments[:1] == ["build"] and len(arguments) == 2:
        print(build(Path(arguments[1])))
        return 0
    if arguments == ["update"]:
        update()
    found = missing()
    print("\n".join(found) or "every text is translated")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
