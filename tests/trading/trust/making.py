"""Evidence from a small journal of its own: instructions by signed text, seals, revocations, a checkpoint with its stamp."""

import hashlib
import random
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import numpy as np

from tests.trading.trust.pki import Authority
from yunhai.journal import Fact, Reader, Writer
from yunhai.journal.facts import encode as fact_slots
from yunhai.kernel.records import RECORD
from yunhai.trading import facts
from yunhai.trading.core.packing import instruction_head, slots
from yunhai.trading.facts import CertificateSet, Decided, EvidenceSealed
from yunhai.trading.instructions import ACCEPTED_FACT, INSTRUCTION, canonical, instruction_of
from yunhai.trading.signatures import new_key, sign
from yunhai.trading.trust import cms
from yunhai.trading.trust.evidence_file import Anchor, Bundle, encode, text_of
from yunhai.trading.trust.placing import Beginning, Heads, Placed, placed
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
    """A journal with `count` accepted instructions of two brokers, some to a group and each with a neighbour's beside it, sealed
    and under one checkpoint. `earlier` and `later`: what stands in the journal before and behind the instructions."""

    def __init__(self, folder: Path, *, count: int = 3, seed: int = 1, authority: Authority | None = None) -> None:
        self.folder = folder
        self.authority = authority or Authority()
        self.random = random.Random(seed)
        self.key = new_key()
        self.certificate = self.authority.issue(Profile.INVESTOR, self.key, "YH-000123")
        self.made: list[Made] = []
        self.neighbours: list[bytes] = []
        self.told: list[Beginning] = []
        with Writer(folder) as writer:
            self._tell(writer, self.earlier())
            self._instructions(writer, count)
            self._tell(writer, self.later())
            self._other_group(writer)
            self._seals(writer)
            self._other_group(writer)
        reader = Reader(folder)
        self.heads = Heads(reader.journal_id())
        last = None
        for group in reader:
            for one in self.made:
                if group.first_sequence <= one.sequence <= group.last_sequence:
                    one.head = self.heads.before(one.tenant)
            for number, told in enumerate(self.told):
                if group.first_sequence <= told.sequence <= group.last_sequence:
                    self.told[number] = replace(told, head=self.heads.before(told.tenant))
            self.heads.take(group.first_sequence, reader.parts())
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

    def earlier(self) -> list[Decided]:
        return []

    def later(self) -> list[Decided]:
        return []

    def changed(self, at: datetime, *, status: str = "revoked", certificate: bytes = b"") -> CertificateSet:
        """The fact of a revocation at that time, of the signer's certificate unless another is given."""
        digest = hashlib.sha256(certificate or self.certificate).digest()
        return CertificateSet(
            certificate=7, key=7, person=5, serial=b"\x01" * 20, sha256=digest, profile="investor", not_before=0,
            not_after=2**40, status=status, reason=6 if status == "held" else 1, outbox=3,
            wall_ns=int(at.timestamp() * 1_000) * 1_000_000,
        )  # fmt: skip

    def _tell(self, writer: Writer, said: list[Decided]) -> None:
        for one in said:
            number, content = facts.encode(one)
            sequence = writer.submit(fact_slots(Fact(number=number, tenant=0, time=0, content=content)))
            writer.wait(sequence)
            self.told.append(Beginning(tenant=0, sequence=sequence, head=b""))

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
            beside = self.record(9_000 + number, tenant)
            self.neighbours.append(beside)
            sequence = 0
            for one in (beside, record) if number % 3 else (record, beside):
                array = slots([instruction_head(ACCEPTED_FACT, tenant, self.random.getrandbits(60)), one])
                found = writer.submit(array)
                sequence = found if one is record else sequence
            writer.submit(self.plain(tenant))
            if number % 2 == 0 or number == count:
                writer.wait(writer.submitted())
            self.made.append(Made(tenant, number, sequence, b"", self.bundle(record, sequence)))
        writer.wait(writer.submitted())

    def plain(self, tenant: int) -> "np.ndarray[Any, Any]":
        """A record that is no fact, as the venue makes them: another client's trade."""
        one = np.zeros(1, RECORD)
        one["kind"], one["version"], one["tenant"], one["order_id"] = 33, 1, tenant, 9_999
        return one

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

    def placed(self, place: int = 0, revocation: int | None = None) -> Placed:
        """The proof of an instruction's places, and of the revocation that was told as number so and so."""
        one = self.made[place]
        found = placed(
            self.folder,
            Beginning(tenant=one.tenant, sequence=one.sequence, head=one.head),
            seal=one.outbox,
            checkpoint=self.checkpoint,
            revocation=None if revocation is None else self.told[revocation],
        )
        assert found.record == one.bundle.record
        return found

    def file(self, place: int = 0, revocation: int | None = None) -> bytes:
        """The evidence file of an instruction."""
        found = self.placed(place, revocation)
        return encode(self.made[place].bundle.encoded(), found.journal, found.seal, self.anchor, found.revocation)
