"""Another process that works contests out: `python -m tests.services.contests.other_process JSON`, JSON being what it connects to.

Each line it is given is a contest's number; it answers with the ranking's hash, the position, the digests by name, the seconds it
took and its largest size in MB. `forget` drops what it keeps, `verify N` evaluates an ended contest from nothing.
"""

import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]


class Other:
    """Such a process, as the test that starts it sees it."""

    def __init__(self, server: Any, home: Path, tenant: int, person: int) -> None:
        said = {"database": server.connection("app"), "tenant": tenant, "person": person}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.services.contests.other_process", json.dumps(said, default=str)],
            cwd=ROOT,
            env={**os.environ, "YUNHAI_HOME": str(home)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, line: str) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        found: dict[str, Any] = json.loads(self._process.stdout.readline())
        return found

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(60)


def main(said: dict[str, Any]) -> None:
    """Answer line by line until there are none."""
    import django
    from django.db import connection, transaction

    django.setup()
    given = said["database"]
    connection.settings_dict.update(
        NAME=given["dbname"], USER=given["user"], PASSWORD=given["password"], HOST=given["host"], PORT=""
    )
    from yunhai.platform.identity.caller import Caller
    from yunhai.platform.identity.models import Person
    from yunhai.platform.tenancy import rls
    from yunhai.platform.tenancy.models import Tenant
    from yunhai.services.contests import api
    from yunhai.services.contests.floors import floors

    for line in sys.stdin:
        words = line.split()
        begun = time.monotonic()
        if words == ["forget"]:
            floors.clear()
            print(json.dumps({}), flush=True)
            continue
        with transaction.atomic(), rls.acting(tenant=said["tenant"], person=said["person"]):
            person = Person.objects.get(pk=said["person"])
            tenant = Tenant.objects.get(pk=said["tenant"])
            caller = Caller(person=person, tenant=tenant, roles=frozenset({"operations"}))
            if words[0] == "verify":
                same, hash_found = api.verify(caller, int(words[1]))
                told: dict[str, Any] = {"same": same, "hash": hash_found}
            else:
                ranking = api.ranked(caller, int(words[0]))
                told = {"hash": ranking.hash, "position": ranking.position}
                told["digests"] = {one.name: one.digest for one in ranking.rows}
        told["seconds"] = round(time.monotonic() - begun, 2)
        told["megabytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1_024
        print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
