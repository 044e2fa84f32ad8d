"""The Pocket's pages about quotes and orders, and the timeline of any id.

Pages hold words and places; prices, states and money come live from the core and the stream, by the scripts in `static/pocket`.
What is history (fills, timelines) is rendered here from the readings.
"""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import path, reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import LOOKUP_HOURS_MAX
from yunhai.platform.audit import api as audit
from yunhai.platform.entitlements.api import entitled
from yunhai.platform.identity.caller import Caller
from yunhai.platform.shell import refusals
from yunhai.platform.shell.api import caller_of
from yunhai.platform.shell.chosen import choose_account, chosen_account
from yunhai.platform.shell.context import english
from yunhai.platform.shell.guards import page
from yunhai.platform.shell.scripts import page_data
from yunhai.platform.shell.templatetags import shell as writing
from yunhai.platform.shell.words import word
from yunhai.services.ledger import api as ledger
from yunhai.services.orders import api as orders
from yunhai.services.orders.errors import NOTHING_FOUND
from yunhai.services.orders.http import READERS

app_name = "orders"

ROOM: Final = ("investor",)
FILLS_SHOWN: Final = 200
DETAILS: Final = {
    "number": _("Instruction"),
    "order_number": _("Order number"),
    "client_id": _("Client id"),
    "person": _("Person no."),
    "channel": _("Channel"),
    "line": _("Exchange line"),
    "waited_ms": _("From acceptance to the exchange"),
    "code": _("Code of the refusal"),
    "remedy": _("What to do"),
    "reserved_cash": _("Cash reserved"),
    "reserved_shares": _("Shares reserved"),
    "trade": _("Trade number"),
    "price": _("Price"),
    "quantity": _("Quantity"),
    "value": _("Value"),
    "leaves": _("Left"),
    "filled": _("Filled so far"),
    "removed": _("Removed"),
    "segment": _("Segment"),
    "liquidity": _("Liquidity"),
    "settles_on": _("Settles on"),
    "signed_at": _("Signed at"),
    "key": _("Signing key"),
    "told_at": _("Customer told at"),
    "told_by": _("Record of the customer's instruction"),
    "evidence": _("Evidence"),
}
"""What a timeline says of an event beneath its first line, in this order."""
TONES: Final = {"accepted": "signed", "fill": "good", "settlement": "good", "refused": "bad", "exchange-refused": "bad"}
WORDED: Final = frozenset({"channel", "liquidity", "segment"})
GROUPED: Final = frozenset({"quantity", "leaves", "filled", "removed", "reserved_shares"})
MONEY: Final = frozenset({"price", "value", "reserved_cash"})
CASH: Final = frozenset({"value", "reserved_cash"})
TIMES: Final = frozenset({"signed_at", "told_at"})
CODES_UNSAID: Final = (0, "", "0.00")


@require_safe
@page(*ROOM, service="1.3")
def pocket(request: HttpRequest) -> HttpResponse:
    """The quote list."""
    return render(request, "pocket/trade.html", {"page": page_data(request, code="")})


@require_safe
@page(*ROOM, service="1.3")
def security(request: HttpRequest, code: str) -> HttpResponse:
    """One security: five levels and the ticket. A code that never stood in a market is not there (404)."""
    known = orders.security(code)
    return render(
        request, "pocket/trade.html", {"page": page_data(request, code=known.code), "security_name": known.name}
    )


@require_safe
@page(*ROOM, service="1.3")
def order_list(request: HttpRequest) -> HttpResponse:
    """Open orders, all of today, fills."""
    return render(request, "pocket/orders.html", {"page": page_data(request)})


@require_safe
@page(*ROOM, service="1.3")
def fills(request: HttpRequest) -> HttpResponse:
    """The latest day's fills, a part of the orders page."""
    account, read = chosen_account(request), ledger.freshness().sequence
    newest = orders.fills_of(account, limit=1) if account else []
    rows = orders.fills_of(account, day=newest[0].day, limit=FILLS_SHOWN) if newest else []
    names = orders.prices({row.security for row in rows})
    numbers = {row.order_id: row.order_number for row in orders.orders_of(account, day=newest[0].day)} if newest else {}
    shown = [
        {
            "fill": row,
            "name": names[row.security].name if row.security in names else "",
            "value": row.price * row.quantity,
            "order_number": numbers.get(row.order_id, str(row.order_id)),
        }
        for row in rows
    ]
    return render(
        request, "pocket/parts/fills.html", {"fills": shown, "read": read, "replays": _replays(caller_of(request))}
    )


@require_POST
@page(*ROOM)
def account(request: HttpRequest) -> HttpResponse:
    """Work with another of one's own accounts."""
    wanted = request.POST.get("account", "")
    if wanted.isascii() and wanted.isdigit():
        choose_account(request, int(wanted))
    target = request.POST.get("next", "/")
    return HttpResponseRedirect(target if url_has_allowed_host_and_scheme(target, allowed_hosts=None) else "/")


