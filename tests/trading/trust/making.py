"""Evidence from a small journal of its own: instructions by signed text, seals, a checkpoint with its stamp."""

import hashlib
import random
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import msgspec
import numpy as np

from tests.trading.trust.pki import Authority
from yunhai.journal import Fact, Reader, Writer
from yunhai.journal.facts import encode as fact_slots
from yunhai.trading import facts
from yunhai.trading.core.packing import instruction_head, slots
from yunhai.trading.facts import EvidenceSealed
from yunhai.trading.instructions import ACCEPTED_FACT, INSTRUCTION, canonical, instruction_of
from yunhai.trading.signatures import new_key, sign
from yunhai.trading.trust import cms
from yunhai.trading.trust.evidence_file import Anchor, Bundle, encode, text_of
from yunhai.trading.trust.placing import Heads, placed
from yunhai.trading.trust.profiles import Profile

DAY = 20_686  # 2026-08-21 in days since 1970


@dataclass
class Made:
    """One instruction in the journal, and its bundle."""

    tenant: int
    number: int
    sequence: int
    head: bytes
    bundle: Bundle
    outbox: int = 0


class Maker:
    """A journal with `count` accepted instructions of two brokers, some to a group, sealed and under one checkpoint."""

    def __init__(self, folder: Path, *, count: int = 3, seed: int = 1, authority: Authority | None = None) -> None:
        self.folder = folder
        self.authority = authority or Authority()
        self.random = random.Random(seed)
        self.key = new_key()
        self.certificate = self.authority.issue(Profile.INVESTOR, self.key, "YH-000123")
        self.made: list[Made] = []
        with Writer(folder) as writer:
            self._instructions(writer, count)
            self._other_group(writer)
            self._seals(writer)
            self._other_group(writer)
        self.heads = Heads(Reader(folder).journal_id())
        last = None
        for group in Reader(folder):
            if not group.count:
                continue
            for one in self.made:
                if group.first_sequence <= one.sequence <= group.last_sequence:
                    one.head = self.heads.before(one.tenant)
            self.heads.take(group)
            last = group
        assert last is not None
        wall = int(self.authority.now.timestamp()) * 10**9
        self.checkpoint = self.heads.checkpoint(
            group=last.number, sequence=last.last_sequence, chain=last.chain, wall_ns=wall
        )
        statement = msgspec.json.encode(self.checkpoint)
        digest = hashlib.sha256(statement).digest()
        stamp = self.checkpoint_stamp(digest)
        self.anchor = Anchor(statement=statement.decode(), token=text_of(stamp))

    def checkpoint_stamp(self, digest: bytes) -> bytes:
        """What the trust process gives the house, and nobody outside."""
        return self.authority.hold_fast(digest, at=self.authority.now + timedelta(seconds=40))

    def record(self, number: int, tenant: int) -> bytes:
        """A signed INSTRUCTION record, 256 bytes."""
        at = int(self.authority.now.timestamp())
        row = np.zeros(1, INSTRUCTION)
        one = row[0]
        for name, value in {
            "version": 1, "action": 1, "mode": 1, "channel": 1, "segment": 1, "side": 1, "order_type": 2, "key": 7,
            "number": number, "order_id": number, "tenant": tenant, "account": tenant * 100 + 1, "person": 5,
            "price": 1_000_000, "quantity": 1_000 * (1 + number % 9), "market_date": DAY, "signed_at": at * 1_000 - 300,
            "accepted_at": at * 10**9, "security": b"2330",
        }.items():  # fmt: skip
            one[name] = value
        one["client_id"] = np.void(UUID(int=self.random.getrandbits(128)).bytes)
        one["nonce"] = np.void(self.random.randbytes(16))
        one["signature"] = np.void(sign(self.key, canonical(instruction_of(one))))
        return row.tobytes()

    def _instructions(self, writer: Writer, count: int) -> None:
        for number in range(1, count + 1):
            tenant = 9 if number % 2 else 8
            record = self.record(number, tenant)
            array = slots([instruction_head(ACCEPTED_FACT, tenant, self.random.getrandbits(60)), record])
            sequence = writer.submit(array)
            if number % 2 == 0 or number == count:
                writer.wait(sequence)
            self.made.append(Made(tenant, number, sequence, b"", self.bundle(record, sequence)))
        writer.wait(writer.submitted())

    def _other_group(self, writer: Writer) -> None:
        fact = Fact(number=500, tenant=9, time=0, content=b"\x81\xa1a\x01")
        writer.wait(writer.submit(fact_slots(fact)))

    def bundle(self, record: bytes, sequence: int) -> Bundle:
        """Everything that is sealed; the record's slots are set when the journal has its checksum."""
        authority = self.authority
        row = np.frombuffer(record, INSTRUCTION)[0]
        text = canonical(instruction_of(row))
        certificates = (self.certificate, authority.ca)
        one = cms.InstructionSignature(text=text, signature=row["signature"].tobytes(), certificates=certificates)
        token = authority.stamp(hashlib.sha256(one.value).digest(), at=authority.now + timedelta(seconds=1))
        return Bundle(
            text=text,
            cms=cms.stamped(cms.build(one), token),
            certificates=certificates,
            ocsp=authority.status(self.certificate),
            crl=authority.revocation_list(),
            record=b"",
        )

    def _seals(self, writer: Writer) -> None:
        raw: dict[int, bytes] = {}
        for group in Reader(self.folder, follow=True):
            for place, start in enumerate(group.starts()):
                end = group.starts()[place + 1] if place + 1 < group.count else len(group.slots)
                raw[group.first_sequence + place] = group.slots[int(start) : int(end)].tobytes()
        for one in self.made:
            one.bundle = Bundle(
                text=one.bundle.text, cms=one.bundle.cms, certificates=one.bundle.certificates, ocsp=one.bundle.ocsp,
                crl=one.bundle.crl, record=raw[one.sequence],
            )  # fmt: skip
            said = EvidenceSealed(
                number=one.number, sequence=one.sequence, sha256=hashlib.sha256(one.bundle.encoded()).digest()
            )
            number, content = facts.encode(said)
            one.outbox = writer.submit(fact_slots(Fact(number=number, tenant=one.tenant, time=0, content=content)))
        writer.wait(writer.submitted())

    def file(self, place: int = 0) -> bytes:
        """The evidence file of an instruction."""
        one = self.made[place]
        found, seal, record = placed(
            self.folder,
            tenant=one.tenant,
            sequence=one.sequence,
            seal=one.outbox,
            head=one.head,
            checkpoint=self.checkpoint,
        )
        assert record == one.bundle.record
        return encode(one.bundle.encoded(), found, seal, self.anchor)
