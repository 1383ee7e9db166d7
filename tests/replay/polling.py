"""Records the history of a poll: `python -m tests.replay.polling`. Review what it writes as code.

It runs on an engine and a database of its own, like `record.py` for service changes.
"""

import asyncio
import sys
from datetime import timedelta
from typing import Final

from adapters.postgres.engine import create_engine, sessions
from adapters.postgres.migrate import upgrade
from adapters.temporal.client import connect
from domain.event_polling import PollInput, polling_id
from domain.identifiers import System
from stack.ephemeral import EphemeralStack, ephemeral_stack
from tests.replay.histories import HISTORIES, store
from tests.support.clock import Clock
from tests.support.factories import ACCOUNT
from tests.support.world import World
from workflows import EventPollingWorkflow

POLLS: Final = HISTORIES.parent / "event_polling"
"""Beside the histories of service changes; one for each vendor that is polled."""

POLLED: Final = (System.BILLING, System.TICKETING)


async def record(stack: EphemeralStack) -> None:
    """Poll each vendor once, with one event missed at billing, and keep the histories."""
    client = await connect(stack.temporal_target, stack.temporal_namespace)
    engine = create_engine(stack.database_url, pool_size=10, application="throughline-record")
    world = World(client, sessions(engine), Clock(), "polling")
    world.billing.tell("account.standing_changed", {"account": ACCOUNT, "standing": "current"})
    world.clock.advance(timedelta(minutes=1))  # by now its webhook should have come
    async with world.working():
        for system in POLLED:
            handle = await client.start_workflow(
                EventPollingWorkflow.run,
                PollInput(system=system),
                id=polling_id(system),
                task_queue=world.task_queue,
            )
            result = await handle.result()
            path = store(system, await handle.fetch_history(), POLLS)
            sys.stdout.write(f"{path.name}: {result}\n")
    await engine.dispose()


if __name__ == "__main__":
    with ephemeral_stack() as recording:
        upgrade(recording.database_url)
        asyncio.run(record(recording))
