"""`/health`, `/ready` and `/metrics` of the web process, on its own socket; the origin does not pass them on."""

import threading
from typing import Final

from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest


@require_safe
def health(request: HttpRequest) -> HttpResponse:
    """Alive: it answers."""
    return JsonResponse({"part": "web", "alive": True})


_migrated: Final = threading.Event()


def _missing() -> int:
    """Migrations not yet run; once there were none, none is looked for again (a new version is a new process)."""
    if _migrated.is_set():
        return 0
    executor = MigrationExecutor(connection)
    behind = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    if not behind:
        _migrated.set()
    return behind


@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """Can serve: the database answers as the application's role and is migrated. 503 until then."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_user")
            role = str(cursor.fetchone()[0])
        behind = _missing()
    except Error as problem:
        return JsonResponse({"part": "web", "ready": False, "reason": type(problem).__name__}, status=503)
    fit = behind == 0
    return JsonResponse(
        {"part": "web", "ready": fit, "role": role, "migrations_missing": behind}, status=200 if fit else 503
    )


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    return HttpResponse(generate_latest(), content_type=CONTENT_TYPE_LATEST)


urlpatterns = [path("health", health), path("ready", ready), path("metrics", metrics)]
