"""Entry of `./dev`: runs under the system's Python with nothing installed."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[0] = str(ROOT)

from tools.dev.commands import main  # noqa: E402  (the repository's root must be importable first)

sys.exit(main(ROOT, sys.argv[1:]))
