"""Names in certificates: name constraints (RFC 5280 §4.2.1.10) and a server's names (RFC 6125, RFC 9525).

A constraint that is not understood fails, whatever the name. A wildcard counts as all the names it may stand for when it is
excluded, and as nothing more than itself when it is permitted. The common name is never a host's name.
"""

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from asn1crypto import core, x509

from yunhai.kernel.limits import HOST_CHARACTERS_MAX, PATH_NAMES_MAX
from yunhai.trading.trust.errors import (
    CERTIFICATE_MALFORMED,
    NAME_NOT_PERMITTED,
    SEARCH_TOO_LARGE,
    SERVER_NAME,
    refused,
)

_LABEL: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_V4, _V6 = 4, 16

Name = tuple[str, Any]
"""(kind as asn1crypto names it, value): text in lower case, address bytes, a directory name, or raw bytes of other kinds."""


def host_name(text: str, *, wildcard: bool = False) -> bool:
    """Whether a text is a host name in the preferred syntax (RFC 1034 §3.5); `wildcard` allows `*` as its whole first label."""
    if not text or len(text) > HOST_CHARACTERS_MAX:
        return False
    labels = text.lower().split(".")
    if wildcard and labels[0] == "*" and len(labels) > 1:
        labels = labels[1:]
    return all(_LABEL.fullmatch(label) for label in labels)


def _raw(general: Any) -> bytes:
    contents: bytes = general.chosen.contents
    return contents


def general(name: Any) -> Name:
    """A GeneralName's kind and value. CERTIFICATE_MALFORMED if its bytes are no name of that kind."""
    kind: str = name.name
    if kind == "directory_name":
        return kind, name.chosen
    if kind == "ip_address":
        return kind, _raw(name)
    if kind in ("dns_name", "rfc822_name", "uniform_resource_identifier"):
        try:
            return kind, _raw(name).decode("ascii")
        except UnicodeDecodeError:
            raise refused(CERTIFICATE_MALFORMED, f"{kind} is not ASCII", f"{kind} 不是 ASCII") from None
    return kind, name.dump()


def names_of(certificate: x509.Certificate) -> Iterator[Name]:
    """Every name that a constraint may speak of."""
    if len(certificate.subject.chosen):
        yield "directory_name", certificate.subject
    alternatives = certificate.subject_alt_name_value
    mail = False
    for one in alternatives if alternatives is not None else ():
        found = general(one)
        mail = mail or found[0] == "rfc822_name"
        yield found
    if not mail:
        for part in certificate.subject.chosen:
            for pair in part:
                if pair["type"].native == "email_address":
                    yield "rfc822_name", pair["value"].native


# --- constraints -------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Constraints:
    """What the authorities along a path allow: `permitted` a list of sets by kind, all to be met; `excluded` any to be missed."""

    permitted: list[tuple[str, tuple[Any, ...]]] = field(default_factory=list)
    excluded: list[Name] = field(default_factory=list)

    def add(self, extension: Any) -> None:
        """Take over a NameConstraints extension. NAME_NOT_PERMITTED if it holds a form that is not understood."""
        kinds: dict[str, list[Any]] = {}
        for kind, base in _bases(extension["permitted_subtrees"]):
            kinds.setdefault(kind, []).append(base)
        self.permitted.extend((kind, tuple(bases)) for kind, bases in kinds.items())
        self.excluded.extend(_bases(extension["excluded_subtrees"]))

    def check(self, certificate: x509.Certificate) -> None:
        """NAME_NOT_PERMITTED unless every name of the certificate is allowed, SEARCH_TOO_LARGE for too many to compare."""
        if not self.permitted and not self.excluded:
            return
        names = list(names_of(certificate))
        if len(names) * (sum(len(bases) for _, bases in self.permitted) + len(self.excluded)) > PATH_NAMES_MAX:
            raise refused(SEARCH_TOO_LARGE, "names and constraints", "名稱與限制過多")
        for kind, value in names:
            for limited, bases in self.permitted:
                if limited == kind and not any(_within(kind, value, base) for base in bases):
                    raise refused(
                        NAME_NOT_PERMITTED, f"{_shown(kind, value)} is not permitted", f"{_shown(kind, value)} 未獲許可"
                    )
            for barred, base in self.excluded:
                if barred == kind and (_within(kind, value, base) or _may_be(kind, value, base)):
                    raise refused(
                        NAME_NOT_PERMITTED, f"{_shown(kind, value)} is excluded", f"{_shown(kind, value)} 遭排除"
                    )


def _shown(kind: str, value: Any) -> str:
    if kind == "directory_name":
        shown: str = value.human_friendly
        return shown
    return value.hex() if isinstance(value, bytes) else str(value)


def _bases(subtrees: Any) -> list[Name]:
    if isinstance(subtrees, core.Void):
        return []
    found = []
    for one in subtrees:
        if one["minimum"].native != 0 or not isinstance(one["maximum"], core.Void):
            raise refused(NAME_NOT_PERMITTED, "a constraint with a minimum or maximum", "限制有最小或最大值")
        kind, base = general(one["base"])
        _require_sound(kind, base)
        found.append((kind, base))
    return found


