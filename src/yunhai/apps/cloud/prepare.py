"""Before the parts start: folders, credentials, a database that is migrated and whose roles may do what they should."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from yunhai.apps.cloud.database_url import VARIABLES, external
from yunhai.apps.cloud.errors import CREDENTIAL_MISSING, DATABASE_ROLES_MISSING
from yunhai.apps.cloud.places import Places, random_secret
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
    """All that the web has, where it is not there yet: the pairs of tokens and of activations (Ed25519), Django's key, the
    second factors' key, the door's. `yunhai up` and `yunhai day` make them for all their parts, before any starts.

    What was given is never unlinked or replaced: a public key is made of its private one, and CREDENTIAL_MISSING where the
    public one stands alone, for whoever verifies with it would go on refusing what a new private one signs.
    """
    from cryptography.fernet import Fernet

    from yunhai.trading.tokens import new_key
    from yunhai.trading.trust.activations import new_pair, public_of

    places.credential("django.key", random_secret)
    places.credential("mfa.key", Fernet.generate_key)
    places.credential("door.key", random_secret)
    for name, pair in (("token", new_key), ("activation", new_pair)):
        _make_pair(places, name, pair, public_of)


def _make_pair(
    places: Places, name: str, pair: Callable[[], tuple[bytes, bytes]], public_of: Callable[[bytes], bytes]
) -> None:
    """The private key first: two who start at once keep the same one, and the public one is always its own."""
    private = f"{name}.key"
    if places.credential_path(f"{name}.pub").exists() and not places.credential_path(private).exists():
        raise YunhaiError(CREDENTIAL_MISSING, name=private)
    content = places.credential(private, lambda: pair()[0])
    places.credential(f"{name}.pub", lambda: public_of(content))


def require_credential(places: Places, name: str) -> bytes:
    """A credential that another process makes, or the operator gives. CREDENTIAL_MISSING."""
    try:
        return places.credential(name)
    except FileNotFoundError:
        raise YunhaiError(CREDENTIAL_MISSING, name=name) from None


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
