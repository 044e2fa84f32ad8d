"""Opening balances from a file: every row checked, every fault listed, parts the core takes once."""

import pytest

from yunhai.kernel.errors import YunhaiError
from yunhai.services.ledger import opening
from yunhai.trading.books.books import Books
from yunhai.trading.facts import AccountSet

HEAD = "account,code,quantity_or_amount,cost\n"
TENANTS = {101: 1, 102: 1, 201: 2}


def test_rows_are_read_in_their_units() -> None:
    rows, faults = opening.read(("\ufeff" + HEAD + "101,,1000000.5,\n101,2330,2000,1500000\n102,0050,7,0\n\n").encode())
    assert faults == []
    assert [(row.line, row.account, row.code, row.amount, row.cost) for row in rows] == [
        (2, 101, "", 10_000_005_000, 0),
        (3, 101, "2330", 2_000, 15_000_000_000),
        (4, 102, "0050", 7, 0),
    ]


WRONG = {
    "101,2330,2000": "3 fields",
    "abc,2330,2000,0": "no number of an account",
    "0,2330,2000,0": "no number of an account",
    "4294967296,2330,2000,0": "no number of an account",
    "１０１,2330,2000,0": "no number of an account",
    "101,233x,2000,0": "no security's code",
    "101,1234567890123,2000,0": "no security's code",
    "101,2330,2000.5,0": "quantity or amount",
    "101,2330,-5,0": "quantity or amount",
    "101,2330,1e3,0": "quantity or amount",
    "101,2330,4294967296,0": "quantity or amount",
    "101,2330,0,0": "nothing",
    "101,,0,": "nothing",
    "101,,5,5": "cash has no cost",
    "101,2330,5,x": "cost",
    "101,,0.00001,": "quantity or amount",
}


@pytest.mark.parametrize(("row", "said"), WRONG.items())
def test_each_fault_is_named_with_its_line(row: str, said: str) -> None:
    rows, faults = opening.read((HEAD + "101,,5,\n" + row + "\n102,,6,\n").encode())
    assert [one.account for one in rows] == [101, 102]
    assert [(fault.line, said in fault.en) for fault in faults] == [(3, True)]
    assert faults[0].zh != faults[0].en


def test_all_faults_are_listed_and_none_hides_another() -> None:
    rows, faults = opening.read((HEAD + "x,,5,\n101,,5,\n101,,6,\n999,2330,5,1\n").encode())
    faults += opening.check_accounts(rows, TENANTS)
    assert [fault.line for fault in faults] == [2, 4, 5]
    error = opening.refuse(faults)
    assert error.code == 7205
    assert error.details["count"] == 3
    assert "line 3" in str(error.details["faults"])
    assert "999" in error.text("zh")


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe", b"account;code\n", HEAD.encode(), (HEAD + '101,"2330,5,5\n').encode()]
)
def test_what_is_no_table_is_said(content: bytes) -> None:
    rows, faults = opening.read(content)
    assert rows == []
    assert len(faults) == 1


def test_too_long_a_file_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "OPENING_FILE_ROWS_MAX", 3)
    with pytest.raises(YunhaiError) as refused:
        opening.read((HEAD + "".join(f"{account},,5,\n" for account in range(1, 5))).encode())
    assert refused.value.code == 7208


def test_parts_are_taken_once_by_the_books(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "PART_ROWS", 2)
    content = (HEAD + "101,,5,\n201,,7,\n102,2330,9,81\n101,2330,4,8\n").encode()
    rows, faults = opening.read(content)
    assert faults == []
    batch = opening.batch_name(content)
    parts = opening.parts(rows, TENANTS, batch)
    assert [(tenant, part.part, part.accounts) for tenant, part in parts] == [
        (1, 0, (101, 102)),
        (1, 1, (101,)),
        (2, 0, (201,)),
    ]
    assert parts == opening.parts(rows, TENANTS, batch)
    assert batch == opening.batch_name(content) != opening.batch_name(content + b"\n")
    books = Books()
    for number, (account, tenant) in enumerate(TENANTS.items(), 1):
        books.apply_fact(
            number, 0, 0, AccountSet(account=account, tenant=tenant, branch="B001", number=f"{account:07}")
        )
    for sequence, (tenant, part) in enumerate((*parts, *parts), 10):
        books.apply_fact(sequence, 0, tenant, part)
    assert books.accounts[101].free == 50_000
    assert books.accounts[102].positions["2330"].cost == 810_000
    assert set(books.sums().values()) == {0}
