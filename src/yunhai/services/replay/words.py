"""The words that the replay room's scripts show, in the reader's language; `{places}` are filled by the script."""

from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

WORDS: Final[dict[str, str | Promise]] = {
    "buy": pgettext_lazy("side", "Buy"),
    "sell": pgettext_lazy("side", "Sell"),
    "market": pgettext_lazy("order", "Market"),
    "close": _("Close"),
    # what happens
    "play": _("Play"),
    "pause": _("Pause"),
    "speed": _("Speed ×{speed}"),
    "at": _("At {time}"),
    "ended": _("Paused at the end, {time}"),
    "position": _("Event {position} of {end}"),
    "lost": _("Connection lost. The replay returns to this moment by itself."),
    "back": _("Connected again, at {time} as before"),
    "differs": _("The source is not what it was before the connection was lost."),
    "delayed": _("The running day is shown {minutes} minutes late; your own orders at once."),
    "late": _("{minutes} minutes late"),
    "verified": _("Same events: verified"),
    "verified_how": _("The hash of the {position} events before this moment was computed again: {hash}…"),
    "not_same": _("Not the same events"),
    # sources
    "kind.journal": _("Our own days"),
    "kind.l3": _("Published orders"),
    "kind.trades": _("Files of trades"),
    "this_day": _("this day"),
    "last_day": _("latest day"),
    "full": _("At most {most} securities"),
    "remove": _("Take {code} out"),
    # book
    "trial": _("Trial "),
    "phase.before": pgettext_lazy("phase", "Not open yet"),
    "phase.between": pgettext_lazy("phase", "Between sessions"),
    "phase.after": pgettext_lazy("phase", "Closed"),
    "phase.suspended": pgettext_lazy("phase", "Suspended"),
    "phase.collect": pgettext_lazy("phase", "Call auction"),
    "phase.continuous": pgettext_lazy("phase", "Continuous"),
    "phase.halted": pgettext_lazy("phase", "Interrupted"),
    "in_lots": _("Lots of {lot} shares"),
    "in_shares": _("Shares"),
    "shares": pgettext_lazy("book", "Shares"),
    "contracts": pgettext_lazy("book", "Contracts"),
    "value_unit": _("(NT$)"),
    "level": _("{side} {price}: {count} (orders: {orders}), show the queue"),
    "level_own": _("{side} {price}: {count} (orders: {orders}), yours among them, show the queue"),
    "queue": _("Queue: {side} {price}"),
    "queue_sum": _("{count} in all (orders: {orders})"),
    "ahead": _("{count} ahead"),
    "more": _("{count} more behind"),
    "mine": pgettext_lazy("order", "Mine"),
    "to_entry": _("To the moment it came"),
    "to_moment": _("To this moment"),
    # tape
    "auction": pgettext_lazy("trade", "Auction"),
    "taker.buy": _("Buyer took"),
    "taker.sell": _("Seller took"),
    "my.buy": _("I bought"),
    "my.sell": _("I sold"),
    # one's own orders
    "to_order": _("To order {order}, {time}"),
    "card": _("What happened"),
    "card_of": _("What happened to order {order}"),
    "state.later": _("comes later"),
    "state.in_hand": _("being matched"),
    "state.resting": _("waits with {left}: {ahead} ahead (orders: {orders})"),
    "state.better": _("and {count} at better prices"),
    "state.part": _("{filled} of {all} filled at {price}"),
    "state.filled": _("filled, {filled} at {price}"),
    "state.gone": _("cancelled"),
    "state.gone_part": _("{filled} filled at {price}, the rest cancelled"),
    "no_more_own": _("No other order of yours that way"),
    # span, bookmarks, links
    "span_in": _("Span begins at {time}"),
    "span_out": _("Span ends at {time}"),
    "span_done": _("The span is measured"),
    "bookmarked": _("The moment is kept"),
    "remove_bookmark": _("Delete the bookmark {name}"),
    "copied": _("The link is copied."),
    "copy_by_hand": _("Copy the link from the field."),
    "go_wrong": _("A time like 10:15:00.250, an order's number, or @ and a position."),
}


def words() -> dict[str, str]:
    """All of them in the active language."""
    return {key: str(text) for key, text in WORDS.items()}
