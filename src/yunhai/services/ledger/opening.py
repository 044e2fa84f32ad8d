"""Opening balances 期初餘額 from a file, pure: every row checked, every fault listed, rows cut into parts.

CSV with a header `account,code,quantity_or_amount,cost`, UTF-8 with or without a byte-order mark. A row without a code is
cash in NT$ ("1000000" or "1000000.5", no cost); with one it is shares (a whole number) and what they cost in all, in NT$.
An account stands once with each code. Amounts are positive: what nobody has is left out.
"""

import csv
import hashlib
import io
from collections import defaultdict
from collections.abc import Container, Mapping
from dataclasses import dataclass
from typing import Final

from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import CODE_CHARACTERS_MAX, OPENING_FILE_ROWS_MAX, OPENING_ROWS_MAX
from yunhai.kernel.money import money_of, quantity_of
from yunhai.services.ledger.errors import IMPORT_INVALID, IMPORT_TOO_LARGE
from yunhai.trading.facts import Opening

COLUMNS: Final = ("account", "code", "quantity_or_amount", "cost")
FAULTS_NAMED: Final = 200
"""Faults that a refusal lists; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Row:
    """`amount` shares, or cash in 1/10,000 NT$ where `code` is empty."""

    line: int
    account: int
    code: str
    amount: int
    cost: int


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a line, in both languages."""

    line: int
    zh: str
    en: str


def read(content: bytes) -> tuple[list[Row], list[Fault]]:
    """All rows that are right, and every fault. IMPORT_TOO_LARGE beyond so many rows."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        return [], [Fault(1, f"第 {problem.start} 位元組不是 UTF-8", f"byte {problem.start} is not UTF-8")]
    table = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[Row] = []
    faults: list[Fault] = []
    seen: dict[tuple[int, str], int] = {}
    try:
        for values in table:
            if table.line_num == 1:
                if tuple(value.strip() for value in values) != COLUMNS:
                    wanted = ",".join(COLUMNS)
                    return [], [Fault(1, f"標題列須為 {wanted}", f"the header must be {wanted}")]
                continue
            if not values:
                continue
            if len(rows) + len(faults) >= OPENING_FILE_ROWS_MAX:
                raise YunhaiError(IMPORT_TOO_LARGE, limit=OPENING_FILE_ROWS_MAX)
            found = _row(table.line_num, [value.strip() for value in values])
            if isinstance(found, Fault):
                faults.append(found)
                continue
            earlier = seen.setdefault((found.account, found.code), found.line)
            if earlier != found.line:
                faults.append(
                    Fault(found.line, f"與第 {earlier} 列重複", f"the same account and code as line {earlier}")
                )
                continue
            rows.append(found)
    except csv.Error as problem:
        faults.append(Fault(table.line_num, "不是 CSV 格式", f"not CSV: {problem}"))
    if not rows and not faults:
        faults.append(Fault(1, "沒有任何資料列", "there are no rows"))
    return rows, faults


def _row(line: int, values: list[str]) -> Row | Fault:
    if len(values) != len(COLUMNS):
        return Fault(line, f"應有 {len(COLUMNS)} 欄，有 {len(values)} 欄", f"{len(values)} fields, not {len(COLUMNS)}")
    account, code, amount, cost = values
    if not (account.isascii() and account.isdigit() and 0 < len(account) <= 10 and 0 < int(account) < 2**32):
        return Fault(line, f"帳戶「{account[:20]}」不是編號", f"account {account[:20]!r} is no number of an account")
    if code and not (
        code.isascii() and code.isalnum() and code.isupper() | code.isdigit() and len(code) <= CODE_CHARACTERS_MAX
    ):
        return Fault(line, f"證券代號「{code[:20]}」不可用", f"code {code[:20]!r} is no security's code")
    try:
        whole = int(quantity_of(amount)) if code else int(money_of(amount))
    except YunhaiError as problem:
        return Fault(line, f"數量或金額：{problem.text('zh')}", f"quantity or amount: {problem.text('en')}")
    if not whole:
        return Fault(line, "數量或金額為零", "the quantity or amount is nothing")
    if not code and cost not in ("", "0"):
        return Fault(line, "現金沒有成本", "cash has no cost")
    try:
        paid = int(money_of(cost)) if code and cost else 0
    except YunhaiError as problem:
        return Fault(line, f"成本：{problem.text('zh')}", f"cost: {problem.text('en')}")
    return Row(line, int(account), code, whole, paid)


def check_accounts(rows: list[Row], tenants: Mapping[int, int], codes: Container[str] | None = None) -> list[Fault]:
    """Faults of rows whose account is not there (`tenants`: tenant of each account), or whose code is not of `codes`."""
    faults = []
    for row in rows:
        if row.account not in tenants:
            faults.append(Fault(row.line, f"查無帳戶 {row.account}", f"there is no account {row.account}"))
        elif row.code and codes is not None and row.code not in codes:
            faults.append(Fault(row.line, f"查無證券 {row.code}", f"there is no security {row.code}"))
    return faults


def refuse(faults: list[Fault]) -> YunhaiError:
    """IMPORT_INVALID with the faults."""
    shown = sorted(faults, key=lambda fault: fault.line)[:FAULTS_NAMED]
    return YunhaiError(
        IMPORT_INVALID,
        count=len(faults),
        faults="; ".join(f"{fault.line}: {fault.en}" for fault in shown),
        faults_zh="；".join(f"第 {fault.line} 列 {fault.zh}" for fault in shown),
    )


def batch_name(content: bytes) -> str:
    """The name of a file's import where none is given: of its content, so that the same file is taken once."""
    return f"file-{hashlib.sha256(content).hexdigest()[:24]}"


def parts(rows: list[Row], tenants: Mapping[int, int], batch: str) -> list[tuple[int, Opening]]:
    """(tenant, fact) in order: each tenant's rows in parts of bounded size, numbered from 0."""
    by_tenant: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        by_tenant[tenants[row.account]].append(row)
    made = []
    for tenant in sorted(by_tenant):
        mine = by_tenant[tenant]
        for number, first in enumerate(range(0, len(mine), PART_ROWS)):
            part = mine[first : first + PART_ROWS]
            made.append(
                (
                    tenant,
                    Opening(
                        batch=batch,
                        part=number,
                        accounts=tuple(row.account for row in part),
                        codes=tuple(row.code for row in part),
                        amounts=tuple(row.amount for row in part),
                        costs=tuple(row.cost for row in part),
                    ),
                )
            )
    return made


PART_ROWS: Final = 5_000
"""Rows of a part: a fact of at most some 200 KB."""
assert PART_ROWS <= OPENING_ROWS_MAX
