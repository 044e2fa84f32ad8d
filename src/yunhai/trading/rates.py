"""Rates 流量: how often one account, key or connection may ask, as token buckets.

A bucket holds `limit` requests and refills evenly over `window` seconds. What a bucket says (limit, remaining, seconds
until it is full again) goes into the headers of every answer, refused or not. The clock is the caller's, in seconds,
and only ever goes on; the buckets are a convenience of one process and are not kept over a restart.
"""

import math
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from yunhai.kernel.limits import RATE_BUCKETS_MAX


@dataclass(frozen=True, slots=True)
class Quota:
    """`limit` requests in `window` seconds; `scope` says whose: what the header `RateLimit-Scope` and `GET /limits` tell."""

    scope: str
    limit: int
    window: float
    per_second: float = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "per_second", self.limit / self.window)


class Verdict(NamedTuple):
    """What a bucket said. `reset`: whole seconds until it is full; of a refusal, until one more is allowed."""

    allowed: bool
    quota: Quota
    remaining: int
    reset: int


ORDERS: Final = Quota("account:orders", 250, 10.0)
CHANGES: Final = Quota("account:changes", 500, 10.0)
"""Cancels, cuts and changes of price: never slowed by new orders."""
PREVIEWS: Final = Quota("person:previews", 100, 10.0)
READS: Final = Quota("person:reads", 300, 10.0)
COMMANDS: Final = Quota("person:commands", 100, 10.0)
"""Cash, shares and transfers."""


@dataclass(slots=True)
class _Bucket:
    held: float
    at: float


@dataclass(slots=True)
class Rates:
    """All buckets of a process. `lifted`: everything is allowed (benches, the day driver); the figures stay true."""

    lifted: bool = False
    _buckets: OrderedDict[tuple[str, int], _Bucket] = field(default_factory=OrderedDict)

    def take(self, quota: Quota, who: int, now: float) -> Verdict:
        """Take one request of `who` (the scope's id) at `now` seconds."""
        key = (quota.scope, who)
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = _Bucket(quota.limit, now)
            if len(self._buckets) > RATE_BUCKETS_MAX:
                self._buckets.popitem(last=False)  # whoever came first long ago: full again, or given one bucket more
        else:
            held = bucket.held + (now - bucket.at) * quota.per_second
            bucket.held = held if held < quota.limit else quota.limit
            bucket.at = now
        if bucket.held >= 1:
            held = bucket.held = bucket.held - 1
            return Verdict(True, quota, int(held), math.ceil((quota.limit - held) / quota.per_second))
        return Verdict(self.lifted, quota, 0, math.ceil((1 - bucket.held) / quota.per_second))

    def look(self, quota: Quota, who: int, now: float) -> Verdict:
        """What `take` would find, nothing taken."""
        bucket = self._buckets.get((quota.scope, who))
        held = quota.limit if bucket is None else min(quota.limit, bucket.held + (now - bucket.at) * quota.per_second)
        return Verdict(held >= 1 or self.lifted, quota, int(held), math.ceil((quota.limit - held) / quota.per_second))


def headers(verdict: Verdict) -> list[tuple[bytes, bytes]]:
    """The answer's headers."""
    return [
        (b"ratelimit-limit", b"%d" % verdict.quota.limit),
        (b"ratelimit-remaining", b"%d" % verdict.remaining),
        (b"ratelimit-reset", b"%d" % verdict.reset),
        (b"ratelimit-scope", verdict.quota.scope.encode()),
    ]
