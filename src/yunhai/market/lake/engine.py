"""DuckDB, bounded: so many threads, so much memory, no extension from the network, spilling only to a temporary folder, silent."""

import tempfile
from typing import Final

import duckdb

from yunhai.kernel.limits import LAKE_MEMORY_MB_MAX, LAKE_SPILL_MB_MAX, LAKE_THREADS_MAX

THREADS: Final = 2


def connect(*, threads: int = THREADS, memory_mb: int = LAKE_MEMORY_MB_MAX) -> duckdb.DuckDBPyConnection:
    """A database in memory with the house's bounds."""
    made = duckdb.connect(
        ":memory:",
        config={
            "threads": max(1, min(threads, LAKE_THREADS_MAX)),
            "memory_limit": f"{min(memory_mb, LAKE_MEMORY_MB_MAX)}MB",
            "temp_directory": tempfile.gettempdir(),
            "max_temp_directory_size": f"{LAKE_SPILL_MB_MAX}MB",
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        },
    )
    return silent(made)


def silent(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """The connection, without a progress bar on standard output: each cursor would begin with its own."""
    connection.execute("SET enable_progress_bar = false")
    return connection
