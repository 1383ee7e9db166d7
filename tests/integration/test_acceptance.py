"""Acceptance is one transaction: all of it is on record, or nothing is."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Connection, event, func, select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from adapters.postgres.acceptance import accept_change, keep_answer, kept_answer
from adapters.postgres.tables import Base
from tests.support.clock import START
from tests.support.records import new_change

Sessions = async_sessionmaker[AsyncSession]
WRITTEN = {
    "service_changes",
    "document_versions",
    "idempotency_keys",
    "audit_entries",
    "outbox",
    "identifiers",
    "search_texts",
}


class BrokenError(Exception):
    """The database went away here."""


async def accept(sessions: Sessions) -> None:
    new = new_change()
    async with sessions.begin() as session:
        view = await accept_change(session, new)
        await keep_answer(
            session,
            caller=new.caller,
            key=new.idempotency_key,
            fingerprint_=new.fingerprint,
            change_id=new.id,
            answer=(202, view.model_dump_json().encode()),
            at=START,
        )


async def rows_in(sessions: Sessions) -> dict[str, int]:
    """How many rows each table has, empty ones left out."""
    async with sessions() as session:
        counts = {
            name: await session.scalar(select(func.count()).select_from(table)) or 0
            for name, table in Base.metadata.tables.items()
        }
    return {name: count for name, count in counts.items() if count}


@contextmanager
def watched(engine: AsyncEngine, *, break_at: int | None = None) -> Iterator[list[str]]:
    """Every statement sent in the block; the one of that number breaks before it is sent."""
    seen: list[str] = []

    def before(_: Connection, __: Any, statement: str, *___: Any) -> None:  # noqa: ANN401 - the event's own
        seen.append(statement)
        if len(seen) == break_at:
            raise BrokenError

    event.listen(engine.sync_engine, "before_cursor_execute", before)
    try:
        yield seen
    finally:
        event.remove(engine.sync_engine, "before_cursor_execute", before)


async def test_a_failure_at_any_statement_leaves_nothing(sessions: Sessions) -> None:
    engine: AsyncEngine = sessions.kw["bind"]
    with watched(engine) as statements:
        await accept(sessions)
    one_change = await rows_in(sessions)
    assert set(one_change) == WRITTEN

    for number in range(1, len(statements) + 1):
        with pytest.raises(BrokenError), watched(engine, break_at=number):
            await accept(sessions)
        assert await rows_in(sessions) == one_change, statements[number - 1]


async def test_a_caller_and_key_have_one_answer(sessions: Sessions) -> None:
    first, second = new_change(), new_change()
    async with sessions.begin() as session:
        await accept_change(session, first)
        await accept_change(session, second)
        for change in (first, second):
            kept = await keep_answer(
                session,
                caller="portal",
                key="one key",
                fingerprint_=change.fingerprint,
                change_id=change.id,
                answer=(202, change.id.encode()),
                at=START,
            )
            assert kept is (change is first)
        answer = await kept_answer(session, "portal", "one key")

    assert answer is not None
    assert answer.body == first.id.encode()
