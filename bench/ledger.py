"""`./dev bench ledger`: postings per second into the checked SQL ledger, and the reader's Python beside it.

A synthetic day's postings (buys and sells of 900 accounts in 90 tenants, 19 securities) go through the reader's own path:
tuples, text, COPY into the staging table, INSERT … SELECT under forced row-level security, with the triggers that make
balances and obligations and every constraint on. In the same run, interleaved: the text alone, a bare COPY into an
unchecked copy of the table, and the binary form. An embedded PostgreSQL of its own, in a temporary home.

Last the reader end to end, from a journal to all its tables (ledger, orders, answers, fills, positions): a random day of 60
tenants and 840 accounts, with cancels, cuts and re-pricings, on a venue; and `books check` of what it wrote.
"""

import os
import struct
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import psycopg

from bench import common

TENANTS, ACCOUNTS, CODES = 90, 900, 19
BATCH = 30_000
SETTLES = "2026-08-25"


def postings(count: int) -> list[Any]:
    """Reserve and fill, buy or sell, as the books post them; a deposit and shares for everyone first."""
    from yunhai.trading.books.state import Posting
    from yunhai.trading.words import Bucket as B  # noqa: N817 - short, for the tables below
    from yunhai.trading.words import PostingKind as K

    random = np.random.default_rng(1)
    codes = [str(2300 + number) for number in range(CODES)]
    rows: list[Any] = []
    sequence = 0
    for account in range(1, ACCOUNTS + 1):
        sequence += 1
        tenant = account % TENANTS + 1
        rows.append(Posting(sequence, 0, tenant, account, K.OPENING, "TWD", B.BANK, B.FREE, 10**16, 0, 0, ""))
        for line, code in enumerate(codes, 1):
            rows.append(Posting(sequence, line, tenant, account, K.OPENING, code, B.CUSTODY, B.FREE, 10**9, 0, 0, ""))
    order = 0
    while len(rows) < count:
        draws = random.integers(0, 2**31, (50_000, 4)).tolist()
        for a, c, side, value in draws:
            account, code, order = a % ACCOUNTS + 1, codes[c % CODES], order + 1
            tenant = account % TENANTS + 1
            value += 10**6
            sequence += 1
            at = (sequence + 1, tenant, account, order)
            if side & 1:
                rows.append(_posting(sequence, 0, at, K.RESERVE, "TWD", B.FREE, B.RESERVED, value + 2_000, ""))
                sequence += 1
                rows += (
                    _posting(sequence, 0, at, K.VALUE, "TWD", B.RESERVED, B.CLEARING, value, SETTLES),
                    _posting(sequence, 1, at, K.FEE, "TWD", B.RESERVED, B.FEE, 1_500, SETTLES),
                    _posting(sequence, 2, at, K.RELEASE, "TWD", B.RESERVED, B.FREE, 500, ""),
                    _posting(sequence, 3, at, K.SHARES, code, B.CLEARING, B.FREE, 1_000, SETTLES),
                )
            else:
                rows.append(_posting(sequence, 0, at, K.RESERVE, code, B.FREE, B.RESERVED, 1_000, ""))
                sequence += 1
                rows += (
                    _posting(sequence, 0, at, K.SHARES, code, B.RESERVED, B.CLEARING, 1_000, SETTLES),
                    _posting(sequence, 1, at, K.VALUE, "TWD", B.CLEARING, B.FREE, value, SETTLES),
                    _posting(sequence, 2, at, K.FEE, "TWD", B.FREE, B.FEE, 1_500, SETTLES),
                    _posting(sequence, 3, at, K.TAX, "TWD", B.FREE, B.TAX, 3_000, SETTLES),
                )
    return rows[:count]


def _posting(
    sequence: int,
    line: int,
    at: tuple[int, int, int, int],
    kind: Any,
    asset: str,
    debit: Any,
    credit: Any,
    amount: int,
    due: str,
) -> Any:
    from yunhai.trading.books.state import Posting

    trade = 0 if kind == 1 else at[0]
    return Posting(sequence, line, at[1], at[2], kind, asset, debit, credit, amount, at[3], trade, due)


_FRONT = struct.Struct(">hiqihiiiqihi")
_BACK = struct.Struct(">ihihiqiqiq")


def binary(rows: list[Any]) -> bytes:
    """The same rows in COPY's binary form, the two dates left out: what it would cost at least."""
    out = [b"PGCOPY\n\xff\r\n\0" + bytes(8)]
    for sequence, line, tenant, account, kind, asset, debit, credit, amount, order, trade, _ in rows:
        name = asset.encode()
        out.append(_FRONT.pack(11, 8, sequence, 2, line, 4, tenant, 8, account, 2, kind, len(name)))
        out.append(name)
        out.append(_BACK.pack(2, debit, 2, credit, 8, amount, 8, order, 8, trade))
    out.append(b"\xff\xff")
    return b"".join(out)


