"""How two rows of results are compared, and what is said about it.

A difference is absolute below 1 and relative above: |ours − peer| / max(1, |peer|). Equal means at most 1e-8 everywhere the
peer has a value (or, for a peer that prints few digits, at most what its digits leave open). A peer's value where ours is
missing counts as an infinite difference; where the peer has none, ours is not asked.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from yunhai.market.indicators import Columns, compute_or_missing, request
from yunhai.market.indicators.columns import Floats
from yunhai.market.indicators.words import Value

LIMIT: Final = 1e-8
SETTLED_BARS: Final = 40
"""Bars at the end that must agree for a difference to be called one of the beginning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ours:
    """What of ours is held against a peer's series, and why they are known to differ, if they are."""

    name: str
    parameters: Mapping[str, Value]
    output: str = ""
    shift: int = 0
    """Bars that the peer writes the same value later (negative: earlier)."""
    mean: int = 1
    """Bars over which the peer averages the same value."""
    marks: Literal["", "high", "low", "any"] = ""
    """For outputs that are 0 or a mark: the peer writes the bar's high or low there and nothing elsewhere, or 1 and 0."""
    factor: float = 1.0
    """The peer's unit."""
    reason: str = ""

    def __str__(self) -> str:
        settings = ", ".join(f"{name}={value}" for name, value in self.parameters.items())
        said = f"{self.name}({settings}){'.' + self.output if self.output else ''}"
        if self.mean > 1:
            said += f", averaged over {self.mean}"
        if self.shift:
            said += f", written {abs(self.shift)} bars {'later' if self.shift > 0 else 'earlier'}"
        return said if self.factor == 1 else f"{said}, × {self.factor:g}"

    def row(self, columns: Columns) -> Floats:
        """Our values where the peer writes them."""
        outputs = compute_or_missing(request(self.name, self.parameters), columns).outputs
        row = (outputs[self.output] if self.output else next(iter(outputs.values()))) * self.factor
        if self.mean > 1:
            row = np.concatenate((np.full(self.mean - 1, np.nan), sliding_window_view(row, self.mean).mean(axis=1)))
        moved = np.full(len(row), np.nan)
        if self.shift >= 0:
            moved[self.shift :] = row[: len(row) - self.shift]
        else:
            moved[: self.shift] = row[-self.shift :]
        if self.marks:
            marked = ~np.isnan(moved) & (moved != 0)
            return (
                marked.astype(float) if self.marks == "any" else np.where(marked, getattr(columns, self.marks), np.nan)
            )
        return moved


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One series of a peer beside ours; `ours` is None where nothing of ours is meant to equal it."""

    peer: str
    case: str
    ours: Ours | None
    values: int = 0
    """Values that the peer has."""
    beyond: int = 0
    """Of these, further than the limit from ours."""
    worst: float = 0.0
    """The largest difference; infinite where ours is missing."""
    equal_from: int | None = None
    """The bar from which on all agree, if the last ones do."""
    limit: float = LIMIT

    @property
    def verdict(self) -> str:
        """`equal`, `equal later`, `differs`, `not offered`, or `WRONG`: a difference without a reason, a reason without one."""
        if self.ours is None:
            return "not offered"
        if bool(self.beyond) != bool(self.ours.reason):
            return "WRONG"
        return "equal" if not self.beyond else "differs" if self.equal_from is None else "equal later"


def compared(
    peer: str,
    case: str,
    ours: Ours,
    columns: Columns,
    theirs: Floats,
    *,
    limits: Floats | float = LIMIT,
    both_ways: bool = False,
) -> Compared:
    """Hold `theirs` (NaN: no value) against ours over the same bars; `both_ways`: what only ours has is a difference too."""
    row = ours.row(columns)
    asked = ~np.isnan(theirs)
    apart = np.abs(row - theirs) / np.maximum(1, np.abs(theirs))
    apart[asked & np.isnan(row)] = np.inf
    if both_ways or ours.marks in ("high", "low"):
        apart[~asked & ~np.isnan(row)] = np.inf
        asked |= ~np.isnan(row)
    beyond = asked & (apart > limits)
    last = int(np.flatnonzero(beyond)[-1]) if beyond.any() else -1
    settled = last >= 0 and asked[last + 1 :].sum() >= SETTLED_BARS
    return Compared(
        peer=peer,
        case=case,
        ours=ours,
        values=int(asked.sum()),
        beyond=int(beyond.sum()),
        worst=float(apart[asked].max(initial=0.0)),
        equal_from=last + 1 if settled else None,
        limit=float(np.max(limits)),
    )
