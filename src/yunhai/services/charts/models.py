"""What a person keeps of charts: the lines they drew, what they last had on the chart, and set-ups by name.

All are the person's, at whatever broker they are: the database shows a row to that person alone.
"""

from typing import ClassVar, Final

from django.db import models

from yunhai.platform.identity.models import Person
from yunhai.platform.tenancy.models import choices

KINDS: Final = ("trend", "horizontal")


class Drawing(models.Model):
    """A line over a security's bars. Times are market times (UTC ns), prices 1/10,000 NT$; a horizontal line has one point."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    code = models.CharField(max_length=24)
    kind = models.CharField(max_length=10, choices=choices(KINDS))
    first_ns = models.BigIntegerField()
    first_price = models.BigIntegerField()
    second_ns = models.BigIntegerField(null=True)
    second_price = models.BigIntegerField(null=True)
    made_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[models.Manager["Drawing"]] = models.Manager()

    class Meta:
        ordering = ("id",)
        indexes: ClassVar = [models.Index(fields=("person", "code"), name="drawing_of_person")]


class Chosen(models.Model):
    """What a person's charts show when they are opened: indicators as text ("KD(9,3,3),MA(5)"), span, kind of prices."""

    person = models.OneToOneField(Person, on_delete=models.CASCADE, primary_key=True, related_name="+")
    indicators = models.CharField(max_length=600, blank=True)
    span = models.CharField(max_length=4, default="1d")
    adjusted = models.CharField(max_length=8, default="raw")

    objects: ClassVar[models.Manager["Chosen"]] = models.Manager()


class Setup(models.Model):
    """A set-up by name 自選組合: which indicators with which parameters, over which bars."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=40)
    indicators = models.CharField(max_length=600, blank=True)
    span = models.CharField(max_length=4)
    adjusted = models.CharField(max_length=8)

    objects: ClassVar[models.Manager["Setup"]] = models.Manager()

    class Meta:
        ordering = ("name", "id")
        constraints: ClassVar = [models.UniqueConstraint(fields=("person", "name"), name="setup_name_of_person")]
