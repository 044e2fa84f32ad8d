"""One fact of a commit group, proven alone 單筆證明: the group's Merkle tree of one tenant, in plain Python.

A tenant's digest of a group is over a tree (docs/reference/journal-format.md): its leaves are the tenant's plain records
together, if there are any, and then each fact, every one hashed with a salt of its own. So a single fact can be shown with the
hashes beside its way up, and the others stay what they are: hashes, of which nobody can tell by trying what they are of.

`proof` needs the group's slots and the journal's secret, and is made where the journal is; `digest_by` needs neither.
"""

import hashlib
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from yunhai.journal.facts import FACT_KIND, slots_of
from yunhai.native import _journal

SALT_BYTES: Final = 32
_LEAF, _NODE, _DIGEST = b"\x00", b"\x01", b"\x02"
_COUNT: Final = struct.Struct("<I")
_FIRST: Final = struct.Struct("<QI")
_LABEL: Final = b"yunhai salts 1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """Where a fact stands: leaf `at` of `of`, its salt, and the hashes beside its way up to the root, from below."""

    at: int
    of: int
    salt: bytes
    path: tuple[bytes, ...]


def salt_seed(secret: bytes, first_sequence: int, tenant: int) -> bytes:
    """What the salts of a tenant's leaves in a group are made of; `_journal.salt_seed` says the same."""
    return hashlib.sha256(_LABEL + secret + _FIRST.pack(first_sequence, tenant)).digest()


def leaves_of(slots: NDArray[np.void]) -> list[bytes]:
    """The bytes of each leaf of one tenant's slots in a group."""
    plain, facts = bytearray(), []
    at = 0
    while at < len(slots):
        size = slots_of(slots[at])
        if int(slots[at]["kind"]) == FACT_KIND:
            facts.append(slots[at : at + size].tobytes())
        else:
            plain += slots[at].tobytes()
        at += size
    return [bytes(plain), *facts] if plain else facts


def leaf_hash(salt: bytes, content: bytes) -> bytes:
    """The hash of a leaf."""
    return hashlib.sha256(_LEAF + salt + content).digest()


def _salt(seed: bytes, leaf: int) -> bytes:
    return hashlib.sha256(seed + _COUNT.pack(leaf)).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(_NODE + left + right).digest()


def _digest(leaves: int, root: bytes) -> bytes:
    return hashlib.sha256(_DIGEST + _COUNT.pack(leaves) + root).digest()


def proof(secret: bytes, first_sequence: int, slots: NDArray[np.void], fact: bytes) -> Proof:
    """The proof of a fact among one tenant's slots in the group that begins at `first_sequence`. ValueError if it is not there."""
    seed = salt_seed(secret, first_sequence, int(slots[0]["tenant"]))
    contents = leaves_of(slots)
    at = contents.index(fact)
    level = [leaf_hash(_salt(seed, number), content) for number, content in enumerate(contents)]
    path, place = [], at
    while len(level) > 1:
        beside = place ^ 1
        if beside < len(level):
            path.append(level[beside])
        above = [_node(level[one], level[one + 1]) for one in range(0, len(level) - 1, 2)]
        level = [*above, level[-1]] if len(level) % 2 else above
        place //= 2
    return Proof(at=at, of=len(contents), salt=_salt(seed, at), path=tuple(path))


def digest_by(proof: Proof, fact: bytes) -> bytes:
    """The digest to which a proof leads (RFC 9162 §2.1.3.2). ValueError for a way that no such tree has."""
    if not 0 <= proof.at < proof.of <= _journal.MAX_GROUP_SLOTS or len(proof.salt) != SALT_BYTES:
        raise ValueError("no such leaf")
    found, place, last = leaf_hash(proof.salt, fact), proof.at, proof.of - 1
    left = list(proof.path)
    while last:
        if place % 2 or place < last:  # one that stands alone at its level's end goes up as it is
            if not left:
                raise ValueError("the way is too short")
            beside = left.pop(0)
            found = _node(beside, found) if place % 2 else _node(found, beside)
        place, last = place // 2, last // 2
    if left:
        raise ValueError("the way is too long")
    return _digest(proof.of, found)


def digest_of(seed: bytes, slots: NDArray[np.void]) -> bytes:
    """The digest of one tenant's slots in a group, all of them at hand: what `_journal.part_digest` computes."""
    contents = leaves_of(slots)
    return _digest(len(contents), _root([leaf_hash(_salt(seed, at), content) for at, content in enumerate(contents)]))


def _root(hashes: Sequence[bytes]) -> bytes:
    """RFC 6962 §2.1, as it is written there."""
    if len(hashes) == 1:
        return hashes[0]
    split = 1 << (len(hashes) - 1).bit_length() - 1
    return _node(_root(hashes[:split]), _root(hashes[split:]))
