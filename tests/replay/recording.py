"""Keeps the history of each of several courses, as one command: a module names its own."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

from adapters.postgres.engine import create_engine, sessions
from adapters.postgres.migrate import upgrade
from adapters.temporal.client import connect
from stack.ephemeral import EphemeralStack, ephemeral_stack
from tests.replay.histories import store
from tests.support.clock import Clock
from tests.support.world import World

Course = Callable[[World], Awaitable[str]]
"""Has a workflow come to its end; its id."""


def record_courses(courses: Mapping[str, Course], folder: Path) -> None:
    """Record those the command line names, or all, on an engine and a database of their own.

    One after the other in one database. Raises KeyError for an unknown name.
    """
    with ephemeral_stack() as stack:
        upgrade(stack.database_url)
        asyncio.run(_record(stack, courses, folder, sys.argv[1:] or list(courses)))


async def _record(
    stack: EphemeralStack, courses: Mapping[str, Course], folder: Path, names: Sequence[str]
) -> None:
    client = await connect(stack.temporal_target, stack.temporal_namespace)
    engine = create_engine(stack.database_url, pool_size=10, application="throughline-record")
    for name in names:
        world = World(client, sessions(engine), Clock(), name)
        async with world.working():
            id_ = await courses[name](world)
        history = await client.get_workflow_handle(id_).fetch_history()
        path = store(name, history, folder)
        sys.stdout.write(f"{path.name}: {len(history.events)} events\n")
    await engine.dispose()
