"""What passes between the trust process and the HSM's worker: frames of four bytes of length and msgpack."""

from typing import BinaryIO, Final

import msgspec

from yunhai.kernel.limits import HSM_FRAME_BYTES_MAX

LENGTH_BYTES: Final = 4


class Open(msgspec.Struct, frozen=True, kw_only=True):
    """The first frame: which module and token, and its PIN. `officer_pin`: make the token first, of a software HSM."""

    module: str
    label: str
    pin: str
    officer_pin: str = ""


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """`do`: sign (each hash, raw r ‖ s), make (a key pair; its point), point, labels (how many of
    each kind), sealed (whether it was made in the token and cannot leave it), ping."""

    do: str
    label: str = ""
    hashes: tuple[bytes, ...] = ()


class Info(msgspec.Struct, frozen=True, kw_only=True):
    """The token as it names itself, and the module's maker and version."""

    label: str
    manufacturer: str
    model: str
    serial: str
    library: str

    @property
    def software(self) -> bool:
        """Whether it is SoftHSM: a token of files, for tests and demonstrations."""
        return "softhsm" in f"{self.manufacturer} {self.model}".lower()


class Fault(msgspec.Struct, frozen=True, kw_only=True, tag="fault"):
    """What went wrong, by the name of PKCS#11's return value. `fatal`: the worker ends."""

    kind: str
    text: str
    fatal: bool


CLOUD: Final = "cloud"
DOCUMENT: Final = "document"
_PEOPLE: Final = (CLOUD, DOCUMENT)


def counted_as(label: str) -> str:
    """A person's key by its kind, one of the system's own by its label."""
    kind = label.split("-", 1)[0]
    return kind if kind in _PEOPLE else label


def read_frame(source: BinaryIO) -> bytes | None:
    """The next frame; None at the end. ValueError for one that is too long."""
    head = source.read(LENGTH_BYTES)
    if len(head) < LENGTH_BYTES:
        return None
    length = int.from_bytes(head, "big")
    if length > HSM_FRAME_BYTES_MAX:
        raise ValueError("a frame is too long")
    content = source.read(length)
    return content if len(content) == length else None


def write_frame(sink: BinaryIO, content: bytes) -> None:
    """Send a frame whole."""
    sink.write(framed(content))
    sink.flush()


def framed(content: bytes) -> bytes:
    """A frame as it travels."""
    return len(content).to_bytes(LENGTH_BYTES, "big") + content
