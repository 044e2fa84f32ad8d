"""The revocation list (RFC 5280 §5): whole lists, numbered, signed by the issuing CA; a new one after every change and every hour.

A list that cannot be signed because the HSM is away leaves the last one standing until its `nextUpdate`; whoever needs the
newest state asks OCSP, and the gate has it from the journal's facts.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from asn1crypto import algos, core, crl, x509

from yunhai.apps.trust.ca import Authority, milliseconds
from yunhai.apps.trust.store import Issued
from yunhai.kernel.limits import CRL_HOURS, CRL_RENEW_HOURS
from yunhai.trading.trust.profiles import time_of

NUMBER: Final = "crl-number"
LIST: Final = "crl"
_UNSPECIFIED: Final = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A signed list, DER. Times in milliseconds since 1970."""

    content: bytes
    number: int
    entries: int
    this_update: int
    next_update: int


def build(
    entries: list[Issued], *, issuer: x509.Certificate, number: int, this_update: datetime, next_update: datetime
) -> bytes:
    """DER of the TBSCertList."""
    algorithm = algos.SignedDigestAlgorithm({"algorithm": "sha256_ecdsa"})
    content: dict[str, object] = {
        "version": "v2",
        "signature": algorithm,
        "issuer": issuer.subject,
        "this_update": time_of(this_update),
        "next_update": time_of(next_update),
        "crl_extensions": [
            {
                "extn_id": "authority_key_identifier",
                "critical": False,
                "extn_value": x509.AuthorityKeyIdentifier({"key_identifier": issuer.key_identifier}),
            },
            {"extn_id": "crl_number", "critical": False, "extn_value": core.Integer(number)},
        ],
    }
    if entries:
        content["revoked_certificates"] = [_entry(one) for one in entries]
    encoded: bytes = crl.TbsCertList(content).dump()
    return encoded


def _entry(one: Issued) -> dict[str, object]:
    entry: dict[str, object] = {
        "user_certificate": int.from_bytes(one.serial, "big"),
        "revocation_date": time_of(datetime.fromtimestamp(one.at / 1_000, UTC)),
    }
    if one.reason != _UNSPECIFIED:
        reason = {"extn_id": "crl_reason", "critical": False, "extn_value": crl.CRLReason(one.reason)}
        entry["crl_entry_extensions"] = [reason]
    return entry


class Lists:
    """The list in force."""

    def __init__(self, authority: Authority) -> None:
        self._authority = authority
        self.made: Made | None = None
        self.behind = False
        """Whether something changed that the list in force does not say."""
        self.load()

    def load(self) -> None:
        """The last list that was signed, from the store."""
        content = self._authority.store.kept(LIST)
        if content is None:
            return
        inner = crl.CertificateList.load(content)
        tbs = inner["tbs_cert_list"]
        self.made = Made(
            content=content,
            number=inner.crl_number_value.native if inner.crl_number_value is not None else 0,
            entries=len(tbs["revoked_certificates"]),
            this_update=milliseconds(tbs["this_update"].native),
            next_update=milliseconds(tbs["next_update"].native),
        )

    def due(self) -> bool:
        """Whether a new list should be made."""
        age = milliseconds(self._authority.now()) - self.made.this_update if self.made is not None else None
        return self.behind or age is None or age > CRL_RENEW_HOURS * 3_600_000

    async def renew(self) -> Made:
        """Make and keep a new list. CA_MISSING; the HSM's errors, and the list in force stays."""
        authority = self._authority
        self.behind = True
        now = authority.now().replace(microsecond=0)
        entries = authority.store.listed(milliseconds(now))
        number = authority.store.next_number(NUMBER)
        until = now + timedelta(hours=CRL_HOURS)
        tbs = build(entries, issuer=authority.issuer, number=number, this_update=now, next_update=until)
        signature = await authority.signed_as_ca(tbs)
        whole = crl.CertificateList(
            {
                "tbs_cert_list": crl.TbsCertList.load(tbs),
                "signature_algorithm": algos.SignedDigestAlgorithm({"algorithm": "sha256_ecdsa"}),
                "signature": signature,
            }
        )
        content: bytes = whole.dump()
        authority.store.keep(LIST, content)
        self.made = Made(
            content=content,
            number=number,
            entries=len(entries),
            this_update=milliseconds(now),
            next_update=milliseconds(until),
        )
        self.behind = False
        return self.made
