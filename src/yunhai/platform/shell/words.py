"""The words that scripts show: one dictionary in the reader's language, put into every page as JSON.

Scripts hold no text of their own, so that every word is translated in one place (locale/). `{places}` are filled by the
script. Keys are `area.word`.
"""

from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

WORDS: Final[dict[str, str | Promise]] = {
    # connection and page
    "link.live": _("Live"),
    "link.connecting": _("Connecting"),
    "link.reconnecting": _("Reconnecting"),
    "link.offline": _("Offline"),
    "toast.close": _("Close"),
    "mode.simulated": pgettext_lazy("mode", "Simulated"),
    "mode.live": pgettext_lazy("mode", "Live trading"),
    "error.network": _("No connection. Nothing was sent; try again."),
    "error.unknown": _("That did not work. Try again in a moment."),
    "error.signed_out": _("You are signed out. Sign in again."),
    "error.busy": _("Too many requests. Try again in {seconds} s."),
    "copy.done": _("Copied"),
    # orders
    "side.buy": _("Buy"),
    "side.sell": _("Sell"),
    "unit.lot": _("{count} lot"),
    "unit.lots": _("{count} lots"),
    "unit.share": _("{count} share"),
    "unit.shares": _("{count} shares"),
    "state.waiting": _("Waiting"),
    "state.queued": _("On its way"),
    "state.resting": pgettext_lazy("order state", "Open"),
    "state.partly": _("Partly filled"),
    "state.filled": _("Filled"),
    "state.cancelled": _("Cancelled"),
    "state.expired": _("Expired"),
    "state.refused": _("Refused by the exchange"),
    "queue.line-cap": _("Waits for its line's next free place"),
    "queue.guarantee-used": _("The broker's guaranteed rate is used; waits for a free line"),
    "queue.behind-own": _("Behind earlier orders of the same broker"),
    "queue.pool-busy": _("All lines are busy"),
    "queue.lines-down": _("No line to the exchange is up"),
    "queue.order-in-flight": _("An earlier instruction for this order is not answered yet"),
    "orders.side": _("Side"),
    "orders.price": _("Price"),
    "orders.filled": _("Filled / ordered"),
    "orders.state": _("State"),
    "orders.average": _("average {price}"),
    "action.cancel": _("Cancel order"),
    "action.cut": _("Cut"),
    "action.reprice": _("Re-price"),
    "action.cancel_now": _("Yes, cancel it"),
    "action.cut_now": _("Cut it"),
    "action.reprice_now": _("Set this price"),
    "action.cancel_sent": _("Cancel sent"),
    "action.cut_sent": _("Cut sent"),
    "action.reprice_sent": _("New price sent"),
    "action.cancel_sure": _("Cancel {number}? {left} are left."),
    "action.cut_lots": _("Lots to take off"),
    "action.cut_shares": _("Shares to take off"),
    "action.new_price": _("New price"),
    "action.leave": _("Leave it"),
    "action.left": _("{left} will be left"),
    "action.reserves": _("Holds NT$ {cash}; buying power after: {after}"),
    # ticket
    "ticket.enter": _("Enter price and quantity; the order is checked while you type."),
    "ticket.bad_price": _("A price is a number with at most four decimals."),
    "ticket.market": pgettext_lazy("order", "Market"),
    "ticket.quantity_lots": _("Quantity (lots)"),
    "ticket.quantity_shares": _("Quantity (shares)"),
    "ticket.limit_up": _("Up"),
    "ticket.limit_down": _("Down"),
    "ticket.reference": pgettext_lazy("price", "Ref."),
    "ticket.passes": _("Passes every check"),
    "ticket.checks": _("{passed} of {all} checks passed"),
    "ticket.sent": _("Order accepted"),
    "verdict.passed": _("passed"),
    "verdict.refused": _("refused"),
    "verdict.failed": _("refused"),
    "verdict.skipped": _("checked when sent"),
    "verdict.unchecked": _("checked when sent"),
    # ledger
    "posting.reserve": _("Reserve"),
    "posting.release": _("Release"),
    "posting.value": pgettext_lazy("price times shares", "Value"),
    "posting.shares": _("Shares"),
    "posting.fee": _("Commission"),
    "posting.tax": _("Transaction tax"),
    "posting.tax_back": _("Day-trade tax returned"),
    "posting.deposit": _("Deposit"),
    "posting.withdrawal": _("Withdrawal"),
    "posting.transfer": _("Transfer"),
    "posting.opening": _("Opening balance"),
    "posting.settle": _("Settlement"),
    "posting.reversal": _("Reversal"),
    "bucket.free": pgettext_lazy("bucket", "Free"),
    "bucket.reserved": pgettext_lazy("bucket", "Reserved"),
    "bucket.clearing": _("Clearing"),
    "bucket.fee": _("Broker's commission"),
    "bucket.tax": _("Tax withheld"),
    "bucket.bank": _("Settlement bank"),
    "bucket.custody": _("Depository"),
    "bucket.transit": _("In transit"),
    # account, quotes
    "purse.no_quota": _("no limit"),
    "account.open": pgettext_lazy("account", "Open"),
    "account.sell_only": _("Sell only"),
    "account.frozen": _("Frozen"),
    "account.closed": pgettext_lazy("account", "Closed"),
    "watch.remove": _("Take {code} off the list"),
    "levels.lots": _("Quantities in lots"),
    "levels.shares": _("Quantities in shares"),
    "segment.board": _("Board lots"),
    "segment.odd_lot": _("Odd lots"),
    "segment.odd_lot_after": _("Odd lots after hours"),
    "segment.fixed_price": _("Fixed price"),
    "phase.before": _("Not open yet"),
    "phase.collect": _("Call auction"),
    "phase.continuous": _("Continuous trading"),
    "phase.halted": _("Interrupted"),
    "phase.suspended": _("Suspended"),
    "phase.after": _("Closed for today"),
    "phase.closed": _("Closed for today"),
    "kind.stock": _("Stock"),
    "kind.preferred": _("Preferred stock"),
    "kind.tdr": _("TDR"),
    "kind.closed-end-fund": _("Closed-end fund"),
    "kind.etf": _("ETF"),
    "kind.etf-foreign": _("Foreign ETF"),
    "kind.etf-leveraged": _("Leveraged ETF"),
    "kind.etf-bond": _("Bond ETF"),
    "kind.etn": _("ETN"),
    "kind.reit": _("REIT"),
    "kind.warrant-call": _("Call warrant"),
    "kind.warrant-put": _("Put warrant"),
    "kind.convertible": _("Convertible bond"),
}


def word(key: str) -> str:
    """The text of a key in the active language; the key's last part where there is none."""
    found = WORDS.get(key)
    return str(found) if found is not None else key.rpartition(".")[2]


def words() -> dict[str, str]:
    """All of them in the active language."""
    return {key: str(text) for key, text in WORDS.items()}
