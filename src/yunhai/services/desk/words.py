"""What the desk's scripts show, in the reader's language: they hold no text of their own."""

from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from yunhai.services.desk.rules import WITH_REFERENCE, Reason
from yunhai.trading.gate.checks import CHECKS


def reasons() -> list[dict[str, Any]]:
    """The list of reasons 查詢事由: `word`, `name`, whether a `reference` is wanted."""
    names = {
        Reason.PHONE_ORDER: _("Order by phone or ticket"),
        Reason.SERVICE: _("Account service"),
        Reason.COMPLAINT: _("Complaint"),
        Reason.AUDIT: _("Audit"),
        Reason.OTHER: pgettext("reason", "Other"),
    }
    return [{"word": one.value, "name": names[one], "reference": one in WITH_REFERENCE} for one in Reason]


def kinds(first: str = "phone") -> list[dict[str, str]]:
    """Ways of instruction 委託方式, the usual one first."""
    names = {"phone": _("Phone"), "in_person": _("In person"), "written": _("Written")}
    order = sorted(names, key=lambda word: word != first)
    return [{"word": word, "name": names[word]} for word in order]


def checks() -> dict[str, str]:
    """The gate's checks by name."""
    english = (translation.get_language() or "").startswith("en")
    return {check.name: check.en if english else check.zh for check in CHECKS}


def words() -> dict[str, str]:
    """All of them by key."""
    return {
        "sequence": _("no. {number} of this terminal today"),
        "market": pgettext("price", "Market"),
        "side.buy": _("Buy"),
        "side.sell": _("Sell"),
        "status.open": pgettext("account", "Open"),
        "status.sell_only": _("Sells only"),
        "status.frozen": _("Frozen"),
        "status.closed": pgettext("account", "Closed"),
        "client.reason": _("Choose why this client is looked up."),
        "client.reference": _("This reason needs a reference."),
        "client.serial": _("Looked up: register no. {serial}"),
        "client.account": _("Account"),
        "client.power": _("Buying power"),
        "client.reserved": _("Reserved"),
        "client.quota": _("Day's quota used"),
        "record.none": _("None yet"),
        "record.attached": _("Attached: {record}"),
        "record.client": _("Choose the client first."),
        "need.client": _("Choose the client first."),
        "need.record": _("An order needs the record of how the customer gave it: attach one for this client first."),
        "security.none": _("Type a code: name, limits and quotes appear here."),
        "security.unknown": _("{code} is not traded today"),
        "security.suspended": _("Suspended"),
        "security.last": _("Last"),
        "security.up": _("Limit up"),
        "security.down": _("Limit down"),
        "security.sellable": _("Sellable"),
        "wrong.code": _("The security's code is wrong."),
        "wrong.side": _("B for buy, S for sell."),
        "wrong.price": _("The price is wrong: a number, or M for market."),
        "wrong.quantity": _("The quantity is wrong: lots such as 2, or odd shares such as 70s."),
        "cost.value": _("Value"),
        "cost.commission": _("Commission"),
        "cost.tax": _("Tax"),
        "cost.after": _("Buying power after"),
        "action.cancel": pgettext("order", "Cancel"),
        "action.cut": pgettext("order", "Cut"),
        "action.reprice": _("Re-price"),
        "amend.cancel": "",
        "amend.cut": _("Shares to cut"),
        "amend.reprice": _("New price"),
        "done.cancel": _("Cancel sent"),
        "done.cut": _("Cut sent"),
        "done.reprice": _("New price sent"),
        "column.sequence": _("Sequence"),
        "column.time": _("Time"),
        "column.account": _("Account"),
        "column.code": _("Security"),
        "column.side": _("Side"),
        "column.price": _("Price"),
        "column.shares": _("Shares"),
        "column.filled": pgettext("column", "Filled"),
        "column.state": _("State"),
        "column.record": _("Record"),
        "state.waiting": _("Waiting"),
        "state.queued": _("On its way"),
        "state.sent": _("Sent"),
        "state.resting": pgettext("order", "Resting"),
        "state.open": pgettext("order", "Resting"),
        "state.partly": _("Partly filled"),
        "state.filled": _("Filled"),
        "state.cancelled": _("Cancelled"),
        "state.gone": pgettext("order", "Gone"),
        "state.expired": _("Expired"),
        "state.refused": _("Refused by the exchange"),
        **_queue_words(),
        **_paper_words(),
    }


def _queue_words() -> dict[str, str]:
    return {
        "queue.line-cap": _("line at its cap"),
        "queue.guarantee-used": _("guarantee used"),
        "queue.behind-own": _("behind own orders"),
        "queue.pool-busy": _("pool busy"),
        "queue.lines-down": _("lines down"),
        "queue.order-in-flight": _("order in flight"),
    }


def _paper_words() -> dict[str, str]:
    return {
        "paper.short": _("Too few columns"),
        "paper.long": _("Too many columns"),
        "paper.record": _("The ticket's number is wrong"),
        "paper.account": _("The account number has seven digits"),
        "paper.code": _("The security's code is wrong"),
        "paper.side": _("B for buy, S for sell"),
        "paper.price": _("The price is wrong"),
        "paper.quantity": _("The quantity is wrong"),
        "paper.twice": _("The same ticket number stands above"),
        "paper.several": _("The account number is at several branches"),
        "paper.passes": _("Passes"),
        "paper.sent": _("Sent"),
        "paper.summary": _("{good} of {all} tickets pass"),
        "paper.done": _("{count} orders sent"),
        "paper.none": _("No ticket passes yet"),
    }
