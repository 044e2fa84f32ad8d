"""What a tenant sees of the pool of lines: its own part whole, everybody else as one sum, the exchange all of it.

With fewer than two others the sum would be somebody's figure and is left out.
"""

from typing import Any, Final

OTHERS_LEAST: Final = 2


def seen(view: dict[str, Any] | None, tenant: int, *, whole: bool) -> dict[str, Any]:
    """The core's pool view (`GET /pool` of the inner socket) as `tenant` may see it; empty while the core is away."""
    if view is None:
        return {"available": False}
    if whole:
        return {"available": True, **view}
    own = [broker for broker in view["brokers"] if broker["tenant"] == tenant]
    pool = own[0]["pool"] if own else ""
    rest = [broker for broker in view["brokers"] if broker["tenant"] != tenant and broker["pool"] == pool]
    members = {broker["tenant"] for broker in rest}
    lines = [line for line in view["lines"] if line["tenant"] == tenant]
    others = None
    if len(rest) >= OTHERS_LEAST:
        theirs = [line for line in view["lines"] if line["tenant"] in members]
        others = {
            "brokers": len(rest),
            "lines": len(theirs),
            "lines_up": sum(line["state"] == "up" for line in theirs),
            "capacity": sum(line["cap"] for line in theirs if line["state"] == "up"),
            "rate": sum(broker["rate"] for broker in rest),
            "queued": sum(sum(broker["queued"]) + broker["held"] for broker in rest),
        }
    return {
        "available": True,
        "uncapped": view["uncapped"],
        "own": own[0] if own else None,
        "lines": lines,
        "others": others,
    }