def checked(server: Any, rows: list[Any]) -> tuple[float, float]:
    """(seconds for all rows by the reader's path, of which Python made text)."""
    from yunhai.services.ledger.reader import LedgerReading

    with psycopg.connect(**server.connection("reader"), autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = off")
        reading = LedgerReading()
        reading.restart(cursor, "2026-08-21")
        texts = 0.0
        began = time.perf_counter()
        for first in range(0, len(rows), BATCH):
            for posting in rows[first : first + BATCH]:
                reading.take(posting)
            with connection.transaction():
                before = time.perf_counter()
                reading._rows()  # once more, to measure it alone
                texts += time.perf_counter() - before
                reading.write(cursor)
        return time.perf_counter() - began - texts, texts


def bare(server: Any, rows: list[Any]) -> float:
    """Seconds to COPY the same text into a table of the same columns and nothing else."""
    form = "%d\t%d\t%d\t%d\t%d\t%s\t%d\t%d\t%d\t%d\t%d\t%s\t2026-08-21\n"
    with psycopg.connect(**server.superuser("yunhai"), autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = off")
        cursor.execute("CREATE TABLE bare AS SELECT * FROM ledger_posting WITH NO DATA")
        began = time.perf_counter()
        for first in range(0, len(rows), BATCH):
            with cursor.copy(
                "COPY bare (sequence, line, tenant_id, account, kind, asset, debit, credit, amount, order_id, trade,"
                " settles_on, day) FROM STDIN (NULL '')"
            ) as copy:
                copy.write("".join([form % row for row in rows[first : first + BATCH]]))
        seconds = time.perf_counter() - began
        cursor.execute("DROP TABLE bare")
        return seconds


def journal_of(folder: Path, orders: int) -> None:
    """A day's journal."""
    from tests.services.small_market import SmallMarket

    market = SmallMarket(folder, tenants=60, accounts=14)
    market.endow(cash=10**15, shares=10**9)
    market.open_day()
    market.trade(orders, changes=0.1)
    market.end_day()
    market.close_journal()


def end_to_end(server: Any, home: Path, orders: int) -> dict[str, Any]:
    """Journal to tables by the reader itself, and the proof of the tables."""
    from yunhai.apps.cloud.books_check import prove
    from yunhai.apps.cloud.readers import JournalReading

    journal_of(home / "journal", orders)
    with psycopg.connect(**server.superuser("yunhai"), autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")  # what the synthetic rows left, past the triggers
        connection.execute("TRUNCATE ledger_posting, ledger_balance, settlement_obligation")
    with psycopg.connect(**server.connection("reader"), autocommit=True) as connection:
        reading = JournalReading(home / "journal", home / "snapshots", connection)
        reading.start()
        used, backend = time.process_time(), _processor_seconds(connection.info.backend_pid)
        began = time.perf_counter()
        while reading.step():
            pass
        seconds = time.perf_counter() - began
        used = time.process_time() - used
        backend = _processor_seconds(connection.info.backend_pid) - backend
    with psycopg.connect(**server.connection("reader")) as connection:
        proof = prove(home / "journal", connection, lambda *_: None)
    assert proof.holds, [check.named for check in proof.checks if not check.holds]
    assert proof.postings == reading.postings
    return {
        "reader_orders": orders,
        "reader_postings": reading.postings,
        "reader_postings_per_second": round(reading.postings / seconds),
        "reader_python_us_a_posting": round(used / reading.postings * 1e6, 2),
        "reader_database_us_a_posting": round(backend / reading.postings * 1e6, 2),
        "check_postings_per_second": round(proof.postings / proof.seconds),
    }


def _processor_seconds(pid: int) -> float:
    """What a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def migrated_server(home: Path) -> Any:
    """An embedded server with the cloud's tables."""
    os.environ["YUNHAI_HOME"] = str(home)
    from yunhai.apps.cloud.database import Server
    from yunhai.apps.cloud.places import Places
    from yunhai.apps.cloud.prepare import make_credentials, migrate

    places = Places.at(home)
    places.make()
    make_credentials(places)
    server = Server.of(places)
    server.start()
    migrate(places)
    return server


def main() -> None:
    parser = common.arguments(__doc__, rounds=1)
    parser.add_argument("--postings", type=int, default=600_000, help="rows (600,000)")
    parser.add_argument("--orders", type=int, default=40_000, help="of the day that the reader reads (40,000)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="yh-") as folder:
        Path(folder).chmod(0o755)
        server = migrated_server(Path(folder))
        try:
            rows = postings(options.postings)
            bare_seconds = common.best_of(options.rounds, lambda: bare(server, rows))
            seconds, texts = checked(server, rows)
            began = time.perf_counter()
            binary(rows)
            binary_seconds = time.perf_counter() - began
            with psycopg.connect(**server.connection("reader")) as connection:
                row = connection.execute(
                    "SELECT count(*), pg_total_relation_size('ledger_posting') FROM ledger_posting"
                ).fetchone()
                wrong = connection.execute("SELECT count(*) FROM ledger_unbalanced()").fetchone()
            assert row is not None
            assert row[0] == len(rows)
            assert wrong == (0,)
            whole = end_to_end(server, Path(folder), options.orders)
        finally:
            server.stop()
    common.report(
        "ledger",
        {
            "postings": len(rows),
            "checked_per_second": round(len(rows) / seconds),
            "bare_copy_per_second": round(len(rows) / bare_seconds),
            "share_of_bare": round(bare_seconds / seconds, 2),
            "text_us_a_row": round(texts / len(rows) * 1e6, 2),
            "binary_us_a_row": round(binary_seconds / len(rows) * 1e6, 2),
            "bytes_a_row_with_indexes": round(row[1] / row[0]),
            "batch": BATCH,
            **whole,
        },
        options,
    )


if __name__ == "__main__":
    main()
