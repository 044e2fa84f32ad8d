"""`yunhai reader`: the journal into the tables, the outbox into the journal, background jobs."""

import gc
import signal
from pathlib import Path

import click

from yunhai.apps.cloud.places import Places
from yunhai.apps.cloud.prepare import set_up_django


@click.command("reader")
@click.option("--home", type=click.Path(file_okay=False, path_type=Path), help="YUNHAI_HOME 資料夾.")
@click.option("--no-jobs", is_flag=True, help="Without the background jobs' worker 不執行背景工作.")
def command(home: Path | None, no_jobs: bool) -> int:
    """Read the journal into the tables 讀取程序.

    One process: ledger, orders, accounts and settlement from the journal; the outbox's facts to the core; background
    jobs. Goes on where the tables end. The database must be up and migrated (yunhai up does both).
    """
    places = Places.at(home)
    places.make()
    set_up_django(places, "reader")
    from yunhai.apps.cloud.logs import configure
    from yunhai.apps.cloud.reader_process import ReaderProcess
    from yunhai.apps.cloud.readers import RARELY

    configure("reader")
    gc.set_threshold(*RARELY)
    process = ReaderProcess(places, jobs=not no_jobs)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: process.stop.set())
    process.run()
    return 0
