"""Who works in the Control Room: a broker's operations and compliance, and the exchange's operators, who see every pool."""

from typing import Final

from yunhai.platform.identity.caller import Caller

SEES: Final = ("operations", "compliance", "operator")
ACTS: Final = ("operations", "operator")


def is_operator(caller: Caller) -> bool:
    """An operator working in the exchange's own tenant."""
    return "operator" in caller.roles and caller.tenant is not None and caller.tenant.kind == "exchange"


def may_act(caller: Caller) -> bool:
    """Whether the caller may do more than look."""
    return "operations" in caller.roles or is_operator(caller)
