"""The API on the test's own database and document folder, with a key for every role."""

import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import psycopg
import pytest
import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from temporalio.client import Client

from adapters.postgres.engine import create_engine
from adapters.postgres.engine import sessions as sessions_of
from domain.messages import Patience
from domain.replay_messages import Pace
from tests.support.api import ApiUnderTest, running_api, settings_for, sign_in_everybody
from tests.support.clock import Clock
from tests.support.databases import drop
from tests.support.office import Office
from tests.support.world import World
from worker.relay import Relay

QUICKLY = Pace(retries_per_second=50)
"""A replay of many is over within a test's patience."""


@pytest_asyncio.fixture
async def api(
    database_url: str,
    sessions: async_sessionmaker[AsyncSession],
    engine_address: str,
    tmp_path: Path,
) -> AsyncIterator[ApiUnderTest]:
    """Everything real; no worker and no relay, so a change stays as it was accepted."""
    await sign_in_everybody(sessions)
    async with running_api(settings_for(database_url, engine_address, tmp_path)) as under_test:
        yield under_test


@pytest_asyncio.fixture(scope="module")
async def shared_api(
    migrated_database_url: str, engine_address: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[ApiUnderTest]:
    """The same for a whole module whose tests do not mind what the others submitted."""
    server, template = migrated_database_url.rsplit("/", 1)
    name = f"shared_{uuid.uuid4().hex}"
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}".encode())
    engine = create_engine(f"{server}/{name}", pool_size=1, application="throughline-tests")
    await sign_in_everybody(sessions_of(engine))
    await engine.dispose()
    settings = settings_for(f"{server}/{name}", engine_address, tmp_path_factory.mktemp("shared"))
    async with running_api(settings) as under_test:
        yield under_test
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        drop(connection, name)


@pytest_asyncio.fixture
async def idle_office(
    api: ApiUnderTest,
    temporal_client: Client,
    sessions: async_sessionmaker[AsyncSession],
    clock: Clock,
) -> Office:
    """No worker yet."""
    queue = api.parts.engine._task_queue
    world = World(temporal_client, sessions, clock, queue)
    api.parts.documents = world.documents
    api.parts.clock = clock
    return Office(api, world, Relay(sessions, world.engine, Patience(), QUICKLY))


@pytest_asyncio.fixture
async def office(idle_office: Office) -> AsyncIterator[Office]:
    """A worker is at work."""
    async with idle_office.world.working():
        yield idle_office
