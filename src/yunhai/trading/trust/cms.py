"""CMS 簽章 of an instruction: its very signature beside its text, as anybody's tool reads it (RFC 5652, CAdES-T).

The signature that the investor gave is over the DER of two signed attributes (contentType, messageDigest; see
`yunhai.trading.instructions`). So a SignedData with the text inside, those attributes, the signature as DER (r, s) and the
signer's certificate is right without anybody signing again: `build`. The time stamp over the signature value is an unsigned
attribute that is added later: `stamped`. There is one encoding and no choice in it, so `opened` builds it again from what it
read and refuses anything else: no byte of it can be changed unseen.

The signed attributes do not hold CAdES's signing-certificate-v2: they are fixed when the order is signed, in 77 bytes that a
browser makes, before the signer need know a certificate (one key may be certified again). What binds the certificate instead:
the text names the key's number, the journal's facts bind that number to the key and the certificate, one key has one
certificate at a time, and the seal covers the certificate's bytes (docs/concepts/evidence.md).

`read` and `proven` take any SignedData with one or more signers, for documents and other people's files.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from asn1crypto import cms, core, tsp, x509

from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import CMS_BYTES_MAX
from yunhai.trading.instructions import signed_attributes
from yunhai.trading.signatures import der_of, raw_of
from yunhai.trading.trust import signed_data
from yunhai.trading.trust.algorithms import MODERN, Taken, holds
from yunhai.trading.trust.errors import (
    BROKEN,
    CMS_DIGEST,
    CMS_MALFORMED,
    CMS_NOT_OURS,
    CMS_SIGNATURE,
    CMS_SIGNER,
    refused,
)
from yunhai.trading.trust.forms import load

_DATA: Final = "data"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """One signer of a SignedData. `attributes` the DER SET OF that is signed, empty where there are none; `certificate` the DER
    of the one that its identifier names, None if it is not inside."""

    certificate: bytes | None
    attributes: bytes
    digest: bytes
    content_type: str
    info: cms.SignerInfo

    @property
    def signature(self) -> bytes:
        found: bytes = self.info["signature"].native
        return found

    def unsigned(self, name: str) -> list[Any]:
        """The values of one unsigned attribute. CMS_MALFORMED if they cannot be read."""
        return _values(self.info["unsigned_attrs"], name)

    def signed(self, name: str) -> list[Any]:
        """The values of one signed attribute. CMS_MALFORMED if they cannot be read."""
        return _values(self.info["signed_attrs"], name)


def _values(attributes: Any, name: str) -> list[Any]:
    if isinstance(attributes, core.Void):
        return []
    try:
        return [value for one in attributes if one["type"].native == name for value in one["values"]]
    except BROKEN:
        raise _malformed(f"{name} cannot be read", f"{name} 無法讀取") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedData:
    """A SignedData as read. `content` None where it is detached; `content_type` a name of asn1crypto or dotted."""

    content_type: str
    content: bytes | None
    certificates: tuple[bytes, ...]
    signers: tuple[Signer, ...]
    version: str


def _malformed(english: str, chinese: str, code: int = CMS_MALFORMED) -> YunhaiError:
    return refused(code, english, chinese)


def read(encoded: bytes, *, malformed: int = CMS_MALFORMED) -> SignedData:
    """The SignedData in DER (or BER) bytes. `malformed` (CMS_MALFORMED) with the reason if it is none, or holds no signer."""
    if len(encoded) > CMS_BYTES_MAX:
        raise _malformed("too large", "過大", malformed)
    try:
        whole = cms.ContentInfo.load(encoded, strict=True)
        kind = whole["content_type"].native
        if kind != "signed_data":
            raise _malformed(f"it is {kind}, not signed data", f"內容是 {kind}，不是簽署資料", malformed)
        data = whole["content"]
        inner = data["encap_content_info"]
        found = tuple(one.chosen for one in _certificates(data) if one.name == "certificate")
        signers = tuple(_signer(one, found) for one in data["signer_infos"])
        if not signers:
            raise _malformed("no signer", "沒有簽署者", malformed)
        content = inner["content"]
        return SignedData(
            content_type=inner["content_type"].native,
            content=None if isinstance(content, core.Void) else _content_bytes(content),
            certificates=tuple(one.dump() for one in found),
            signers=signers,
            version=data["version"].native,
        )
    except BROKEN as problem:
        raise _malformed(
            f"not DER of a SignedData ({type(problem).__name__})", "不是 SignedData 的 DER 編碼", malformed
        ) from None


def _certificates(data: Any) -> list[Any]:
    found = data["certificates"]
    return [] if isinstance(found, core.Void) else list(found)


def _content_bytes(content: Any) -> bytes:
    if isinstance(content, core.ParsableOctetString | core.OctetString):
        found: bytes = bytes(content)
        return found
    plain: bytes = content.contents  # PKCS #7: what stands in the content is not an OCTET STRING
    return plain


def _signer(info: Any, certificates: Sequence[x509.Certificate]) -> Signer:
    _ = (
        info["sid"].native,
        info["digest_algorithm"].native,
        info["signature_algorithm"].native,
        info["signature"].native,
    )
    attributes = info["signed_attrs"]
    signed = b"" if isinstance(attributes, core.Void) else attributes.untag().dump()
    digest, content_type = b"", ""
    if signed:
        said: dict[str, list[Any]] = {}
        for one in attributes:
            said.setdefault(one["type"].native, []).append(one["values"])
        for name in ("message_digest", "content_type"):
            if len(said.get(name, [])) != 1 or len(said[name][0]) != 1:
                raise ValueError(f"not one {name}")
        digest, content_type = said["message_digest"][0][0].native, said["content_type"][0][0].native
    return Signer(
        certificate=_named(info["sid"], certificates),
        attributes=signed,
        digest=digest,
        content_type=content_type,
        info=info,
    )


def _named(sid: Any, certificates: Sequence[x509.Certificate]) -> bytes | None:
    for one in certificates:
        if sid.name == "issuer_and_serial_number":
            wanted = sid.chosen
            same = one.serial_number == wanted["serial_number"].native and one.issuer.dump() == wanted["issuer"].dump()
        else:
            same = one.key_identifier == sid.chosen.native
        if same:
            found: bytes = one.dump()
            return found
    return None


def proven(data: SignedData, *, content: bytes | None = None, taken: Taken = MODERN) -> SignedData:
    """`data` if every signer's digest and signature hold over its content (`content`, where it is detached).

    CMS_SIGNER, CMS_DIGEST, CMS_SIGNATURE, ALGORITHM_REFUSED otherwise. Says nothing of the certificates' paths.
    """
    held = data.content if data.content is not None else content
    if held is None:
        raise _malformed("detached, and no content was given", "內容分離，未提供內容")
    for signer in data.signers:
        if signer.certificate is None:
            raise refused(CMS_SIGNER, "no certificate inside is the signer's", "內附憑證均非簽署者的")
        info = load(signer.certificate).public_key
        digest = signer.info["digest_algorithm"]["algorithm"].native
        if digest not in taken.hashes:
            raise _malformed(f"digest {digest}", f"摘要 {digest}")
        if signer.attributes:
            if signer.digest != hashlib.new(digest, held).digest() or signer.content_type != data.content_type:
                raise YunhaiError(CMS_DIGEST)
        elif data.content_type != _DATA:
            raise _malformed("no signed attributes", "缺少簽署屬性")
        over = signer.attributes or held
        if not holds(info, signer.info["signature_algorithm"], signer.signature, over, digest=digest, taken=taken):
            raise YunhaiError(CMS_SIGNATURE)
    return data


# --- an instruction's, and nothing else --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class InstructionSignature:
    """What an instruction's CMS holds: the canonical text, r ‖ s, the signer's certificate, then its issuer's, DER; `token` the
    time stamp over the signature value (DER, a ContentInfo), None before there is one."""

    text: bytes
    signature: bytes
    certificates: tuple[bytes, ...]
    token: bytes | None = None

    @property
    def value(self) -> bytes:
        """The signature value, DER (r, s): what the time stamp is over."""
        found = der_of(self.signature)
        if found is None:
            raise YunhaiError(CMS_SIGNATURE)
        return found


def build(one: InstructionSignature) -> bytes:
    """The DER, in its one encoding. CMS_SIGNATURE for a signature that is no r ‖ s, CMS_SIGNER for a malformed certificate."""
    try:
        inner = x509.Certificate.load(one.certificates[0], strict=True)["tbs_certificate"]
        signer = signed_data.named(inner["issuer"].dump(), inner["serial_number"].dump())
    except BROKEN:
        raise refused(CMS_SIGNER, "a certificate cannot be read", "憑證無法讀取") from None
    return signed_data.encoded(
        content_type=signed_data.DATA,
        content=one.text,
        certificates=one.certificates,
        signer=signer,
        attributes=signed_attributes(one.text),
        signature=one.value,
        token=one.token,
    )


def stamped(encoded: bytes, token: bytes) -> bytes:
    """The same CMS with its time stamp: CAdES-T. Refused as by `opened`."""
    one = opened(encoded)
    return build(
        InstructionSignature(text=one.text, signature=one.signature, certificates=one.certificates, token=token)
    )


def opened(encoded: bytes) -> InstructionSignature:
    """What an instruction's CMS holds, its signature proven over its text with the certificate's key.

    CMS_MALFORMED, CMS_SIGNER, CMS_DIGEST, CMS_SIGNATURE; CMS_NOT_OURS if any byte is not as `build` writes it.
    """
    data = read(encoded)
    if len(data.signers) != 1 or data.content is None:
        raise refused(CMS_NOT_OURS, "not one signer of attached text", "不是單一簽署者之附文簽章")
    signer = data.signers[0]
    if signer.certificate is None:
        raise refused(CMS_SIGNER, "no certificate inside is the signer's", "內附憑證均非簽署者的")
    tokens = signer.unsigned("signature_time_stamp_token")
    try:
        raw = raw_of(signer.signature)
    except ValueError:
        raise YunhaiError(CMS_SIGNATURE) from None
    others = tuple(one for one in data.certificates if one != signer.certificate)
    one = InstructionSignature(
        text=data.content,
        signature=raw,
        certificates=(signer.certificate, *others),
        token=tokens[0].dump() if tokens else None,
    )
    proven(data)
    if build(one) != encoded:
        raise refused(CMS_NOT_OURS, "the bytes are not as they are written", "位元組與規定編碼不同")
    return one


assert tsp.TSTInfo is not None, "registers the time stamp's types with the CMS attributes"