@require_safe
@page()
def timeline_search(request: HttpRequest) -> HttpResponse:
    """Asks for an id."""
    asked = request.GET.get("id", "").strip()
    if asked:
        return HttpResponseRedirect(reverse("orders:timeline", args=[asked]))
    return render(request, "pocket/timeline.html", {"asked": ""})


def _replays(caller: Caller) -> bool:
    """Whether the caller may ask what happened to an order in the market (the replay's best-execution card)."""
    return "investor" in caller.roles and entitled(caller.tenant, "3.1")


def _require_reason(caller: Caller, found: orders.Timeline) -> None:
    """NOTHING_FOUND for a clerk who has not registered within the last hours why they look at this client, as at the
    Client Desk: a link in the address bar is no way round the register."""
    if caller.roles.intersection(READERS):
        return
    since = datetime.now(UTC) - timedelta(hours=LOOKUP_HOURS_MAX)
    if not audit.has_looked(caller.person_id, found.account, since=since):
        raise YunhaiError(NOTHING_FOUND, id=found.id[:60])


@require_safe
@page()
def timeline(request: HttpRequest, asked: str) -> HttpResponse:
    """Everything that happened to one id, in the journal's order. Says so (404) where there is nothing to see."""
    try:
        found = orders.timeline(asked)
        _require_reason(caller_of(request), found)
    except YunhaiError as error:
        if error.entry.http not in (404, 422):
            raise
        missing = {"asked": asked, "error": refusals.shown(error), "page": {"missing": error.entry.http == 404}}
        return render(request, "pocket/timeline.html", missing, status=error.entry.http)
    events = [_shown(event) for event in found.events]
    template = "pocket/parts/events.html" if request.headers.get("HX-Request") == "true" else "pocket/timeline.html"
    context: dict[str, Any] = {
        "title": _title(found),
        "asked": asked,
        "found": found,
        "events": events,
        "page": {"account": found.account},
        "card": found.orders[0] if len(found.orders) == 1 and _replays(caller_of(request)) else 0,
    }
    return render(request, template, context)


def _title(found: orders.Timeline) -> str:
    """The order in words, or what the id is."""
    of = orders.order(found.orders[0]) if len(found.orders) == 1 else None
    if of is None:
        return found.id
    name = orders.security(of.security).name
    price = word("ticket.market") if of.order_type == "market" else writing.price(of.price)
    shares = word("unit.shares").replace("{count}", writing.count(of.quantity))
    return f"{of.order_number} {word(f'side.{of.side}')} {of.security} {name} {shares} @ {price}"


def _value(name: str, value: object) -> object:
    """A detail as people read it."""
    if name in WORDED:
        return word(f"{name}.{value}")
    if name in GROUPED and isinstance(value, int):
        return writing.count(value)
    if name in MONEY and isinstance(value, str):
        return writing.grouped(value.removesuffix(".00") if name in CASH else value)
    if name == "waited_ms":
        return f"{writing.count(int(str(value)))} ms"
    if name in TIMES and isinstance(value, str):
        return value[:23].replace("T", " ")
    return value


def _line(details: dict[str, object]) -> str:
    """On which line, and in which of its sessions, an instruction went; that it is not recorded where it is not."""
    line, since = str(details["line"]), str(details.get("session_since", ""))
    if not line:
        return gettext("not recorded")
    if not since:
        return line
    return gettext("%(line)s, session of %(since)s (#%(sequence)s)") % {
        "line": line,
        "since": since[:19].replace("T", " "),
        "sequence": details["session"],
    }


def _shown(event: orders.Event) -> dict[str, Any]:
    """An event as the template writes it."""
    details = dict(event.details)
    if "line" in details:
        details["line"] = _line(details)
    details["remedy"] = details.get("remedy_en" if english() else "remedy_zh", "")
    if "evidence" in details:
        details["evidence"] = details["evidence_en" if english() else "evidence_zh"]
    return {
        "event": event,
        "text": event.en[:1].upper() + event.en[1:] if english() else event.zh,
        "tone": TONES.get(event.kind, ""),
        "rows": [
            (label, _value(name, details[name]))
            for name, label in DETAILS.items()
            if details.get(name, "") not in CODES_UNSAID
        ],
        "signed_text": details.get("text", ""),
        "signature": details.get("signature", ""),
        "verdict": details.get("signature_verdict", ""),
    }


urlpatterns = [
    path("pocket/", pocket, name="pocket"),
    path("pocket/s/<str:code>/", security, name="security"),
    path("pocket/orders/", order_list, name="orders"),
    path("pocket/fills/", fills, name="fills"),
    path("pocket/account/", account, name="account"),
    path("timeline/", timeline_search, name="timeline_search"),
    path("timeline/<str:asked>/", timeline, name="timeline"),
]
