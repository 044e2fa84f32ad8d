"""What is to be done again and again, by the reader process (procrastinate)."""

from django.db import connection
from procrastinate.contrib.django import app


@app.periodic(cron="17 * * * *")
@app.task(name="clear_sessions", queueing_lock="clear_sessions")
def clear_sessions(timestamp: int) -> int:
    """Delete the sessions that have ended by themselves; how many. `timestamp`: when this was due, seconds since 1970."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT identity_clear_sessions()")
        return int(cursor.fetchone()[0])
