"""The HSM's worker: a process of its own that talks PKCS#11, so that a module that hangs or crashes takes nobody along.

Started by `hsm.Hsm` as `python -m yunhai.apps.trust.token_worker`. On its standard input it reads frames (four bytes of
length, msgpack), first `Open`, then one `Ask` after another, and answers each in order on its standard output. A failure that
leaves the session doubtful ends it: whoever started it starts another. It keeps no secret but the session.

Keys are made in the token: P-256, SENSITIVE, not EXTRACTABLE, by one label each; nothing here can read one.
"""

import sys
from collections import Counter, OrderedDict
from typing import Any, BinaryIO, Final

import msgspec
import pkcs11
from pkcs11 import Attribute, KeyType, Mechanism, ObjectClass
from pkcs11.util.ec import encode_named_curve_parameters

from yunhai.apps.trust.software_token import initialise
from yunhai.apps.trust.token_words import Ask, Fault, Info, Open, counted_as, read_frame, write_frame
from yunhai.kernel.limits import HSM_KEYS_KEPT_MAX

_POINT_HEAD: Final = bytes((4, 65))
"""DER of an OCTET STRING of 65 bytes: how PKCS#11 gives a point."""
_POINT_BYTES: Final = 65
_NOT_OURS: Final = (
    pkcs11.NoSuchKey,
    pkcs11.MultipleObjectsReturned,
    pkcs11.DataInvalid,
    pkcs11.DataLenRange,
)
"""Failures after which the session is as good as before."""


class Worker:
    """One open session."""

    def __init__(self, said: Open) -> None:
        if said.officer_pin:
            initialise(said)
        library = pkcs11.lib(said.module)
        token = library.get_token(token_label=said.label)
        self._session = token.open(rw=True, user_pin=said.pin)
        self._keys: OrderedDict[str, Any] = OrderedDict()
        self.info = Info(
            label=said.label,
            manufacturer=str(token.manufacturer_id or "").strip(),
            model=str(token.model or "").strip(),
            serial=_text(token.serial).strip(),
            library=f"{str(library.manufacturer_id).strip()} {'.'.join(str(part) for part in library.library_version)}",
        )

    def answer(self, ask: Ask) -> Any:
        """What was asked for; pkcs11 errors."""
        match ask.do:
            case "sign":
                return [bytes(self._key(ask.label).sign(one, mechanism=Mechanism.ECDSA)) for one in ask.hashes]
            case "make":
                return self._make(ask.label)
            case "point":
                return self._point(ask.label)
            case "labels":
                return self._labels()
            case "sealed":
                key = self._key(ask.label)
                return bool(key[Attribute.SENSITIVE]) and not key[Attribute.EXTRACTABLE] and bool(key[Attribute.LOCAL])
            case _:
                return None

    def _labels(self) -> dict[str, int]:
        """How many keys there are of each kind: `cloud-…` is counted as cloud, one of the system's own by its label."""
        found = list(self._session.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY}))
        return dict(Counter(counted_as(str(one[Attribute.LABEL])) for one in found))

    def _key(self, label: str) -> Any:
        key = self._keys.get(label)
        if key is None:
            key = self._session.get_key(object_class=ObjectClass.PRIVATE_KEY, label=label)
            self._keys[label] = key
            if len(self._keys) > HSM_KEYS_KEPT_MAX:
                self._keys.popitem(last=False)
        return key

    def _make(self, label: str) -> bytes:
        if any(True for _ in list(self._session.get_objects({Attribute.LABEL: label}))):
            raise pkcs11.MultipleObjectsReturned
        parameters = self._session.create_domain_parameters(
            KeyType.EC, {Attribute.EC_PARAMS: encode_named_curve_parameters("secp256r1")}, local=True
        )
        public, private = parameters.generate_keypair(
            store=True,
            id=label.encode(),
            label=label,
            private_template={Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False},
        )
        self._keys[label] = private
        return _bare(public[Attribute.EC_POINT])

    def _point(self, label: str) -> bytes:
        public = self._session.get_key(object_class=ObjectClass.PUBLIC_KEY, label=label)
        return _bare(public[Attribute.EC_POINT])


def _bare(point: bytes) -> bytes:
    """The 65 bytes of a point, which most modules wrap in an OCTET STRING."""
    return point[len(_POINT_HEAD) :] if len(point) == _POINT_BYTES + len(_POINT_HEAD) else point


def _text(raw: Any) -> str:
    return raw.decode(errors="replace") if isinstance(raw, bytes) else str(raw)


def _fault(problem: BaseException) -> Fault:
    name = type(problem).__name__
    return Fault(kind=name, text=str(problem)[:200], fatal=not isinstance(problem, _NOT_OURS))


def run(source: BinaryIO, sink: BinaryIO) -> int:
    """Until the input ends, or a failure after which the session is doubtful."""
    opening = read_frame(source)
    if opening is None:
        return 0
    try:
        worker = Worker(msgspec.msgpack.decode(opening, type=Open))
    except Exception as problem:  # noqa: BLE001 - whatever a vendor's module comes up with is told, then the process ends
        write_frame(sink, msgspec.msgpack.encode(_fault(problem)))
        return 1
    write_frame(sink, msgspec.msgpack.encode(worker.info))
    while (frame := read_frame(source)) is not None:
        try:
            said: Any = {"value": worker.answer(msgspec.msgpack.decode(frame, type=Ask))}
        except Exception as problem:  # noqa: BLE001 - the same
            said = _fault(problem)
        write_frame(sink, msgspec.msgpack.encode(said))
        if isinstance(said, Fault) and said.fatal:
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(run(sys.stdin.buffer, sys.stdout.buffer))
