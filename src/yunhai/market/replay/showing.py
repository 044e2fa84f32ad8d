"""What of a running day somebody is shown 即時與延遲行情: the one rule, for the WebSocket and the rooms alike.

| who | of our journal's day | of files |
| --- | --- | --- |
| entitled to real time | everything | everything |
| entitled with a delay | what is 20 minutes old by the market's clock | everything |
| … for one's own order | its security, up to its last trade, else its entry | |

Whoever traded knows their own trades, so the moments of one's own order are no secret from them; what came after is, and so are the
other securities. One's own changes move nothing: who re-prices a share every second would see the market a second old.
Positions and hashes stay those of the whole day.
"""

from typing import Final

from yunhai.kernel.clock import MINUTE
from yunhai.kernel.records import Kind
from yunhai.market.replay.events import chosen
from yunhai.market.replay.own import concerning
from yunhai.market.replay.source import Source, SourceKind

DELAY_NS: Final = 20 * MINUTE


def shown(source: Source, *, undelayed: bool, now: int) -> Source:
    """A source as far as it is shown at market time `now` (ns)."""
    if undelayed or source.kind is not SourceKind.JOURNAL:
        return source
    return source.before(now - DELAY_NS)


def own_moment(source: Source, order: int, *, undelayed: bool, now: int) -> Source:
    """The same for the owner of an order: if its last trade, or its entry where it has none, is withheld, its security alone,
    up to that event. Whose order it is has been asked before. ORDER_UNKNOWN."""
    open_to_all = shown(source, undelayed=undelayed, now=now)
    listing = source.listing_of(order)
    places = concerning(source, source.places_of(listing.book), {order})
    kinds = chosen(source.events, places)["kind"]
    end = int(places[(kinds == Kind.NEW) | (kinds == Kind.TRADE)][-1]) + 1
    return open_to_all if end <= len(open_to_all) else source.cut(end, listing)
