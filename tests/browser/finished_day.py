"""A finished day laid into the catalogue of a running cloud: a made-up morning of one security, as published order flow."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.browser.cloud import Cloud
from tests.replay.small_feed import morning

CODE = "600519"
SOURCE = f"l3/sse-2023/{CODE}/2023-02-07"


@contextmanager
def laid(cloud: Cloud) -> Iterator[str]:
    """The day's source, there for a block."""
    folder = cloud.home / Path("replay", *SOURCE.split("/"))
    folder.parent.mkdir(parents=True, exist_ok=True)
    morning().write(folder)
    try:
        yield SOURCE
    finally:
        for file in folder.iterdir():
            file.unlink()
        folder.rmdir()
