"""The four interfaces 四項介面: what each demands, its live evidence of the last hour, and the negative tests last run.

Live evidence is counted from what the caller may see: the operator every broker's certificates, a broker's staff its own; ports
are tried, and the trust process and the lines are asked, with every look. The negative tests are `yunhai trust probe`'s
(`trust/probe.json` in the home); where it was not run, the page says how.
"""

import json
import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from cryptography import x509
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import PROBE_BYTES_MAX
from yunhai.platform.identity.caller import Caller
from yunhai.platform.shell.api import caller_of
from yunhai.platform.shell.context import english
from yunhai.platform.shell.guards import page
from yunhai.services.lines import api as lines
from yunhai.services.trust import api
from yunhai.services.trust.evidence_models import Evidence, EvidenceState
from yunhai.services.trust.models import Certificate
from yunhai.services.trust.rooms.acting import shown_page

HOUR_S: Final = 3_600
STATUS_S: Final = 30
"""How old what `yunhai up` last wrote may be."""
CONNECT_S: Final = 0.3

Live = tuple[str, str, bool | None]
"""What is so now: what, number or word, well (None: neither good nor bad)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interface:
    """One of the four. `word` how the probe's names of it begin; `demands` a line each; `live` (what, number or word, well)."""

    word: str
    name: str
    demands: tuple[str, ...]
    live: tuple[Live, ...]
    tries: list[dict[str, Any]] = field(default_factory=list)

    @property
    def failed(self) -> int:
        return sum(not one["held"] for one in self.tries)


def probe_file() -> Path:
    """What `yunhai trust probe` found last."""
    return Path(settings.PLACES.home) / "trust" / "probe.json"


def probed() -> dict[str, Any] | None:
    """The last run: at, by, tries, held, failed; None if there was none or its file cannot be read."""
    file = probe_file()
    try:
        if file.stat().st_size > PROBE_BYTES_MAX:
            return None
        found = json.loads(file.read_text(encoding="utf-8"))
        tries = [_try(one) for one in found["tries"]]
        at = timezone.localtime(datetime.fromisoformat(found["at"])).isoformat()
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return {"at": at, "by": str(found.get("by", "")), "tries": tries}


def _try(one: dict[str, Any]) -> dict[str, Any]:
    text = one["en"] if english() else one["zh"]
    told = {name: str(one[name]) for name in ("interface", "expected", "found")}
    return told | {"text": str(text), "ms": int(one["milliseconds"]), "held": told["expected"] == told["found"]}


def _standing(*profiles: str) -> int:
    """Certificates of some profiles that are valid now, as far as the caller sees."""
    return Certificate.objects.filter(profile__in=profiles, status="valid", not_after__gt=timezone.now()).count()


def _running() -> dict[str, Any]:
    """What `yunhai up` says of itself on this machine; {} where it is not what runs the cloud."""
    try:
        found = json.loads(settings.PLACES.status.read_text(encoding="utf-8"))
        return found if time.time() - float(found["written_at"]) < STATUS_S else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=CONNECT_S):
        return True
    return False


def _port(what: str, port: object) -> Live:
    """Whether a port that was asked for answers now; where none was, that is said and is no fault."""
    if not isinstance(port, int) or not port:
        return (what, _("not opened"), None)
    if _listens(port):
        return (what, str(port), True)
    return (what, _("%(port)s does not answer") % {"port": port}, False)


def _investor(caller: Caller, process: Mapping[str, Any]) -> tuple[Live, ...]:
    secure = settings.YUNHAI_ORIGIN.startswith("https://")
    made: list[Live] = [
        (_("TLS at the origin"), _("TLS 1.3") if secure else _("loopback only, without TLS"), secure or None),
        (_("Certificates that sign orders"), str(_standing("investor", "clerk", "api")), None),
    ]
    if "operator" in caller.roles:  # an order and its evidence are the broker's to see
        stamps, signed = (f"{int(process.get(name, 0)):,}" if process else "–" for name in ("tsa", "signed"))
        return (
            *made,
            (_("Cloud signatures since the process began"), signed, None),
            (_("Time stamps since the process began"), stamps, None),
        )
    found = Evidence.objects.filter(accepted_ns__gte=time.time_ns() - HOUR_S * 10**9)
    return (
        *made,
        (_("Instructions signed under a certificate, last hour"), str(found.count()), None),
        (_("of these with complete evidence"), str(found.filter(state=EvidenceState.PLACED).count()), None),
    )


