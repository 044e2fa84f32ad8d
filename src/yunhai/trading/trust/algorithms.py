"""Which signatures count, and whether one holds: by OpenSSL through `cryptography`, the algorithm named by its identifier.

What is taken: ECDSA on P-256, P-384 and P-521, RSA of 2,048 to 8,192 bits (PKCS #1 v1.5 and PSS) with SHA-256, -384 or -512,
and Ed25519. Nothing else, however right the signature. `OLD` adds what was usual in 2011 (SHA-1, DSA, short RSA) and is there
for reading other people's test suites, not for anything that Yunhai relies on.
"""

from dataclasses import dataclass
from typing import Any, Final, NoReturn

from asn1crypto import algos, keys
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from yunhai.kernel.limits import RSA_BITS_MAX, RSA_BITS_MIN
from yunhai.trading.trust.errors import ALGORITHM_REFUSED, refused

_HASHES: Final[dict[str, hashes.HashAlgorithm]] = {
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}
_CURVES: Final = frozenset({"secp256r1", "secp384r1", "secp521r1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """Which algorithms are taken: hashes by name, the shortest RSA key, whether DSA."""

    hashes: frozenset[str] = frozenset(_HASHES)
    rsa_bits: int = RSA_BITS_MIN
    dsa: bool = False


MODERN: Final = Taken()
OLD: Final = Taken(hashes=frozenset({*_HASHES, "sha1", "sha224"}), rsa_bits=1_024, dsa=True)


def _refuse(english: str, chinese: str) -> NoReturn:
    raise refused(ALGORITHM_REFUSED, english, chinese)


def _hash(name: str, taken: Taken) -> hashes.HashAlgorithm:
    if name not in taken.hashes:
        _refuse(f"hash {name}", f"雜湊 {name}")
    return _HASHES[name] if name in _HASHES else {"sha1": hashes.SHA1(), "sha224": hashes.SHA224()}[name]  # noqa: S303


def public_key(info: keys.PublicKeyInfo, taken: Taken = MODERN, *, parameters: keys.DSAParams | None = None) -> Any:
    """The key of a SubjectPublicKeyInfo. ALGORITHM_REFUSED unless it is of a kind and strength that is taken.

    `parameters`: those a DSA key inherits from its issuer's (RFC 3279 §2.3.2).
    """
    try:
        kind = info.algorithm
        if kind == "dsa" and taken.dsa and parameters is not None and not info["algorithm"]["parameters"].native:
            numbers = dsa.DSAParameterNumbers(*(int(parameters[name].native) for name in ("p", "q", "g")))
            return dsa.DSAPublicNumbers(int(info["public_key"].parsed.native), numbers).public_key()
        if kind == "ec":
            form, curve = info.curve
            if form != "named" or curve not in _CURVES:
                _refuse("a curve other than P-256, P-384, P-521", "曲線不是 P-256、P-384、P-521")
        key = load_der_public_key(info.dump())
    except (ValueError, TypeError, KeyError, UnsupportedAlgorithm):
        _refuse("a key that cannot be read", "無法讀取的金鑰")
    if isinstance(key, rsa.RSAPublicKey):
        if not taken.rsa_bits <= key.key_size <= RSA_BITS_MAX or key.key_size % 8:
            _refuse(f"RSA of {key.key_size} bits", f"{key.key_size} 位元之 RSA")
        if key.public_numbers().e < 3 or key.public_numbers().e % 2 == 0:
            _refuse("an even or tiny RSA exponent", "RSA 指數不當")
    elif isinstance(key, dsa.DSAPublicKey):
        if not taken.dsa:
            _refuse("DSA", "DSA")
    elif not isinstance(key, ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey):
        _refuse("a key of another kind", "其他種類之金鑰")
    return key


def _pss(
    algorithm: algos.SignedDigestAlgorithm, taken: Taken
) -> tuple[padding.AsymmetricPadding, hashes.HashAlgorithm]:
    parameters = algorithm["parameters"]
    digest = parameters["hash_algorithm"]["algorithm"].native
    mask = parameters["mask_gen_algorithm"]
    if mask["algorithm"].native != "mgf1" or mask["parameters"]["algorithm"].native != digest:
        _refuse("PSS with another mask", "PSS 遮罩函數不符")
    hashed = _hash(digest, taken)
    salt = parameters["salt_length"].native
    if not 0 <= salt <= hashed.digest_size or parameters["trailer_field"].native not in (1, "trailer_field_bc"):
        _refuse("PSS with another salt", "PSS 鹽值長度不符")
    return padding.PSS(padding.MGF1(hashed), salt), hashed


def holds(
    info: keys.PublicKeyInfo,
    algorithm: algos.SignedDigestAlgorithm,
    signature: bytes,
    data: bytes,
    *,
    digest: str = "",
    taken: Taken = MODERN,
    parameters: keys.DSAParams | None = None,
) -> bool:
    """Whether `signature` over `data` is this key's. ALGORITHM_REFUSED if its algorithm is not taken or not the key's.

    `digest` is that of the signer's digest algorithm, for a CMS whose signature algorithm names none.
    """
    try:
        kind = algorithm.signature_algo
        named = "" if kind in ("ed25519", "rsassa_pss") else _named_hash(algorithm, digest)
    except (ValueError, KeyError):
        _refuse("a signature algorithm that is not known", "不認得的簽章演算法")
    key = public_key(info, taken, parameters=parameters)
    try:
        if kind == "ecdsa" and isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, data, ec.ECDSA(_hash(named, taken)))
        elif kind == "rsassa_pkcs1v15" and isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, data, padding.PKCS1v15(), _hash(named, taken))
        elif kind == "rsassa_pss" and isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, data, *_pss(algorithm, taken))
        elif kind == "ed25519" and isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(signature, data)
        elif kind == "dsa" and isinstance(key, dsa.DSAPublicKey):
            key.verify(signature, data, _hash(named, taken))
        else:
            _refuse(f"{kind} by a key of another kind", f"{kind} 與金鑰種類不符")
    except InvalidSignature:
        return False
    return True


def _named_hash(algorithm: algos.SignedDigestAlgorithm, digest: str) -> str:
    try:
        named: str = algorithm.hash_algo
    except ValueError:
        return digest
    if digest and named != digest:
        _refuse(f"{named} where {digest} was said", f"雜湊 {named} 與所稱 {digest} 不同")
    return named
