"""When a replayed book changes its phase and uncrosses: the pack's board timetable as engine controls.

The auctions' moments come from the pack, never from the published trades.
"""

from dataclasses import dataclass

from yunhai.exchange.rules.pack import RulePack
from yunhai.exchange.rules.words import Match
from yunhai.kernel.records import Kind, Phase
from yunhai.market.l3.errors import refusal


@dataclass(frozen=True, slots=True)
class Control:
    """Due at `time`, ns after local midnight, before any order of that moment."""

    time: int
    kind: Kind
    argument: int


def controls_of(pack: RulePack) -> tuple[Control, ...]:
    """The day's phases and auctions, ascending. YunhaiError 4106 for a pack that interrupts or matches periodically."""
    board = pack.board
    if board.volatility is not None:
        raise refusal(4106, pack=pack.id, reason="it interrupts continuous trading")
    controls: list[Control] = []
    for place, span in enumerate(board.spans):
        if span.match is Match.PERIODIC:
            raise refusal(4106, pack=pack.id, reason="it matches periodically")
        controls.append(Control(span.start, Kind.PHASE, span.phase.code))
        if span.match is Match.AT_END:
            controls.append(Control(span.end, Kind.UNCROSS, 0))
        following = board.spans[place + 1].start if place + 1 < len(board.spans) else None
        if following is None:
            controls.append(Control(span.end, Kind.PHASE, Phase.AFTER))
        elif following != span.end:
            controls.append(Control(span.end, Kind.PHASE, Phase.BEFORE))
    return tuple(controls)
