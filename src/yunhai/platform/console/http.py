"""/api/v1/console: everything the Console does, for the exchange's operators."""

from typing import Any

from django.http import HttpRequest
from ninja import Field, Router, Schema
from pydantic import ConfigDict

from yunhai.exchange.rules.describe import differences, label, lines, plain
from yunhai.kernel.limits import CHANGE_REASON_CHARACTERS_MAX, PACK_BYTES_MAX, ROOM_ROWS_MAX
from yunhai.platform.console import api as console
from yunhai.platform.console import members, packs
from yunhai.platform.console.models import Change, Line, Pool
from yunhai.platform.console.processes import Processes, processes
from yunhai.platform.console.rules import TenantState
from yunhai.platform.shell.api import caller_of, open_to, signed_in

router = Router(tags=["console"], auth=signed_in)
PREFIX = "/console"


class Reasoned(Schema):
    """Every change says why."""

    model_config = ConfigDict(extra="forbid")
    reason: str = Field(max_length=CHANGE_REASON_CHARACTERS_MAX, examples=["Contract 2026-117"])


class TenantIn(Reasoned):
    """Money in 1/10,000 NT$. `confirm`: the tenant's code, typed, to suspend or close it."""

    code: str = Field(max_length=4)
    kind: str = Field(max_length=10)
    name_zh: str = Field(max_length=80)
    name_en: str = Field(max_length=120)
    columns: list[str] = Field(max_length=5)
    status: str = Field("open", max_length=10)
    commission_ppm: int = Field(1425, ge=0, lt=2**31)
    commission_minimum: int = Field(200_000, ge=0, lt=2**62)
    commission_minimum_odd_lot: int = Field(10_000, ge=0, lt=2**62)
    confirm: str = Field("", max_length=4)

    def state(self) -> TenantState:
        said = self.dict(exclude={"reason", "confirm"})
        return TenantState(**{**said, "columns": tuple(said["columns"])})


class MadeOut(Schema):
    number: int


class BranchIn(Reasoned):
    code: str = Field(max_length=4)
    name_zh: str = Field(max_length=80)
    name_en: str = Field("", max_length=120)


class CellIn(Reasoned):
    """`allowed`: tenants named, for a partial or external cell; nobody: the whole column."""

    level: str = Field(max_length=10, examples=["none"])
    allowed: list[int] = Field(default_factory=list, max_length=1_000)


class ReachIn(Schema):
    model_config = ConfigDict(extra="forbid")
    level: str = Field(max_length=10)
    allowed: list[int] = Field(default_factory=list, max_length=1_000)


class ReachOut(Schema):
    """Tenants that would get the service, and that would lose it."""

    gains: list[int]
    loses: list[int]


class ChangeOut(Schema):
    """A change that was made; `outbox` the row by which the core learns it (0: nothing for the core)."""

    id: int
    subject: str
    key: str
    before: Any
    after: Any
    reason: str
    by: int | None = Field(alias="by_id")
    outbox: int
    undoes: int | None = Field(alias="undoes_id")
    at: Any


class LineIn(Reasoned):
    line: str = Field(max_length=2, examples=["A1"])
    tenant: int = Field(ge=1, lt=2**32)
    cap: int = Field(20, ge=1, lt=2**31)


class LineChangeIn(Reasoned):
    cap: int = Field(ge=1, lt=2**31)
    status: str = Field("open", max_length=6)


class SecretOut(Schema):
    """A line's password, shown this once."""

    line: str
    password: str


class LineOut(Schema):
    line: str
    tenant: int
    cap: int
    status: str


class PoolIn(Reasoned):
    """`weights` by tenant number; 1 where none is said."""

    tenants: list[int] = Field(max_length=1_000)
    weights: dict[int, int] = Field(default_factory=dict)


class PoolOut(Schema):
    name: str
    tenants: list[int]
    weights: dict[str, int]


class PackOut(Schema):
    name: str
    sha256: str
    source: str
    published: str
    versions: int


class PackIn(Reasoned):
    """A rule pack as TOML text."""

    toml: str = Field(max_length=PACK_BYTES_MAX)


