"""Crash cycles 當機循環: write, cut the power at any call, look at what the disk kept, go on from there.

The model is a list of the records submitted, in order. After a crash the journal must open, hold a prefix of that list,
byte for byte, and that prefix must reach at least to the last record that was acknowledged. Which calls fail, how much
of the unsynced data survives in which sectors and what is written comes from one seed.
"""

import random
import struct
from dataclasses import dataclass, field

from tests.crash.auditor import audit
from tests.journal.makers import JOURNAL_ID, fact_slots, files_of, records
from yunhai.journal import Writer
from yunhai.kernel.errors import YunhaiError
from yunhai.native._journal import SimDisk

EIO, ENOSPC, SHORT, INTERRUPTED, POWER_CUT = 1, 2, 3, 4, 5
SEGMENT_BYTES = (4096, 8192)
CRASHES_A_DISK = 6
KEEP_PERCENT = (0, 20, 50, 50, 80, 100)


class Lost(AssertionError):
    """The property does not hold; the text has the seed that repeats it."""


@dataclass
class Tally:
    """What the cycles did, so that a test can see that they reached what they are meant to reach."""

    crashes: int = 0
    acknowledged: int = 0
    torn: int = 0
    garbage: int = 0
    crashes_while_opening: int = 0
    rollovers: int = 0
    failed_calls: int = 0
    kept_unacknowledged: int = 0


@dataclass
class Run:
    """One disk's life through several crashes."""

    seed: int
    plant: int = 0
    tally: Tally = field(default_factory=Tally)

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)
        self.disk = SimDisk()
        self.model: list[bytes] = []
        self.acknowledged = 0
        self.submissions = 0
        self.segment_bytes = self.rng.choice(SEGMENT_BYTES)
        self.audited = 0  # records found after the last crash; -1: the disk was written to since

    def go(self) -> None:
        for _ in range(CRASHES_A_DISK):
            self._work_until_it_fails()
            self._crash()
            self._inspect()

    def _fail(self, text: str) -> Lost:
        return Lost(f"seed {self.seed}: {text}")

    def _work_until_it_fails(self) -> None:
        """Write until the planned call fails; with a fault short of a power cut, start again on the same machine once."""
        fault = self.rng.choice((POWER_CUT, POWER_CUT, POWER_CUT, EIO, ENOSPC, SHORT, INTERRUPTED))
        call = self.rng.randint(1, 24)
        self.disk.fail_call(call, fault)
        if fault == POWER_CUT:
            self._session(limit=40)
            return
        self.tally.failed_calls += 1
        self._session(limit=20)
        self._session(limit=self.rng.randint(0, 4))

    def _session(self, limit: int) -> None:
        opened = False
        writer = None
        try:
            writer = self._open()
            opened = True
            self._settle(writer)
            for _ in range(limit):
                self._submit(writer)
                writer.commit()
                self._acknowledge(writer)
        except YunhaiError as error:
            if error.code not in (3010, 3011):
                raise self._fail(f"opening was refused: {error}") from error
            if not opened:
                self.tally.crashes_while_opening += 1
                self.audited = -1
        finally:
            if writer is not None:
                self._after_the_end(writer)

    def _open(self) -> Writer:
        return Writer(
            self.disk,
            segment_bytes=self.segment_bytes,
            threads=False,
            journal_id=JOURNAL_ID,
            clock=lambda: 5,
            plant=self.plant,
        )

    def _settle(self, writer: Writer) -> None:
        """What the journal holds when it opens is what happened; it may be more than was acknowledged, never less."""
        held = writer.submitted()
        ending = writer.found()["ending"]
        self.tally.torn += ending == "torn"
        self.tally.garbage += ending == "garbage"
        if self.audited not in (-1, held):
            raise self._fail(f"the product reads {held} records, the auditor {self.audited}")
        self.audited = -1
        if not self.acknowledged <= held <= len(self.model):
            raise self._fail(f"opened with {held} of {len(self.model)} records, {self.acknowledged} acknowledged")
        self.tally.kept_unacknowledged += held - self.acknowledged
        del self.model[held:]
        self.acknowledged = held

    def _submit(self, writer: Writer) -> None:
        self.submissions += 1
        seed = self.seed * 10_000 + self.submissions
        if self.rng.random() < 0.2:
            slots = fact_slots(seed, self.rng.randint(0, 200))
            items = [slots.tobytes()]
        else:
            slots = records(self.rng.randint(1, 40), seed)
            items = [record.tobytes() for record in slots]
        self.model += items
        last = writer.submit(slots, 6)
        if last != len(self.model):
            raise self._fail(f"sequence {last} given to record {len(self.model)}")

    def _acknowledge(self, writer: Writer) -> None:
        self.tally.acknowledged += writer.durable() - self.acknowledged
        self.acknowledged = writer.durable()

    def _after_the_end(self, writer: Writer) -> None:
        """A halted writer acknowledges nothing more, however often it is asked."""
        self._acknowledge(writer)
        for attempt in (writer.commit, writer.flush, writer.close):
            try:
                attempt()
            except YunhaiError as error:
                if error.code not in (3010, 3011):
                    raise
        self._acknowledge(writer)

    def _crash(self) -> None:
        self.tally.crashes += 1
        self.disk = self.disk.crash(self.rng.getrandbits(60), self.rng.choice(KEEP_PERCENT))

    def _inspect(self) -> None:
        # The model's bytes judge the records; the slow checksums are added now and then.
        held = audit(files_of(self.disk), check_crc=self.tally.crashes % 32 == 0).records
        self.audited = len(held)
        if len(held) < self.acknowledged:
            raise self._fail(f"{self.acknowledged - len(held)} acknowledged records are gone")
        if len(held) > len(self.model):
            raise self._fail("records that were never submitted")
        for number, (kept, given) in enumerate(zip(held, self.model, strict=False), 1):
            if kept[:60] != given[:60] or kept[64:] != given[64:]:
                raise self._fail(f"record {number} is not what was submitted (kind {struct.unpack_from('B', kept)})")
        self.tally.rollovers += sum(name.endswith(".yj") for name in self.disk.names()) - 1


def run_cycles(crashes: int, *, first_seed: int = 1, plant: int = 0) -> Tally:
    """At least `crashes` crashes from consecutive seeds; Lost at the first that breaks the promise."""
    tally = Tally()
    seed = first_seed
    while tally.crashes < crashes:
        Run(seed, plant, tally).go()
        seed += 1
    return tally
