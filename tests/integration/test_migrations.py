"""The schema: up, down, up again, and what the database itself refuses."""

from collections.abc import Iterator

import psycopg
import pytest
from alembic import command
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from adapters.postgres.migrate import alembic_config, upgrade
from adapters.postgres.tables import AuditEntryRow, Base
from tests.support.databases import drop
from tests.support.records import accepted_change, decision_row

Sessions = async_sessionmaker[AsyncSession]


@pytest.fixture
def empty_database_url(migrated_database_url: str) -> Iterator[str]:
    """A database without any table."""
    server = migrated_database_url.rsplit("/", 1)[0]
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute("CREATE DATABASE empty TEMPLATE template0")
    yield f"{server}/empty"
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        drop(connection, "empty")


def tables_of(url: str) -> set[str]:
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        ).fetchall()
    return {row[0] for row in rows}


def test_up_down_and_up_again_leave_exactly_the_schema(empty_database_url: str) -> None:
    ours = set(Base.metadata.tables) | {"alembic_version"}

    upgrade(empty_database_url)
    assert tables_of(empty_database_url) == ours
    upgrade(empty_database_url)  # a second time is harmless

    command.downgrade(alembic_config(empty_database_url), "base")
    assert tables_of(empty_database_url) == {"alembic_version"}
    with psycopg.connect(empty_database_url) as connection:
        functions = connection.execute(
            "SELECT count(*) FROM pg_proc JOIN pg_namespace n ON n.oid = pronamespace "
            "WHERE nspname = 'public'"
        ).fetchone()
    assert functions == (0,)

    upgrade(empty_database_url)
    assert tables_of(empty_database_url) == ours


def test_the_models_and_the_migrations_say_the_same(database_url: str) -> None:
    command.check(alembic_config(database_url))


def test_another_database_than_postgresql_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"THROUGHLINE_DATABASE_URL.*not sqlite"):
        upgrade("sqlite:///x.db")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entries SET actor = 'somebody else'",
        "DELETE FROM audit_entries",
        "TRUNCATE audit_entries",
    ],
)
async def test_audit_entries_are_only_ever_added(sessions: Sessions, statement: str) -> None:
    await accepted_change(sessions)

    async with sessions() as session:
        with pytest.raises(DBAPIError, match="only ever added"):
            await session.execute(text(statement))
        await session.rollback()
        (entry,) = await session.scalars(select(AuditEntryRow))
    assert entry.actor == "portal"


async def test_the_database_refuses_an_approval_by_the_submitter(sessions: Sessions) -> None:
    change = await accepted_change(sessions)

    with pytest.raises(IntegrityError, match="four_eyes"):
        async with sessions.begin() as session:
            session.add(decision_row(change.id, actor="portal"))


async def test_the_database_refuses_an_approval_that_hides_the_submitter(
    sessions: Sessions,
) -> None:
    change = await accepted_change(sessions)

    with pytest.raises(IntegrityError, match="fk_decisions"):
        async with sessions.begin() as session:
            session.add(decision_row(change.id, actor="portal", submitted_by="somebody"))


async def test_a_colleagues_approval_and_ones_own_cancellation_are_fine(
    sessions: Sessions,
) -> None:
    change = await accepted_change(sessions)

    async with sessions.begin() as session:
        session.add(decision_row(change.id, actor="olga"))
        session.add(decision_row(change.id, actor="portal", action="cancel"))
