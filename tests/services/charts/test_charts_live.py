"""The running day in a chart of an hour and less: from the trades as they come, and the same numbers when the day is history."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.market.test_bars import OPENED
from tests.market.test_following import AFTERNOON, MORNING, Scene
from yunhai.services.charts.rules import DAY_SPANS

pytestmark = pytest.mark.usefixtures("db")
INTRADAY = ("1s", "5s", "15s", "30s", "1m", "5m", "15m", "30m", "60m")
COLUMNS = ("time", "open", "high", "low", "close", "volume", "value", "trades", "indicators")


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    """A journal, a lake and a reader's socket in a home of their own."""
    from django.conf import settings

    from yunhai.apps.cloud.reader_process import ReaderProcess
    from yunhai.services.charts import live

    monkeypatch.setattr(live, "KEPT_SECONDS", 0.0)
    monkeypatch.setattr(live, "PATIENCE_SECONDS", 60.0)
    places = type(settings.PLACES)(tmp_path)
    monkeypatch.setattr(settings, "PLACES", places)
    places.run.mkdir(parents=True, exist_ok=True)
    from yunhai.apps.cloud.asked import AskServer

    made = Scene(tmp_path)
    process = ReaderProcess(places, jobs=False)
    process._days = made.follower
    server = AskServer(places.reader_socket, "reader", process.state, more=process.live)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield made
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def client(db: None) -> Any:
    from tests.platform import factories as make

    make.tenant(make.BROKER)
    return make.browser(make.place("investor", account=99), number=make.BROKER)


def bars(client: Any, span: str, **asked: Any) -> dict[str, Any]:
    answer = client.get("/api/v1/charts/2330/bars", {"span": span, "indicators": "MA(3),KD", **asked})
    assert answer.status_code == 200
    found: dict[str, Any] = msgspec.json.decode(answer.content)
    return found


@pytest.mark.full
def test_the_running_days_bars_are_the_imported_ones_with_their_indicators(client: Any, scene: Scene) -> None:
    assert bars(client, "1d")["spans"] == list(DAY_SPANS), "no day is running, and the lake is empty"
    scene.trade(MORNING)
    scene.follow()
    first = bars(client, "1m")
    assert (first["live"], len(first["time"])) == (OPENED.date, 1)
    assert bars(client, "1d")["spans"] == [*INTRADAY, *DAY_SPANS]
    assert bars(client, "1m", adjusted="forward")["time"] == []
    assert bars(client, "1m", as_of="2026-08-21T08:59:00+08:00")["time"] == []
    scene.trade(AFTERNOON)
    scene.follow()
    live = {span: bars(client, span) for span in INTRADAY}
    assert [len(live[span]["time"]) for span in INTRADAY] == sorted(
        (len(one["time"]) for one in live.values()), reverse=True
    )
    scene.finish()
    closing = {span: bars(client, span) for span in INTRADAY}
    scene.follow()
    for span in INTRADAY:
        there = bars(client, span)
        (scene.journal.parent / "run" / "reader.sock").rename(scene.journal.parent / "away")
        history = bars(client, span)
        (scene.journal.parent / "away").rename(scene.journal.parent / "run" / "reader.sock")
        assert there["live"] == history["live"] == ""
        assert {name: there[name] for name in COLUMNS} == {name: history[name] for name in COLUMNS}
        assert len(history["time"]) >= len(closing[span]["time"])
    assert bars(client, "1d")["close"] == [there["close"][-1]]


def test_a_reader_that_is_away_or_answers_nothing_leaves_history(client: Any, scene: Scene) -> None:
    assert bars(client, "5m")["time"] == []
    (scene.journal.parent / "run" / "reader.sock").unlink()
    (scene.journal.parent / "run" / "reader.sock").touch()
    assert (bars(client, "5m")["time"], bars(client, "5m")["live"]) == ([], "")
