"""/api/v1/alerts: one's own alerts, made, changed, removed and brought back, and what they announced."""

from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema, Status
from pydantic import ConfigDict

from yunhai.kernel.limits import (
    ALERT_FIRING_MAX,
    ALERT_FIRINGS_SHOWN_MAX,
    ALERT_NOTE_CHARACTERS_MAX,
    CODE_CHARACTERS_MAX,
)
from yunhai.platform.shell.api import caller_of, open_to, signed_in
from yunhai.services.alerts import api as alerts
from yunhai.services.alerts.api import AlertView, FiringView
from yunhai.services.replay import api as replay

PREFIX = "/alerts"
SERVICE = "3.3"
router = Router(tags=["alerts"], auth=signed_in)


class Strict(Schema):
    """A body that names only what is known."""

    model_config = ConfigDict(extra="forbid")


class AlertsOut(Schema):
    alerts: list[AlertView]


class AlertIn(Strict):
    """`kind`: price_up, price_down (NT$), change_up, change_down (percent from the reference), volume_up (shares), limit_up,
    limit_down; at the close of a day kd_up, kd_down, ma_up, ma_down (5 and 20 days), over_ma, under_ma (days). `expires_on`:
    its last market day. `repeat`: at every crossing, once a minute at most."""

    code: str = Field(min_length=1, max_length=CODE_CHARACTERS_MAX, pattern="^[0-9A-Za-z]+$", examples=["2330"])
    kind: str = Field(max_length=20, examples=["price_up"])
    value: str = Field("", max_length=24, examples=["1100"])
    note: str = Field("", max_length=ALERT_NOTE_CHARACTERS_MAX * 2)
    expires_on: str = Field("", max_length=10, examples=["2030-12-31"])
    repeat: bool = False


class AlertChangeIn(Strict):
    """What is left out stays as it is."""

    state: Literal["armed", "paused"] | None = None
    kind: str | None = Field(None, max_length=20)
    value: str | None = Field(None, max_length=24)
    note: str | None = Field(None, max_length=ALERT_NOTE_CHARACTERS_MAX * 2)
    expires_on: str | None = Field(None, max_length=10)
    repeat: bool | None = None


class FiringsOut(Schema):
    """`unseen`: of all; `newest`: the id to ask `since`, or to have seen."""

    unseen: int
    newest: int
    firings: list[FiringView]


class MomentOut(Schema):
    """`link`: what follows `/pocket/replay/?`, and what `/api/v1/replay/check` takes."""

    link: str


class SeenIn(Strict):
    upto: int = Field(ge=0, le=ALERT_FIRING_MAX)


@router.get("", response=AlertsOut, summary="My alerts 我的警示")
@open_to(service=SERVICE)
def mine(request: HttpRequest) -> dict[str, Any]:
    """Of the person who asks, newest first; the same at every broker."""
    return {"alerts": alerts.alerts(caller_of(request))}


@router.post("", response={201: AlertView}, summary="Make an alert 設定警示")
@open_to(service=SERVICE)
def make(request: HttpRequest, body: AlertIn) -> Status[AlertView]:
    """Armed within about a second; what was traded before never fires. 7578-7582."""
    given = body.dict()
    return Status(201, alerts.make(caller_of(request), given.pop("code"), alerts.Wanted(**given)))


@router.get("/firings", response=FiringsOut, summary="What alerts announced 警示紀錄")
@open_to(service=SERVICE)
def firings(
    request: HttpRequest,
    since: Annotated[int, Query(ge=0, le=ALERT_FIRING_MAX)] = 0,
    limit: Annotated[int, Query(ge=1, le=ALERT_FIRINGS_SHOWN_MAX)] = ALERT_FIRINGS_SHOWN_MAX,
) -> dict[str, Any]:
    """After the firing `since`, newest first, at most `limit`."""
    caller = caller_of(request)
    count, newest = alerts.unseen(caller)
    return {"unseen": count, "newest": newest, "firings": alerts.firings(caller, since=since, limit=limit)}


@router.post("/firings/seen", response={204: None}, summary="Firings are seen 標為已讀")
@open_to(service=SERVICE)
def seen(request: HttpRequest, body: SeenIn) -> Status[None]:
    """Those up to an id."""
    alerts.see(caller_of(request), body.upto)
    return Status(204, None)


@router.get("/firings/{int:firing}/moment", response=MomentOut, summary="The replay of a firing 警示當時的重播")
@open_to(service=replay.SERVICE)
def moment(request: HttpRequest, firing: int) -> dict[str, str]:
    """A permalink whose position is behind the trade that fired. 7577, 7480 where the day is not in the journal, 7497."""
    return {"link": alerts.moment_of(caller_of(request), firing)}


@router.put("/{int:alert}", response=AlertView, summary="Change, pause or arm 修改、暫停或重新啟用")
@open_to(service=SERVICE)
def change(request: HttpRequest, alert: int, body: AlertChangeIn) -> AlertView:
    """Another condition arms it anew. 7577 for one that is not one's own, 7579-7582."""
    given = body.dict()
    state = given.pop("state")
    return alerts.change(caller_of(request), alert, alerts.Wanted(**given), state=state)


@router.delete("/{int:alert}", response={204: None}, summary="Remove an alert 刪除警示")
@open_to(service=SERVICE)
def remove(request: HttpRequest, alert: int) -> Status[None]:
    """What it announced stays. 7577 for one that is not one's own."""
    alerts.remove(caller_of(request), alert)
    return Status(204, None)


@router.post("/{int:alert}/restore", response=AlertView, summary="Bring back a removed alert 復原警示")
@open_to(service=SERVICE)
def restore(request: HttpRequest, alert: int) -> AlertView:
    """One of the last twenty removed, as it was. 7577, 7578."""
    return alerts.restore(caller_of(request), alert)
