"""Writing a generated page, or saying whether it is up to date."""

from collections.abc import Sequence
from pathlib import Path


def write_or_check(page: Path, text: str, module: str, arguments: Sequence[str]) -> int:
    """Write `text` to `page`; with --check only say whether it stands there already (exit code 1 if not). `module` makes
    the page."""
    if "--check" in arguments:
        fresh = page.is_file() and page.read_text(encoding="utf-8") == text
        print(f"{page.name}: {'up to date' if fresh else f'stale; run python -m {module}'}")
        return 0 if fresh else 1
    page.write_text(text, encoding="utf-8")
    print(f"wrote {page}")
    return 0
