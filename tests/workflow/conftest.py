"""A world per test, on a task queue of its own."""

import itertools
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from temporalio.client import Client

from tests.support.clock import Clock
from tests.support.world import World

_NUMBERS = itertools.count(1)


@pytest.fixture
def idle_world(
    temporal_client: Client, sessions: async_sessionmaker[AsyncSession], clock: Clock
) -> World:
    """A world without a worker; the test starts as many as it likes."""
    return World(temporal_client, sessions, clock, f"w{next(_NUMBERS)}")


@pytest_asyncio.fixture
async def world(idle_world: World) -> AsyncIterator[World]:
    """A world with one worker, set up as in production."""
    async with idle_world.working():
        yield idle_world
