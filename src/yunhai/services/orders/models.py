"""Orders in SQL: a reading of the journal, in rows that lists and timelines are made from.

The signed text, nonce and signature are not copied: the journal keeps them, and a timeline reads them there by the
sequence that stands here. Times are ns since 1970: `market_ns` the market's clock, `accepted_ns` the wall's. Prices and
values are in 1/10,000 NT$.
"""

from typing import Any, ClassVar

from django.db import models

from yunhai.platform.readings.models import ReadModel


class Order(ReadModel):
    """An accepted order. `state` a number of `rules.OrderState`; `filled`, `removed` in shares, `value` of the fills;
    `code` why the exchange refused it; `book` the venue's number of the day; `told_by` the record of the customer's
    instruction to a clerk. `sequence` its acceptance, `last_sequence`
    the latest record about it."""

    order_id = models.BigIntegerField(primary_key=True)
    account = models.BigIntegerField()
    person = models.BigIntegerField()
    day = models.DateField()
    security = models.TextField()
    book = models.IntegerField()
    segment = models.SmallIntegerField()
    side = models.SmallIntegerField()
    order_type = models.SmallIntegerField()
    time_in_force = models.SmallIntegerField()
    credit = models.SmallIntegerField()
    channel = models.SmallIntegerField()
    price = models.IntegerField()
    quantity = models.BigIntegerField()
    order_number = models.TextField()
    told_by = models.TextField(null=True)  # none where nobody told a clerk
    sequence = models.BigIntegerField()
    accepted_ns = models.BigIntegerField()
    market_ns = models.BigIntegerField()
    filled = models.BigIntegerField()
    value = models.BigIntegerField()
    removed = models.BigIntegerField()
    state = models.SmallIntegerField()
    code = models.IntegerField()
    last_sequence = models.BigIntegerField()

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["tenant", "account", "order_id"], name="order_account"),
            models.Index(fields=["tenant", "day", "order_number"], name="order_number"),
        ]

    @property
    def leaves(self) -> int:
        """Shares that may still trade."""
        return max(0, self.quantity - self.filled - self.removed) if self.state in (0, 1) else 0


class Instruction(ReadModel):
    """A signed instruction, accepted (`code` 0) or refused by the gate. `number` 0 if refused."""

    sequence = models.BigIntegerField(primary_key=True)
    account = models.BigIntegerField()
    number = models.BigIntegerField()
    order_id = models.BigIntegerField()
    action = models.SmallIntegerField()
    code = models.IntegerField()
    person = models.BigIntegerField()
    key = models.BigIntegerField()
    channel = models.SmallIntegerField()
    client_id = models.UUIDField()
    price = models.IntegerField()
    quantity = models.BigIntegerField()
    reserved_cash = models.BigIntegerField()
    reserved_shares = models.BigIntegerField()
    market_ns = models.BigIntegerField()
    accepted_ns = models.BigIntegerField()

    append_only: ClassVar[bool] = True

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["order_id"], name="instruction_order"),
            models.Index(fields=["number"], name="instruction_number"),
            models.Index(fields=["client_id"], name="instruction_client"),
            models.Index(fields=["tenant", "sequence"], condition=models.Q(code__gt=0), name="instruction_refused"),
        ]


class Answer(ReadModel):
    """What the exchange said of an order: `kind` NEW 1, CANCEL 2, CUT 3, REPRICE 4, or REMOVED 34 by itself."""

    sequence = models.BigIntegerField(primary_key=True)
    account = models.BigIntegerField()
    order_id = models.BigIntegerField()
    kind = models.SmallIntegerField()
    code = models.IntegerField()
    state = models.SmallIntegerField()
    price = models.IntegerField()
    quantity = models.BigIntegerField()
    filled = models.BigIntegerField()
    leaves = models.BigIntegerField()
    removed = models.BigIntegerField()
    market_ns = models.BigIntegerField()

    append_only: ClassVar[bool] = True

    class Meta:
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["order_id"], name="answer_order")]


class Fill(ReadModel):
    """A fill 成交. `trade` the exchange's trade number; `liquidity` 1 maker, 2 taker, 3 auction."""

    sequence = models.BigIntegerField(primary_key=True)
    account = models.BigIntegerField()
    order_id = models.BigIntegerField()
    trade = models.BigIntegerField()
    day = models.DateField()
    security = models.TextField()
    segment = models.SmallIntegerField()
    side = models.SmallIntegerField()
    price = models.IntegerField()
    quantity = models.BigIntegerField()
    leaves = models.BigIntegerField()
    liquidity = models.SmallIntegerField()
    market_ns = models.BigIntegerField()

    append_only: ClassVar[bool] = True

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["order_id"], name="fill_order"),
            models.Index(fields=["trade"], name="fill_trade"),
            models.Index(fields=["tenant", "account", "sequence"], name="fill_account"),
        ]


class Security(models.Model):
    """A security on a market day: public, of no tenant. `last` the last board-lot price, 0 before the first trade;
    `shares`, `value`, `trades` of board lots."""

    pk = models.CompositePrimaryKey("day", "code")
    day = models.DateField()
    code = models.TextField()
    name = models.TextField()
    kind = models.TextField()
    reference = models.IntegerField()
    last = models.IntegerField(default=0)
    shares = models.BigIntegerField(default=0)
    value = models.BigIntegerField(default=0)
    trades = models.IntegerField(default=0)

    objects: ClassVar[Any] = models.Manager()

    written_by: ClassVar[tuple[str, ...]] = ("reader",)


class LineSession(models.Model):
    """What became of an exchange line: logged in (up), lost, refused, logged out (down). Public; a session is the stretch
    from one `up` to the line's next row, and `sequence` of that `up` is its number."""

    sequence = models.BigIntegerField(primary_key=True)
    line = models.TextField()
    state = models.TextField()
    reason = models.IntegerField()
    market_ns = models.BigIntegerField()
    wall_ns = models.BigIntegerField()

    objects: ClassVar[Any] = models.Manager()

    written_by: ClassVar[tuple[str, ...]] = ("reader",)
    append_only: ClassVar[bool] = True

    class Meta:
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["line", "sequence"], name="line_session")]


class Key(models.Model):
    """A signer's public key as the core learnt it: the P-256 point, 65 bytes. Public, and names nobody but by number."""

    key = models.BigIntegerField(primary_key=True)
    person = models.BigIntegerField()
    public = models.BinaryField(max_length=65)
    kind = models.TextField()
    status = models.TextField()
    until = models.BigIntegerField()
    sequence = models.BigIntegerField()

    written_by: ClassVar[tuple[str, ...]] = ("reader",)