def _require_sound(kind: str, base: Any) -> None:
    match kind:
        case "directory_name":
            sound = True
        case "dns_name":
            sound = base == "" or host_name(base)
        case "ip_address":
            sound = len(base) in (2 * _V4, 2 * _V6) and _contiguous(base[len(base) // 2 :])
        case "rfc822_name":
            mailbox, at, host = base.rpartition("@")
            sound = host_name(host.removeprefix("." if not at else "")) and bool(mailbox) == bool(at)
        case "uniform_resource_identifier":
            sound = host_name(base.removeprefix("."))
        case _:
            sound = False
    if not sound:
        raise refused(
            NAME_NOT_PERMITTED, f"a constraint that is not understood ({kind})", f"無法理解之名稱限制（{kind}）"
        )


def _contiguous(mask: bytes) -> bool:
    bits = int.from_bytes(mask, "big") ^ (1 << 8 * len(mask)) - 1
    return bits & (bits + 1) == 0


def _within(kind: str, value: Any, base: Any) -> bool:
    match kind:
        case "directory_name":
            wanted, found = list(base.chosen), list(value.chosen)
            return len(found) >= len(wanted) and all(one == two for one, two in zip(wanted, found, strict=False))
        case "dns_name":
            return _below(value, base)
        case "ip_address":
            half = len(base) // 2
            if len(value) != half:
                return False
            mask = int.from_bytes(base[half:], "big")
            return int.from_bytes(value, "big") & mask == int.from_bytes(base[:half], "big") & mask
        case "rfc822_name":
            mailbox, at, host = value.rpartition("@")
            if not at or not mailbox:
                return False
            wanted_mailbox, wanted_at, wanted_host = base.rpartition("@")
            if wanted_at:
                return bool(mailbox == wanted_mailbox and host.lower() == wanted_host.lower())
            return _host_of(host, base)
        case _:
            return _host_of(_uri_host(value), base)


def _below(host: str, base: str) -> bool:
    host, base = host.lower(), base.lower()
    return base == "" or host == base or host.endswith("." + base)


def _host_of(host: str, base: str) -> bool:
    host, base = host.lower(), base.lower()
    return host.endswith(base) and len(host) > len(base) if base.startswith(".") else host == base


def _uri_host(uri: str) -> str:
    try:
        host = urlsplit(uri).hostname or ""
    except ValueError:
        host = ""
    if not host_name(host) or host.rpartition(".")[2].isdigit():
        raise refused(NAME_NOT_PERMITTED, "a URI without a host's name under a constraint", "受限制之 URI 沒有主機名稱")
    return host


def _may_be(kind: str, value: Any, base: Any) -> bool:
    """Whether a wildcard may stand for a name below an excluded one."""
    if kind != "dns_name" or not value.startswith("*."):
        return False
    parent = value[2:].lower()
    return bool(base.lower().endswith("." + parent) and "." not in base[: -len(parent) - 1])


# --- a server's --------------------------------------------------------------------------------------------------------


def require_server(certificate: x509.Certificate, wanted: str) -> None:
    """SERVER_NAME unless the certificate's alternative names hold `wanted`, a host's name or an IP address."""
    alternatives = certificate.subject_alt_name_value
    names = [general(one) for one in alternatives] if alternatives is not None else []
    try:
        address = ipaddress.ip_address(wanted)
    except ValueError:
        found = any(kind == "dns_name" and _matches(value, wanted) for kind, value in names)
    else:
        found = any(kind == "ip_address" and value == address.packed for kind, value in names)
    if not found:
        raise refused(SERVER_NAME, wanted, wanted)


def _matches(pattern: str, wanted: str) -> bool:
    pattern, wanted = pattern.lower(), wanted.lower()
    if not pattern.startswith("*."):
        return pattern == wanted
    first, dot, rest = wanted.partition(".")
    return bool(first and dot) and rest == pattern[2:] and "." in rest


def require_sound_names(certificate: x509.Certificate) -> None:
    """CERTIFICATE_MALFORMED unless every alternative name is well formed."""
    alternatives = certificate.subject_alt_name_value
    if alternatives is None:
        return
    if not len(alternatives):
        raise refused(CERTIFICATE_MALFORMED, "no alternative name in the extension", "別名擴充是空的")
    for kind, value in (general(one) for one in alternatives):
        sound = True
        if kind == "dns_name":
            sound = host_name(value, wildcard=True)
        elif kind == "ip_address":
            sound = len(value) in (_V4, _V6)
        elif kind == "rfc822_name":
            mailbox, _, host = value.rpartition("@")
            sound = bool(mailbox) and host_name(host)
        if not sound:
            raise refused(
                CERTIFICATE_MALFORMED, f"alternative name {_shown(kind, value)}", f"別名 {_shown(kind, value)}"
            )
