"""The session store: a session's row says in columns who it is and where they work, so that a broker's sessions are found
among everybody's without reading one of them.
"""

from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore

from yunhai.platform.identity.caller import TENANT_KEY, session_id
from yunhai.platform.identity.models import Session


class SessionStore(DatabaseStore):
    """Django's own, with the columns."""

    @classmethod
    def get_model_class(cls) -> type[Session]:
        return Session

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        """The row of a session about to be saved."""
        made = super().create_model_instance(data)
        assert isinstance(made, Session)
        made.sid = session_id(made.session_key)
        made.person = int(data.get(SESSION_KEY) or 0)
        made.tenant = int(data.get(TENANT_KEY) or 0)
        return made
