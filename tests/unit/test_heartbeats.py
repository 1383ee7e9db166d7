"""An activity that lasts beats until it ends, and is not broken off in the middle."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from temporalio.testing import ActivityEnvironment
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput

from worker import heartbeats
from worker.heartbeats import Heartbeats
from workflows.policies import HEARTBEAT

INPUT = ExecuteActivityInput(fn=lambda: None, args=[], executor=None, headers={})


class Activity(ActivityInboundInterceptor):
    """What is beneath the beats: one activity."""

    def __init__(self, work: Callable[[], Awaitable[str]]) -> None:
        self._work = work

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002, ANN401 - the engine's own signature
        del input
        return await self._work()


@pytest.fixture
def beats(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeats, "EVERY_SECONDS", 0.01)


class Running:
    """An activity under way in an environment of its own."""

    def __init__(self) -> None:
        self.beaten = asyncio.Event()
        self.go_on = asyncio.Event()
        self.recorded: list[str] = []
        self.environment = ActivityEnvironment()
        self.environment.on_heartbeat = lambda *_: self.beaten.set()
        interceptor = Heartbeats().intercept_activity(Activity(self._call_and_record))
        self.task = asyncio.ensure_future(self.environment.run(interceptor.execute_activity, INPUT))

    async def _call_and_record(self) -> str:
        await self.go_on.wait()
        self.recorded.append("evidence")
        return "done"


@pytest.mark.usefixtures("beats")
async def test_an_activity_beats_while_it_lasts() -> None:
    running = Running()

    await running.beaten.wait()
    running.go_on.set()

    assert await running.task == "done"


@pytest.mark.usefixtures("beats")
async def test_a_cancelled_activity_is_seen_to_its_end_with_its_evidence_on_record() -> None:
    running = Running()
    await running.beaten.wait()

    running.environment.cancel()
    running.beaten.clear()
    await running.beaten.wait()  # it lives on
    running.go_on.set()

    assert await running.task == "done"
    assert running.recorded == ["evidence"]


@pytest.mark.usefixtures("beats")
async def test_a_worker_that_has_to_end_breaks_off() -> None:
    running = Running()
    await running.beaten.wait()

    running.environment.worker_shutdown()
    running.environment.cancel()

    with pytest.raises(asyncio.CancelledError):
        await running.task
    assert running.recorded == []


@pytest.mark.usefixtures("beats")
async def test_what_the_activity_raises_is_what_the_engine_hears() -> None:
    async def fails() -> str:
        raise ValueError("its own")

    beating = Heartbeats().intercept_activity(Activity(fails))

    with pytest.raises(ValueError, match="its own"):
        await ActivityEnvironment().run(beating.execute_activity, INPUT)


def test_two_beats_may_be_lost_before_a_worker_counts_as_gone() -> None:
    assert HEARTBEAT.total_seconds() > 3 * heartbeats.EVERY_SECONDS
