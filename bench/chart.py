"""`./dev bench chart`: 20 years of daily bars with three indicators, until they are first drawn in Chromium.

Cold: `yunhai up` came up a moment ago, its web process has shown no page, and the browser is started for the one visit, with an
empty profile. Warm: the visits after it in the same browser. Each round is a cloud that is started anew. What is measured runs
on one machine, the browser and the whole cloud on the same processors, without a network between them.
"""

import statistics
import tempfile
from pathlib import Path
from typing import Any

from bench import common
from tests.browser.cloud import Cloud, passing_home, plant, up
from tests.browser.first_drawing import Visit, bring_history, cookies, fresh_browser, visits

WARM = 5
GOAL_MS = 1_000


def run(rounds: int) -> dict[str, Any]:
    cold: list[Visit] = []
    warm: list[Visit] = []
    with passing_home() as home:
        with up(home) as origin:
            plan = plant(home)
            with tempfile.TemporaryDirectory() as folder:
                bring_history(Cloud(origin, home, plan), Path(folder))
        used: dict[str, int] = {}
        for number in range(rounds):
            with up(home) as origin:
                cloud = Cloud(origin, home, plan, used)
                session = cookies(cloud)
                with fresh_browser() as browser:
                    first, *after = visits(browser, cloud, session, 1 + WARM)
            print(f"round {number + 1}: cold {first}")
            print(*(f"         warm {one}" for one in after), sep="\n")
            cold.append(first)
            warm += after
    found: dict[str, Any] = {"bars": cold[0].bars, "indicators": 3, "cold_visits": len(cold), "warm_visits": len(warm)}
    for name, seen in (("cold", cold), ("warm", warm)):
        for part in ("page", "scripts", "answered", "drawn"):
            found[f"{name}_{part}_ms_median"] = statistics.median(getattr(one, part) for one in seen)
        found[f"{name}_drawn_ms_worst"] = max(one.drawn for one in seen)
    return found | {"goal_drawn_ms": GOAL_MS}


def main() -> None:
    options = common.arguments(__doc__, rounds=5).parse_args()
    common.report("chart", run(options.rounds), options)


if __name__ == "__main__":
    main()
