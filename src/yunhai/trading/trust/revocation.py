"""Whether certificates of a path were revoked, in the general case: complete, delta, partitioned and indirect lists, OCSP.

The processing of lists (RFC 5280 §6.3) and of answers (RFC 6960) is pyhanko-certvalidator's; the signatures are checked by
our own rule of algorithms, nothing is fetched, and time is what is passed in. Its coroutines never wait for anything then, so
they are run to their end without an event loop.
"""

import logging
from collections.abc import Coroutine, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from asn1crypto import algos, core, crl, keys, ocsp, x509
from cryptography.exceptions import InvalidSignature
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.authority import CertTrustAnchor
from pyhanko_certvalidator.errors import (
    CRLNoMatchesError,
    CRLValidationError,
    CRLValidationIndeterminateError,
    OCSPNoMatchesError,
    OCSPValidationError,
    OCSPValidationIndeterminateError,
    RevokedError,
    ValidationError,
)
from pyhanko_certvalidator.path import ValidationPath
from pyhanko_certvalidator.revinfo.validate_crl import verify_crl
from pyhanko_certvalidator.revinfo.validate_ocsp import verify_ocsp_response
from pyhanko_certvalidator.sig_validate import SignatureValidationContext, SignatureValidator

from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import REVOCATION_LIST_BYTES_MAX, STATUS_BYTES_MAX
from yunhai.trading.trust.algorithms import Taken, holds
from yunhai.trading.trust.errors import BROKEN, REVOKED, STATUS_MALFORMED, STATUS_STALE, STATUS_UNKNOWN, refused

logging.getLogger("pyhanko_certvalidator").setLevel(
    logging.CRITICAL
)  # what does not hold is our refusal, not its log line
_NO_CONTEXT: Final = SignatureValidationContext()


class _OurSignatures(SignatureValidator):
    """Signatures of lists and answers, held to the same algorithms as those of certificates."""

    def __init__(self, taken: Taken, inherited: dict[bytes, keys.DSAParams]) -> None:
        self._taken, self._inherited = taken, inherited

    def validate_signature(
        self,
        signature: bytes,
        signed_data: bytes,
        public_key_info: keys.PublicKeyInfo,
        signature_algorithm: algos.SignedDigestAlgorithm,
        context: SignatureValidationContext = _NO_CONTEXT,
    ) -> None:
        """InvalidSignature unless it holds."""
        try:
            right = holds(
                public_key_info,
                signature_algorithm,
                signature,
                signed_data,
                taken=self._taken,
                parameters=self._inherited.get(public_key_info.dump()),
            )
        except YunhaiError:
            right = False
        if not right:
            raise InvalidSignature


def _run(work: Coroutine[Any, Any, Any]) -> None:
    try:
        work.send(None)
    except StopIteration:
        return
    work.close()
    raise RuntimeError("status is decided without waiting")


def _inherited(path: Sequence[x509.Certificate]) -> dict[bytes, keys.DSAParams]:
    """By key: the parameters of DSA keys that have those of the issuer above."""
    found: dict[bytes, keys.DSAParams] = {}
    above: keys.DSAParams | None = None
    for certificate in path:
        info = certificate.public_key
        if info.algorithm != "dsa":
            above = None
        elif info["algorithm"]["parameters"].native:
            above = info["algorithm"]["parameters"]
        elif above is not None:
            found[info.dump()] = above
    return found


def _loaded(encoded: Sequence[bytes], kind: Any, most: int) -> list[Any]:
    found = []
    for each in encoded:
        try:
            if len(each) > most:
                raise ValueError("too large")
            one = kind.load(each, strict=True)
            _ = one.native if kind is ocsp.OCSPResponse else one["tbs_cert_list"]["this_update"].native
        except BROKEN:
            raise refused(STATUS_MALFORMED, f"not a {kind.__name__}", f"不是 {kind.__name__}") from None
        found.append(one)
    return found


def require_unrevoked(
    path: Sequence[x509.Certificate],
    *,
    others: Sequence[x509.Certificate],
    lists: Sequence[bytes],
    answers: Sequence[bytes],
    at: datetime,
    taken: Taken,
) -> None:
    """That no certificate below the root (`path[0]`) was revoked at `at`, by the lists and OCSP answers given.

    REVOKED, STATUS_STALE, STATUS_UNKNOWN (also where nothing is said of one). `others` may sign lists or answers.
    """
    anchor = CertTrustAnchor(path[0])
    context = ValidationContext(
        trust_roots=[anchor],
        other_certs=[*path[1:], *others],
        moment=at,
        allow_fetching=False,
        crls=_loaded(lists, crl.CertificateList, REVOCATION_LIST_BYTES_MAX),
        ocsps=_loaded(answers, ocsp.OCSPResponse, STATUS_BYTES_MAX),
        revocation_mode="require",
        weak_hash_algos=(),
        time_tolerance=timedelta(0),
        signature_validator=_OurSignatures(taken, _inherited(path)),
    )
    for place, certificate in enumerate(path[1:], 1):
        upto = ValidationPath(anchor, interm=path[1:place], leaf=certificate)
        if not isinstance(certificate.ocsp_no_check_value, core.Null):
            _require_one(certificate, upto, context, has_answers=bool(answers), has_lists=bool(lists))
        context.record_validation(certificate, upto)  # type: ignore[no-untyped-call]


def _require_one(
    certificate: x509.Certificate,
    path: ValidationPath,
    context: ValidationContext,
    *,
    has_answers: bool,
    has_lists: bool,
) -> None:
    name = certificate.subject.human_friendly
    stale, why = False, []
    checks: list[Coroutine[Any, Any, Any]] = []
    if has_answers:
        checks.append(verify_ocsp_response(certificate, path, context))
    if has_lists:
        checks.append(verify_crl(certificate, path, context))
    good = False
    for check in checks:
        if good:
            check.close()
            continue
        try:
            _run(check)
            good = True
        except RevokedError as error:
            for left in checks:
                left.close()
            raise refused(REVOKED, f"{name}: {error}", name) from None
        except (CRLNoMatchesError, OCSPNoMatchesError):
            why.append("nothing is said of it")
        except (CRLValidationIndeterminateError, OCSPValidationIndeterminateError) as error:
            stale = stale or getattr(error, "suspect_stale", None) is not None
            why.extend(str(failure[0]) for failure in error.failures)
        except (CRLValidationError, OCSPValidationError, ValidationError, *BROKEN) as error:
            why.append(str(error))
    if not good:
        code = STATUS_STALE if stale else STATUS_UNKNOWN
        raise refused(code, f"{name}: {'; '.join(why) or 'no list and no answer'}", name)
