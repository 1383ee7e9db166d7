"""What every kind of test may ask for: a real database, a real engine, a clock. No scenario."""

import itertools
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psycopg
import pytest
import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from temporalio.client import Client

from adapters.postgres.engine import create_engine
from adapters.postgres.engine import sessions as sessions_of
from adapters.postgres.migrate import upgrade
from adapters.temporal.client import connect
from stack.ephemeral import ephemeral_postgres, ephemeral_temporal, temporary_folder
from tests.support.clock import Clock
from tests.support.databases import drop
from tests.support.journey import Journey, journeys
from tests.support.live import LiveStack, live

NAMESPACE = "throughline"


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Shut every socket but this machine's own."""
    config.option.allow_hosts = "127.0.0.1,::1,localhost"
    config.option.allow_unix_socket = True


@pytest.fixture(scope="session")
def scratch() -> Iterator[Path]:
    """A folder for the servers of this test run."""
    with temporary_folder() as folder:
        yield folder


@pytest.fixture(scope="session")
def migrated_database_url(scratch: Path) -> Iterator[str]:
    """A database at today's schema, to copy from. Nothing may stay connected to it."""
    with ephemeral_postgres(scratch) as url:
        upgrade(url)
        yield url


@pytest.fixture(scope="session")
def _database_names() -> Iterator[str]:
    return (f"test_{number}" for number in itertools.count(1))


@pytest.fixture
def database_url(migrated_database_url: str, _database_names: Iterator[str]) -> Iterator[str]:
    """A database of the test's own, empty, at today's schema."""
    server, template = migrated_database_url.rsplit("/", 1)
    name = next(_database_names)
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}".encode())
    yield f"{server}/{name}"
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        drop(connection, name)


@pytest_asyncio.fixture
async def sessions(database_url: str) -> AsyncIterator[async_sessionmaker[AsyncSession]]:
    """Sessions on the test's database, as every process of ours opens them."""
    engine = create_engine(database_url, pool_size=10, application="throughline-tests")
    yield sessions_of(engine)
    await engine.dispose()


@pytest.fixture(scope="session")
def engine_address(scratch: Path) -> Iterator[str]:
    """A Temporal server with our namespace and search attributes, able to skip time."""
    with ephemeral_temporal(scratch, namespace=NAMESPACE, time_skipping=True) as target:
        yield target


@pytest_asyncio.fixture(scope="session")
async def temporal_client(engine_address: str) -> Client:
    """A client as API and worker have it. Task queues and ids must be the test's own."""
    return await connect(engine_address, NAMESPACE)


@pytest.fixture
def clock() -> Clock:
    """A clock the test sets."""
    return Clock()


@pytest.fixture(scope="session")
def live_stack() -> Iterator[LiveStack]:
    """Everything `throughline up` starts, on free ports, once per test run."""
    with temporary_folder() as folder, live(folder) as stack:
        yield stack


@pytest_asyncio.fixture
async def journey(live_stack: LiveStack) -> AsyncIterator[Journey]:
    """Portal and operator of the live stack."""
    async with journeys(live_stack) as callers:
        yield callers
