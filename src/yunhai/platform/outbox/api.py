"""Putting a decision into the outbox."""

import time

import msgspec
from django.db import connection

from yunhai.platform.outbox.models import Row
from yunhai.trading.facts import NUMBERS, Decided


def put(fact: Decided, *, tenant: int = 0, by: int | None = None) -> int:
    """Write the fact's row in the running transaction; the core learns it after the commit. `by`: the person who
    decided, `fact.by` if not given. Returns the row's id.

    RuntimeError outside a transaction: a decision and its row must stand or fall together.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("a decision and its outbox row belong in one transaction")
    said = msgspec.structs.replace(fact, by=fact.by if by is None else by, wall_ns=fact.wall_ns or time.time_ns())
    value = msgspec.to_builtins(said, str_keys=True)
    row = Row.objects.create(tenant=tenant, number=NUMBERS[type(fact)], value=value)
    return int(row.pk)
