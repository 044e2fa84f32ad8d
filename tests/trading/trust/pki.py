"""A small authority for tests: root, issuing CA, leaves, OCSP answers, lists, time stamps; keys in memory.

The same profiles as Yunhai's (`trading/trust/profiles.py`); signing with `cryptography`, so that what is checked was not
made by the code that checks it where that is possible.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from asn1crypto import algos, cms, core, ocsp, tsp, x509
from cryptography import x509 as peer
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ocsp as peer_ocsp

from yunhai.trading.trust import profiles
from yunhai.trading.trust.profiles import Addresses, Profile, Subject

NOW = datetime(2026, 8, 21, 1, 30, tzinfo=UTC)
DAY = timedelta(days=1)
SHA256 = bytes.fromhex("300b0609608648016503040201")
_DER = serialization.Encoding.DER


def spki(key: Any) -> bytes:
    return key.public_key().public_bytes(_DER, serialization.PublicFormat.SubjectPublicKeyInfo)


@dataclass
class Authority:
    """Root and issuing CA, and the keys of OCSP, TSA and checkpoints beneath it."""

    now: datetime = NOW
    serial: int = 1000
    revoked: dict[int, tuple[datetime, peer.ReasonFlags]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.root_key = ec.generate_private_key(ec.SECP384R1())
        self.ca_key = ec.generate_private_key(ec.SECP256R1())
        self.ocsp_key = ec.generate_private_key(ec.SECP256R1())
        self.tsa_key = ec.generate_private_key(ec.SECP256R1())
        self.checkpoint_key = ec.generate_private_key(ec.SECP256R1())
        begin, end = self.now - 30 * DAY, self.now + 3650 * DAY
        tbs = profiles.build_root(spki(self.root_key), serial=self.next(), not_before=begin, not_after=end)
        self.root = profiles.assembled(tbs, self.root_key.sign(tbs, ec.ECDSA(hashes.SHA384())))
        tbs = profiles.build_issuing(
            spki(self.ca_key),
            root=x509.Certificate.load(self.root),
            serial=self.next(),
            not_before=begin,
            not_after=end,
        )
        self.ca = profiles.assembled(tbs, self.root_key.sign(tbs, ec.ECDSA(hashes.SHA384())))
        self.ocsp = self.issue(Profile.OCSP, self.ocsp_key, "Yunhai OCSP")
        self.tsa = self.issue(Profile.TSA, self.tsa_key, "Yunhai TSA")
        self.checkpoint = self.issue(Profile.CHECKPOINT, self.checkpoint_key, "Yunhai checkpoints")

    def next(self) -> int:
        self.serial += 1
        return (1 << 158) + self.serial

    def issue(
        self, profile: Profile, key: Any, common: str, *, begin: datetime | None = None, end: datetime | None = None
    ) -> bytes:
        """A leaf's DER."""
        tbs = profiles.build(
            profile,
            public=spki(key),
            subject=Subject(common=common),
            issuer=x509.Certificate.load(self.ca),
            serial=self.next(),
            not_before=begin or self.now - DAY,
            not_after=end or self.now + 365 * DAY,
            addresses=Addresses(origin="http://localhost"),
        )
        return profiles.assembled(tbs, self.ca_key.sign(tbs, ec.ECDSA(hashes.SHA256())))

    def status(
        self,
        certificate: bytes,
        *,
        at: datetime | None = None,
        revoked_at: datetime | None = None,
        by: tuple[bytes, Any] | None = None,
        lasts: timedelta = timedelta(hours=1),
    ) -> bytes:
        """An OCSP answer, by `cryptography`'s builder. `by`: another responder (certificate, key)."""
        at = at or self.now
        who, key = by or (self.ocsp, self.ocsp_key)
        dead = revoked_at is not None
        builder = peer_ocsp.OCSPResponseBuilder().add_response(
            cert=peer.load_der_x509_certificate(certificate),
            issuer=peer.load_der_x509_certificate(self.ca),
            algorithm=hashes.SHA1(),
            cert_status=peer_ocsp.OCSPCertStatus.REVOKED if dead else peer_ocsp.OCSPCertStatus.GOOD,
            this_update=at,
            next_update=at + lasts,
            revocation_time=revoked_at,
            revocation_reason=peer.ReasonFlags.key_compromise if dead else None,
        )
        responder = peer.load_der_x509_certificate(who)
        builder = builder.responder_id(peer_ocsp.OCSPResponderEncoding.HASH, responder).certificates([responder])
        return builder.sign(key, hashes.SHA256()).public_bytes(_DER)

    def revocation_list(self, *, at: datetime | None = None, root: bool = False) -> bytes:
        """The CA's list, or the root's, by `cryptography`'s builder."""
        at = at or self.now
        issuer, key = (self.root, self.root_key) if root else (self.ca, self.ca_key)
        builder = (
            peer.CertificateRevocationListBuilder()
            .issuer_name(peer.load_der_x509_certificate(issuer).subject)
            .last_update(at)
            .next_update(at + DAY)
        )
        for serial, (when, reason) in self.revoked.items():
            entry = peer.RevokedCertificateBuilder().serial_number(serial).revocation_date(when)
            builder = builder.add_revoked_certificate(
                entry.add_extension(peer.CRLReason(reason), critical=False).build()
            )
        return builder.sign(key, hashes.SHA256()).public_bytes(_DER)

    def hold_fast(self, digest: bytes, **how: Any) -> bytes:
        """A token over a checkpoint, by the key and the policy that nobody outside is given."""
        by = (self.checkpoint, self.checkpoint_key)
        return self.stamp(digest, by=by, policy=profiles.CHECKPOINT_POLICY, **how)

    def stamp(
        self,
        digest: bytes,
        *,
        at: datetime | None = None,
        nonce: int | None = None,
        by: tuple[bytes, Any] | None = None,
        policy: str = profiles.TSA_POLICY,
        bind: bool = True,
    ) -> bytes:
        """A time-stamp token over a SHA-256 digest."""
        certificate, key = by or (self.tsa, self.tsa_key)
        owner = x509.Certificate.load(certificate)
        said: dict[str, Any] = {
            "version": "v1",
            "policy": policy,
            "message_imprint": {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": digest},
            "serial_number": self.next(),
            "gen_time": (at or self.now).replace(microsecond=0),
            "accuracy": {"seconds": 1},
        }
        if nonce is not None:
            said["nonce"] = nonce
        content = tsp.TSTInfo(said).dump()
        attributes = [
            cms.CMSAttribute({"type": "content_type", "values": ["tst_info"]}),
            cms.CMSAttribute({"type": "message_digest", "values": [hashlib.sha256(content).digest()]}),
        ]
        if bind:
            bound = tsp.SigningCertificateV2({"certs": [{"cert_hash": hashlib.sha256(certificate).digest()}]})
            attributes.append(cms.CMSAttribute({"type": "signing_certificate_v2", "values": [bound]}))
        signed = cms.CMSAttributes(attributes)
        sid = cms.SignerIdentifier(
            name="issuer_and_serial_number",
            value=cms.IssuerAndSerialNumber({"issuer": owner.issuer, "serial_number": owner.serial_number}),
        )
        data = cms.SignedData(
            {
                "version": "v3",
                "digest_algorithms": [algos.DigestAlgorithm.load(SHA256)],
                "encap_content_info": {"content_type": "tst_info", "content": cms.ParsableOctetString(content)},
                "certificates": [cms.CertificateChoices(name="certificate", value=owner)],
                "signer_infos": [
                    {
                        "version": "v1",
                        "sid": sid,
                        "digest_algorithm": algos.DigestAlgorithm.load(SHA256),
                        "signed_attrs": signed,
                        "signature_algorithm": algos.SignedDigestAlgorithm({"algorithm": "sha256_ecdsa"}),
                        "signature": key.sign(signed.dump(), ec.ECDSA(hashes.SHA256())),
                    }
                ],
            }
        )
        return cms.ContentInfo({"content_type": "signed_data", "content": data}).dump()


def answer(token: bytes) -> bytes:
    """The TimeStampResp that carries a token."""
    return tsp.TimeStampResp({"status": {"status": "granted"}, "time_stamp_token": cms.ContentInfo.load(token)}).dump()


def pem(certificate: bytes) -> bytes:
    return peer.load_der_x509_certificate(certificate).public_bytes(serialization.Encoding.PEM)


assert core is not None
assert ocsp is not None
