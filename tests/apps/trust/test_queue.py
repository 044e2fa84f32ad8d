"""The queue before the HSM: who asks from outside has a small share of it, so signing and issuing go on."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from yunhai.apps.trust import process
from yunhai.apps.trust.hsm import Hsm, outside
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import HSM_OUTSIDE_WAITING_MAX


class Slow(Hsm):
    """One that answers when it is let."""

    def __init__(self) -> None:
        super().__init__(None, pin=lambda: "")
        self.let = asyncio.Event()
        self.done: list[str] = []

    async def _do(self, ask: Any) -> Any:
        await self.let.wait()
        self.done.append(ask.label)
        return [b"signed"]


def asked(hsm: Slow, label: str, *, public: bool) -> "asyncio.Task[list[bytes]]":
    mark = outside.set(public)
    try:
        return asyncio.ensure_future(hsm.sign(label, [b""]))
    finally:
        outside.reset(mark)


def run(work: Callable[[], Any]) -> None:
    asyncio.run(work())


def test_many_outside_wait_as_few_and_the_house_comes_behind_these_few() -> None:
    async def work() -> None:
        hsm = Slow()
        crowd = [asked(hsm, "stamp", public=True) for _ in range(HSM_OUTSIDE_WAITING_MAX + 500)]
        house = asked(hsm, "order", public=False)
        await asyncio.sleep(0)
        refused = [one for one in crowd if one.done()]
        assert len(refused) == 500
        for one in refused:
            problem = one.exception()
            assert isinstance(problem, YunhaiError)
            assert problem.code == 6825
        hsm.let.set()
        assert await house == [b"signed"]
        assert hsm.done == ["stamp"] * HSM_OUTSIDE_WAITING_MAX + ["order"]
        await asyncio.sleep(0)
        assert await asked(hsm, "stamp", public=True) == [b"signed"], "the share is free again"

    run(work)


def test_who_goes_away_keeps_their_place_until_their_turn_is_over() -> None:
    async def work() -> None:
        hsm = Slow()
        crowd = [asked(hsm, "stamp", public=True) for _ in range(HSM_OUTSIDE_WAITING_MAX)]
        await asyncio.sleep(0)
        for one in crowd:
            one.cancel()
        await asyncio.gather(*crowd, return_exceptions=True)
        with pytest.raises(YunhaiError) as refused:
            await asked(hsm, "stamp", public=True)
        assert refused.value.code == 6825
        hsm.let.set()
        assert await asked(hsm, "order", public=False) == [b"signed"]

    run(work)


def test_what_comes_by_the_public_socket_is_of_outside() -> None:
    seen: list[bool] = []

    async def look(_: Request) -> Response:
        seen.append(outside.get())
        return PlainTextResponse("")

    application = Starlette(routes=[Route("/", look)])

    async def work() -> None:
        scope = {"type": "http", "method": "GET", "path": "/", "headers": [], "query_string": b""}

        async def receive() -> Any:
            return {"type": "http.request"}

        async def send(_: Any) -> None: ...

        await process._of_outside(application)(dict(scope), receive, send)
        await application(dict(scope), receive, send)

    run(work)
    assert seen == [True, False]
