"""Records the histories of morning reports: `python -m tests.replay.reports`. Review as code.

It runs on an engine and a database of its own, like `record.py` for service changes.
"""

import asyncio
import sys
from datetime import timedelta
from typing import Final

from adapters.postgres.engine import create_engine, sessions
from adapters.postgres.migrate import upgrade
from adapters.temporal.client import connect
from domain.morning_report import SETTLES_AFTER
from stack.ephemeral import EphemeralStack, ephemeral_stack
from tests.replay.histories import HISTORIES, store
from tests.support.clock import Clock
from tests.support.world import World
from workflows import MorningReportWorkflow

REPORTS: Final = HISTORIES.parent / "morning_report"
"""Beside the histories of service changes."""

REPORTED: Final = ("sent",)


async def record(stack: EphemeralStack) -> None:
    """Have one report built and sent, and keep its history."""
    client = await connect(stack.temporal_target, stack.temporal_namespace)
    engine = create_engine(stack.database_url, pool_size=10, application="throughline-record")
    world = World(client, sessions(engine), Clock(), "reporting")
    world.clock.advance(timedelta(hours=21))
    async with world.working():
        for name in REPORTED:
            handle = await client.start_workflow(
                MorningReportWorkflow.run, id=name, task_queue=world.task_queue
            )
            await world.time.fast_forward(handle, SETTLES_AFTER)
            result = await handle.result()
            path = store(name, await handle.fetch_history(), REPORTS)
            sys.stdout.write(f"{path.name}: {result}\n")
    await engine.dispose()


if __name__ == "__main__":
    with ephemeral_stack() as recording:
        upgrade(recording.database_url)
        asyncio.run(record(recording))