def _server(what: str) -> Live:
    """The certificate that the mutual port and the line server show: until when."""
    try:
        file = Path(settings.PLACES.home) / "trust" / "server.pem"
        found = x509.load_pem_x509_certificates(file.read_bytes())[0]
    except (OSError, ValueError, IndexError):
        return (what, _("none"), None)
    until = timezone.localtime(found.not_valid_after_utc)
    return (what, _("until %(day)s") % {"day": until.date().isoformat()}, until > timezone.now())


def _mutual(running: Mapping[str, Any]) -> tuple[Live, ...]:
    return (
        _port(_("Mutual TLS port"), running.get("mutual")),
        _server(_("Its certificate")),
        (_("Brokers' certificates"), str(_standing("broker")), None),
    )


def _software(process: Mapping[str, Any]) -> tuple[Live, ...]:
    crl = process.get("crl") or {}
    fresh = None if not crl else not crl.get("behind") and crl["next_update"] > time.time() * 1_000
    return (
        (_("Certificates of software and programs"), str(_standing("software", "api")), None),
        (_("Revoked or held, on the list"), f"{crl['entries']} (#{crl['number']})" if crl else "–", fresh),
        (_("Status answers signed"), f"{int(process.get('ocsp', 0)):,}" if process else "–", None),
    )


def _lines(caller: Caller, running: Mapping[str, Any]) -> tuple[Live, ...]:
    wire = running.get("line_wire")
    made: list[Live] = [
        _port(_("Lines' TLS port"), wire) if wire else (_("Lines' TLS port"), _("both ends in one process"), None),
        (_("Lines' certificates"), str(_standing("line")), None),
    ]
    try:
        seen = lines.pool_now(caller)
    except YunhaiError as error:
        return (*made, (_("Lines"), error.text("en" if english() else "zh"), False))
    rows = seen.lines
    up = sum(one.state == "up" for one in rows)
    made.append((_("Lines logged in"), f"{up} / {len(rows)}", up == len(rows) if rows else None))
    made.append((_("Sent to the exchange today"), f"{seen.sent:,}", None))
    return tuple(made)


def _process() -> Mapping[str, Any]:
    """What the trust process says of itself; {} when it does not answer."""
    try:
        return api.authority_state()
    except YunhaiError:
        return {}


def interfaces(caller: Caller, tries: list[dict[str, Any]]) -> list[Interface]:
    """The four, each with its tries."""
    running, process = _running(), _process()
    made = [
        Interface(
            word="investor",
            name=_("Investor – cloud"),
            demands=(_("TLS 1.3 at the origin"), _("Session and second factor"), _("Signature of every instruction")),
            live=_investor(caller, process),
        ),
        Interface(
            word="broker",
            name=_("Broker – cloud"),
            demands=(
                _("TLS 1.3 with a client certificate of profile broker"),
                _("The tenant is the certificate's"),
                _("Signature of every instruction"),
            ),
            live=_mutual(running),
        ),
        Interface(
            word="software",
            name=_("Software – platform"),
            demands=(
                _("Client certificate of profile software or api"),
                _("The token is bound to it (RFC 8705)"),
                _("Signature of every instruction"),
            ),
            live=_software(process),
        ),
        Interface(
            word="platform",
            name=_("Platform – exchange"),
            demands=(
                _("TLS 1.3 with a client certificate of profile line"),
                _("Line number, broker and password, from the journal"),
            ),
            live=_lines(caller, running),
        ),
    ]
    for one in tries:
        first = one["interface"].split()[0].lower()
        word = "platform" if first in ("line", "lines", "exchange") else first
        next((found for found in made if found.word == word), made[0]).tries.append(one)
    return made


@never_cache
@require_safe
@page("operator", "operations", "compliance")
def conformance(request: HttpRequest) -> HttpResponse:
    """The page; its body is asked for again every ten seconds."""
    last = probed()
    caller = caller_of(request)
    context = {
        "last": last,
        "interfaces": interfaces(caller, last["tries"] if last else []),
        "certificates": "operator" not in caller.roles,
    }
    part = request.headers.get("HX-Request") == "true"
    return shown_page(request, "trust/parts/interfaces.html" if part else "trust/conformance.html", context)


urlpatterns = [path("trust/conformance/", conformance, name="conformance")]
