"""The hourly jobs, taken from their queue by a worker with the reader's rights, as in the reader process."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any


def test_a_worker_clears_ended_sessions(committed_db: Any) -> None:
    from procrastinate import PsycopgConnector
    from procrastinate.contrib.django import app

    from yunhai.platform.identity.caller import session_id
    from yunhai.platform.identity.models import Session

    now = datetime.now(UTC)
    for key, end in (("kept", now + timedelta(hours=1)), ("ended", now - timedelta(hours=1))):
        Session.objects.create(session_key=key, session_data="", expire_date=end, sid=session_id(key))

    async def work() -> None:
        reader = PsycopgConnector(kwargs=committed_db.connection("reader"))
        async with app.with_connector(reader).open_async() as worker:
            await worker.configure_task("clear_sessions").defer_async(timestamp=0)
            await worker.run_worker_async(wait=False, install_signal_handlers=False, concurrency=1)

    asyncio.run(work())
    assert list(Session.objects.values_list("pk", flat=True)) == ["kept"]
