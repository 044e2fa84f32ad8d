"""A day's plan becomes tenants, accounts, opening balances and signed orders, and leads back to the report."""

from collections import Counter

import msgspec
import numpy as np
import pytest

from tests.day.days import Row, quick_pack, report_bytes
from yunhai.apps.day.cloud_plan import FIRST_ACCOUNT, FIRST_TENANT, CloudPlan, plan_cloud_day
from yunhai.apps.day.cloud_signing import CHUNK_ORDERS, SigningOrder, chunks, client_id, new_mark
from yunhai.apps.day.report import parse_report
from yunhai.apps.day.run import prepare
from yunhai.apps.reference_data import instruments
from yunhai.client import Signer
from yunhai.trading.instructions import SignedInstruction

ROWS: tuple[Row, ...] = (
    ("2330", "1020合庫", "2200", 3_000, 1_007),
    ("2330", "1021合庫台中", "2200", 0, 1_000),
    ("2330", "9268凱基台北", "2200", 7, 1_000),
    ("0050", "9268凱基台北", "93.5", 5_000, 0),
    ("0050", "9200凱基", "93.5", 0, 5_000),
)


@pytest.fixture(scope="module")
def plan() -> CloudPlan:
    report = parse_report(report_bytes(ROWS))
    day = prepare(report, quick_pack(), listing_of=instruments(report.date).get, history={}, stated={}, seed=7)
    return plan_cloud_day(day, batch="test")


def test_firms_are_tenants_and_branches_that_trade_are_accounts(plan: CloudPlan) -> None:
    assert [(firm.tenant, firm.code, firm.name) for firm in plan.firms] == [
        (FIRST_TENANT, "1020", "合庫"),
        (FIRST_TENANT + 1, "9200", "凱基"),
    ]
    assert [(one.account, one.tenant, one.code, one.number) for one in plan.accounts] == [
        (FIRST_ACCOUNT, FIRST_TENANT, "1020", "0000001"),
        (FIRST_ACCOUNT + 1, FIRST_TENANT, "1021", "0000002"),
        (FIRST_ACCOUNT + 2, FIRST_TENANT + 1, "9268", "0000003"),
        (FIRST_ACCOUNT + 3, FIRST_TENANT + 1, "9200", "0000004"),
    ]


def test_opening_shares_are_what_each_branch_sells(plan: CloudPlan) -> None:
    shares: Counter[tuple[int, str]] = Counter()
    for _, part in plan.openings:
        for account, code, amount in zip(part.accounts, part.codes, part.amounts, strict=True):
            if code:
                shares[account - FIRST_ACCOUNT, code] += amount
    assert shares == {(0, "2330"): 1_007, (1, "2330"): 1_000, (2, "2330"): 1_000, (3, "0050"): 5_000}


def test_every_import_is_one_tenants_own(plan: CloudPlan) -> None:
    tenants = {one.account: one.tenant for one in plan.accounts}
    for tenant, part in plan.openings:
        assert {tenants[account] for account in part.accounts} == {tenant}
    assert len({(tenant, part.batch, part.part) for tenant, part in plan.openings}) == len(plan.openings)


def test_opening_cash_covers_every_buy_and_its_commission(plan: CloudPlan) -> None:
    cash = {
        account - FIRST_ACCOUNT: amount
        for _, part in plan.openings
        for account, code, amount in zip(part.accounts, part.codes, part.amounts, strict=True)
        if not code
    }
    bought = {0: 3_000 * 22_000_000, 2: 7 * 22_000_000 + 5_000 * 935_000}
    assert cash.keys() == bought.keys()
    for account, value in bought.items():
        assert value * 1.001425 <= cash[account] <= value * 1.01 + 100 * 200_000


def test_accounts_lead_back_to_the_reports_branches(plan: CloudPlan) -> None:
    back = plan.as_reported(np.array([FIRST_ACCOUNT, FIRST_ACCOUNT + 2, 5, FIRST_ACCOUNT + 4], np.uint32))
    assert [int(one).to_bytes(4, "big").strip(b"\0").decode() for one in back] == ["1020", "9268", "", ""]


def test_chunks_are_the_plans_orders_signed_by_their_tenants(plan: CloudPlan) -> None:
    signers = {firm.tenant: Signer.generate(key=50 + firm.tenant) for firm in plan.firms}
    keys = {tenant: (signer.key, signer.pem()) for tenant, signer in signers.items()}
    order = SigningOrder(plan=plan, date="2026-07-29", keys=keys, mark=new_mark())
    made = list(chunks(order))
    assert sum(chunk.count for chunk in made) == plan.orders.size
    assert all(chunk.count <= CHUNK_ORDERS for chunk in made)
    signed = [one for chunk in made for one in msgspec.msgpack.decode(chunk.packed, type=list[SignedInstruction])]
    times = [at for chunk in made for at in chunk.at]
    assert times == plan.orders["time"].tolist()
    assert len({one.instruction.client_id for one in signed}) == len(signed)
    assert len({one.instruction.nonce for one in signed}) == len(signed)
    for one, record in zip(signed, plan.orders, strict=True):
        said = one.instruction
        assert signers[said.tenant].verifies(one)
        assert (said.tenant, said.account, said.quantity) == (record["tenant"], record["account"], record["quantity"])
        assert said.code == plan.book_codes[record["book"]]
        assert said.segment == ("board" if record["quantity"] >= 1_000 else "odd_lot")


def test_the_same_place_has_the_same_client_id_and_other_runs_have_others() -> None:
    assert client_id("00112233aabbccdd", 7) == client_id("00112233aabbccdd", 7)
    assert client_id(new_mark(), 7) != client_id(new_mark(), 7)
