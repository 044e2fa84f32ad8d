"""The journal 日誌: one append-only, hash-chained file of everything that happened.

`Writer` appends and says what is durable, `Reader` and `read` give it back proven; facts, checkpoints, snapshots,
replay and exports are modules of their own. docs/concepts/journal.md explains, docs/reference/journal-format.md is the
byte layout.
"""

from yunhai.journal.facts import Fact, fact_of
from yunhai.journal.reader import Group, Reader, read
from yunhai.journal.writer import Writer

__all__ = ["Fact", "Group", "Reader", "Writer", "fact_of", "read"]
