"""Who works at the desk, and as what: a sales rep (1.2) or a key-in clerk (1.1), each by their own cell of the matrix."""

from typing import Final

from yunhai.kernel.errors import YunhaiError
from yunhai.platform.entitlements.api import entitled
from yunhai.platform.errors import NOT_ENTITLED, ROLE_MISSING
from yunhai.platform.identity.caller import Caller

SERVICES: Final = {"sales": "1.2", "keyin": "1.1"}
CHANNELS: Final = {"sales": "desk", "keyin": "keyin"}
ROLES: Final = tuple(SERVICES)


def channel_of(caller: Caller, *, only: str = "") -> str:
    """The channel a clerk's orders go by: desk or keyin; `only`: the one role asked for.

    ROLE_MISSING for somebody who is neither, NOT_ENTITLED where the broker has not the service.
    """
    mine = [role for role in ROLES if role in caller.roles and only in ("", role)]
    if not mine:
        raise YunhaiError(ROLE_MISSING, roles=", ".join(ROLES))
    for role in mine:
        if entitled(caller.tenant, SERVICES[role]):
            return CHANNELS[role]
    raise YunhaiError(NOT_ENTITLED, service=SERVICES[mine[0]])