class PackLineOut(Schema):
    path: str
    label: str
    text: str


class DifferenceOut(Schema):
    path: str
    label: str
    first: str | None
    second: str | None


class ProcessOut(Schema):
    name: str
    state: str
    pid: int
    restarts: int
    up_seconds: int
    last_exit: int | None
    answers: bool | None


class ProcessesOut(Schema):
    supervised: bool
    age_s: float
    well: bool
    parts: list[ProcessOut]


class MemberOut(Schema):
    person: int
    name: str
    email: str
    role: str
    branches: list[str]
    allowed: bool
    trades: bool


class MemberIn(Reasoned):
    email: str = Field(max_length=200)
    role: str = Field(max_length=10)
    branches: list[str] = Field(default_factory=list, max_length=200)


class WithdrawIn(Reasoned):
    person: int = Field(ge=1, lt=2**32)
    role: str = Field(max_length=10)


class UndoIn(Reasoned):
    confirm: str = Field("", max_length=4)


@router.post("/tenants", response={201: MadeOut}, summary="A new tenant 新增租戶")
@open_to("operator")
def add_tenant(request: HttpRequest, body: TenantIn) -> tuple[int, dict[str, int]]:
    made = console.add_tenant(body.state(), reason=body.reason, by=caller_of(request).person_id)
    return 201, {"number": made.pk}


@router.put("/tenants/{int:number}", response=ChangeOut, summary="Edit, suspend or open a tenant 變更租戶")
@open_to("operator")
def change_tenant(request: HttpRequest, number: int, body: TenantIn) -> Change:
    by = caller_of(request).person_id
    return console.change_tenant(number, body.state(), reason=body.reason, by=by, confirm=body.confirm)


@router.post("/tenants/{int:number}/branches", response={201: MadeOut}, summary="A new branch 新增分公司")
@open_to("operator")
def add_branch(request: HttpRequest, number: int, body: BranchIn) -> tuple[int, dict[str, int]]:
    by = caller_of(request).person_id
    made = console.add_branch(number, body.code, body.name_zh, body.name_en, reason=body.reason, by=by)
    return 201, {"number": made.pk}


@router.get("/tenants/{int:number}/members", response=list[MemberOut], summary="A tenant's staff 租戶人員")
@open_to("operator")
def list_members(request: HttpRequest, number: int) -> tuple[members.Member, ...]:
    return members.members(number, by=caller_of(request).person_id)


@router.post("/tenants/{int:number}/members", response=ChangeOut, summary="Give a staff place 加入人員")
@open_to("operator")
def add_member(request: HttpRequest, number: int, body: MemberIn) -> Change:
    by = caller_of(request).person_id
    return members.add_member(number, body.email, body.role, branches=tuple(body.branches), reason=body.reason, by=by)


@router.post("/tenants/{int:number}/members/withdraw", response=ChangeOut, summary="Take a place away 移除人員")
@open_to("operator")
def withdraw_member(request: HttpRequest, number: int, body: WithdrawIn) -> Change:
    """At once: sight in every room, and trading at the gate."""
    by = caller_of(request).person_id
    return members.withdraw_member(number, body.person, body.role, reason=body.reason, by=by)


@router.post("/matrix/{service}/{column}/reach", response=ReachOut, summary="Whom a change would reach 影響範圍")
@open_to("operator")
def cell_reach(request: HttpRequest, service: str, column: str, body: ReachIn) -> Any:
    """Changes nothing."""
    return console.cell_reach(service, column, body.level, body.allowed)


@router.put("/matrix/{service}/{column}", response=ChangeOut, summary="Change a cell, with its reason 變更一格")
@open_to("operator")
def change_cell(request: HttpRequest, service: str, column: str, body: CellIn) -> Change:
    """In force for the next request everywhere; at the gate as soon as the core has the fact."""
    by = caller_of(request).person_id
    return console.change_cell(service, column, body.level, body.allowed, reason=body.reason, by=by)


