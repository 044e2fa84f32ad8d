"""What the Console lets an operator decide, and whom a decision reaches."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yunhai.kernel.errors import YunhaiError
from yunhai.platform.console.rules import (
    COLUMNS,
    LEVELS,
    CellState,
    Standing,
    TenantState,
    checked_cell,
    checked_change,
    checked_line,
    checked_pool,
    checked_tenant,
    confirmed,
    has,
    new_password,
    reach,
)

FULL, NONE = CellState("full"), CellState("none")
TENANTS = (
    Standing(1, ("exchange",)),
    Standing(2, ("brokerage",)),
    Standing(3, ("brokerage", "proprietary")),
    Standing(4, ("brokerage",)),
)
TENANT = TenantState(
    code="9101",
    kind="broker",
    name_zh="雲海證券",
    name_en="Yunhai Securities",
    columns=("brokerage",),
    status="open",
    commission_ppm=1425,
    commission_minimum=200_000,
    commission_minimum_odd_lot=10_000,
)


def refusal(call: object) -> int:
    with pytest.raises(YunhaiError) as refused:
        call()  # type: ignore[operator]
    return refused.value.code


@pytest.mark.parametrize("reason", ["", "   ", "abc", "x" * 201])
def test_a_change_says_why(reason: str) -> None:
    assert refusal(lambda: checked_change(reason)) == 7362


def test_a_reason_is_kept_without_its_spaces() -> None:
    assert checked_change("  合約   到期 ") == "合約 到期"


@pytest.mark.parametrize(
    ("before", "after", "gains", "loses"),
    [
        (FULL, NONE, (), (2, 4)),
        (NONE, FULL, (2, 4), ()),
        (FULL, CellState("partial", (4,)), (), (2,)),
        (CellState("partial", (2,)), CellState("partial", (4,)), (4,), (2,)),
        (FULL, CellState("external"), (), ()),
        (FULL, FULL, (), ()),
    ],
)
def test_whom_a_cell_of_brokerage_reaches(
    before: CellState, after: CellState, gains: tuple[int, ...], loses: tuple[int, ...]
) -> None:
    """Tenant 3 has the service as a proprietary desk too, so that it neither gains nor loses it."""
    found = reach(before, after, column="brokerage", tenants=TENANTS, others={"proprietary": FULL, "brokerage": before})
    assert (found.gains, found.loses) == (gains, loses)


cells = st.builds(checked_cell, st.sampled_from(LEVELS), st.lists(st.integers(1, 4), max_size=4))


@given(before=cells, after=cells, other=cells)
def test_what_a_change_does_its_undoing_undoes(before: CellState, after: CellState, other: CellState) -> None:
    done = reach(before, after, column="brokerage", tenants=TENANTS, others={"proprietary": other})
    undone = reach(after, before, column="brokerage", tenants=TENANTS, others={"proprietary": other})
    assert (done.gains, done.loses) == (undone.loses, undone.gains)
    assert not set(done.gains) & set(done.loses)


@given(cell=cells, column=st.sampled_from(COLUMNS))
def test_a_tenant_outside_a_column_never_has_its_service(cell: CellState, column: str) -> None:
    assert not any(has(cell, column, tenant) for tenant in TENANTS if column not in tenant.columns)


def test_a_cell_names_tenants_only_where_a_level_may() -> None:
    assert checked_cell("partial", [4, 2, 4]).allowed == (2, 4)
    assert checked_cell("full", [4]).allowed == ()
    assert checked_cell("none", [4]).allowed == ()
    assert refusal(lambda: checked_cell("some", [])) == 7361


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("code", "910"),
        ("code", "91a1"),
        ("kind", "bank"),
        ("name_zh", " "),
        ("name_en", ""),
        ("columns", ()),
        ("columns", ("brokerage", "brokerage")),
        ("columns", ("sky",)),
        ("columns", ("exchange", "brokerage")),
        ("status", "gone"),
        ("commission_ppm", -1),
        ("commission_ppm", 100_001),
        ("commission_minimum", -1),
        ("commission_minimum_odd_lot", 2**63),
    ],
)
def test_the_wrong_field_of_a_tenant_is_named(field: str, value: object) -> None:
    with pytest.raises(YunhaiError) as refused:
        checked_tenant(replace(TENANT, **{field: value}))  # type: ignore[arg-type]
    assert (refused.value.code, refused.value.details["field"]) == (7366, field)


def test_a_right_tenant_stays_as_it_is() -> None:
    assert checked_tenant(TENANT) == TENANT


@pytest.mark.parametrize(("line", "cap"), [("", 20), ("A", 20), ("a1", 20), ("A12", 20), ("A1", 0), ("A1", 10_001)])
def test_a_wrong_line_is_refused(line: str, cap: int) -> None:
    assert refusal(lambda: checked_line(line, cap)) == 7371


def test_a_pool_keeps_only_weights_that_say_something() -> None:
    assert checked_pool("main", [4, 2, 2], {2: 1, 4: 3}, [2, 3, 4]) == {"tenants": [2, 4], "weights": {"4": 3}}


@pytest.mark.parametrize(("tenants", "weights"), [([1], {}), ([2], {3: 1}), ([2], {2: 0}), ([2], {2: 10_001})])
def test_a_wrong_pool_is_refused(tenants: list[int], weights: dict[int, int]) -> None:
    assert refusal(lambda: checked_pool("main", tenants, weights, [2, 3, 4])) == 7372


def test_what_reaches_far_is_typed() -> None:
    confirmed("9101", " 9101 ")
    assert refusal(lambda: confirmed("9101", "9102")) == 7369
    assert refusal(lambda: confirmed("9101", "")) == 7369


def test_passwords_are_long_legible_and_never_twice_the_same() -> None:
    made = {new_password() for _ in range(200)}
    assert len(made) == 200
    assert all(len(one) == 20 and not set(one) & set("0O1Il") for one in made)


@pytest.mark.parametrize("name", ["", "Main", "1st", "a" * 21, "a b"])
def test_a_pool_has_a_plain_name(name: str) -> None:
    assert refusal(lambda: checked_pool(name, [2], {}, [2])) == 7372
