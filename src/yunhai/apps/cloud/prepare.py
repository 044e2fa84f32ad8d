"""Before the parts start: folders, credentials, a database that is migrated and whose roles may do what they should."""

import os
from pathlib import Path
from typing import Final

from yunhai.apps.cloud.database_url import VARIABLES, external
from yunhai.apps.cloud.errors import DATABASE_ROLES_MISSING
from yunhai.apps.cloud.places import Places
from yunhai.kernel.errors import YunhaiError

SETTINGS_MODULE: Final = "yunhai.apps.cloud.settings"


def set_up_django(places: Places, role: str = "app") -> None:
    """Django's settings for a home and a role, in this process; once per process."""
    os.environ["YUNHAI_HOME"] = str(places.home)
    os.environ["YUNHAI_ROLE"] = role
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", SETTINGS_MODULE)
    import django

    django.setup()


def make_credentials(places: Places) -> None:
    """The key pairs of tokens and of activations (Ed25519), Django's key, the second factors' key and the door's, where they
    are not there yet."""
    from cryptography.fernet import Fernet

    from yunhai.apps.cloud.places import random_secret
    from yunhai.trading.tokens import new_key
    from yunhai.trading.trust.activations import new_pair

    places.credential("django.key", random_secret)
    places.credential("mfa.key", Fernet.generate_key)
    places.credential("door.key", random_secret)
    if not places.token_key.exists():
        private, public = new_key()
        places.token_public.unlink(missing_ok=True)
        places.credential("token.pub", lambda: public)
        places.credential("token.key", lambda: private)
    if not places.credential_path("activation.key").exists():
        private, public = new_pair()
        places.credential_path("activation.pub").unlink(missing_ok=True)
        places.credential("activation.pub", lambda: public)
        places.credential("activation.key", lambda: private)


def require_whole_address() -> None:
    """DATABASE_ROLES_MISSING if an outside database is named for some roles and not for all."""
    missing = [name for name in VARIABLES.values() if not os.environ.get(name)]
    if external() and missing:
        raise YunhaiError(DATABASE_ROLES_MISSING, missing=", ".join(missing))


def migrate(places: Places) -> int:
    """Migrate as the migrator and renew the roles' privileges. Returns how many migrations were run. A process of its own
    should do it: Django keeps the migrator's connection."""
    set_up_django(places, "migrator")
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    from yunhai.platform.tenancy.grants import grant_all

    executor = MigrationExecutor(connection)
    behind = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    if behind:
        call_command("migrate", verbosity=0, interactive=False)
    with connection.cursor() as cursor:
        grant_all(cursor)
    connection.close()
    return behind


def collect_static(places: Places) -> Path:
    """Every app's static files in one folder, for the origin to serve."""
    set_up_django(places)
    from django.core.management import call_command

    call_command("collectstatic", verbosity=0, interactive=False, clear=False)
    return places.static