@router.get("/lines", response=list[LineOut], summary="Every line 全部線路")
@open_to("operator")
def list_lines(request: HttpRequest) -> list[dict[str, Any]]:
    return [
        {"line": one.pk, "tenant": one.tenant_id, "cap": one.cap, "status": one.status} for one in Line.objects.all()
    ]


@router.post("/lines", response={201: SecretOut}, summary="A new line 新增線路")
@open_to("operator")
def add_line(request: HttpRequest, body: LineIn) -> tuple[int, dict[str, str]]:
    """The password is made here and shown this once."""
    by = caller_of(request).person_id
    made, password = console.add_line(body.line, body.tenant, cap=body.cap, reason=body.reason, by=by)
    return 201, {"line": made.pk, "password": password}


@router.put("/lines/{line}", response=ChangeOut, summary="A line's cap and state 變更線路")
@open_to("operator")
def change_line(request: HttpRequest, line: str, body: LineChangeIn) -> Change:
    by = caller_of(request).person_id
    return console.change_line(line, cap=body.cap, status=body.status, reason=body.reason, by=by)


@router.post("/lines/{line}/password", response=SecretOut, summary="Another password 換發線路密碼")
@open_to("operator")
def new_password(request: HttpRequest, line: str, body: Reasoned) -> dict[str, str]:
    by = caller_of(request).person_id
    return {"line": line, "password": console.new_line_password(line, reason=body.reason, by=by)}


@router.get("/pools", response=list[PoolOut], summary="Line pools 線路池")
@open_to("operator")
def list_pools(request: HttpRequest) -> Any:
    return Pool.objects.all()


@router.put("/pools/{name}", response=ChangeOut, summary="Make or change a pool 變更線路池")
@open_to("operator")
def set_pool(request: HttpRequest, name: str, body: PoolIn) -> Change:
    by = caller_of(request).person_id
    return console.set_pool(name, body.tenants, body.weights, reason=body.reason, by=by)


@router.get("/packs", response=list[PackOut], summary="Rule packs 規則檔")
@open_to("operator")
def list_packs(request: HttpRequest) -> tuple[packs.Known, ...]:
    return packs.known()


@router.get("/packs/{name}", response=list[PackLineOut], summary="A rule pack, field by field 規則檔內容")
@open_to("operator")
def show_pack(request: HttpRequest, name: str) -> list[dict[str, str]]:
    return [
        {"path": ".".join(path), "label": label(path), "text": text} for path, text in lines(plain(packs.loaded(name)))
    ]


@router.get("/packs/{first}/diff/{second}", response=list[DifferenceOut], summary="Two packs apart 規則檔比較")
@open_to("operator")
def diff_packs(request: HttpRequest, first: str, second: str) -> Any:
    return differences(packs.loaded(first), packs.loaded(second))


@router.post("/packs", response={201: PackOut}, summary="Publish a rule pack 發布規則檔")
@open_to("operator")
def publish_pack(request: HttpRequest, body: PackIn) -> tuple[int, packs.Known]:
    """Days opened from now on may use it; 2001-2009 with the line for what is no pack."""
    made = console.publish_pack(body.toml.encode(), reason=body.reason, by=caller_of(request).person_id)
    return 201, next(one for one in packs.known() if one.name == made.pack)


@router.get("/processes", response=ProcessesOut, summary="The cloud's processes 程序")
@open_to("operator")
def list_processes(request: HttpRequest) -> Processes:
    return processes()


@router.get("/changes", response=list[ChangeOut], summary="What was changed, by whom, why 變更紀錄")
@open_to("operator")
def list_changes(request: HttpRequest, subject: str = "", before: int = 0) -> Any:
    """Newest first; `before`: with an id below."""
    found = Change.objects.all()
    if subject:
        found = found.filter(subject=subject)
    if before:
        found = found.filter(pk__lt=before)
    return list(found[:ROOM_ROWS_MAX])


@router.post("/changes/{int:change}/undo", response=ChangeOut, summary="Undo a change 復原")
@open_to("operator")
def undo(request: HttpRequest, change: int, body: UndoIn) -> Change:
    by = caller_of(request).person_id
    return console.undo(change, reason=body.reason, by=by, confirm=body.confirm)
