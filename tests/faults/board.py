"""How every change of a run stands, looked at again and again, read-only, in one statement."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import psycopg

from domain.service_change import FINAL, ChangeStatus
from http_client import TransportError
from tests.faults.evidence import Sample, Sighting
from tests.faults.people import People

EVERY_SECONDS: Final = 0.4
READ_ONLY: Final = "-c default_transaction_read_only=on -c statement_timeout=5000"
MOVING: Final = frozenset(
    {
        ChangeStatus.PENDING,
        ChangeStatus.CHECKING,
        ChangeStatus.APPLYING,
        ChangeStatus.COMPENSATING,
    }
)
"""Statuses a change leaves by itself."""

_STATEMENT: Final = (
    "SELECT id, status, failure, next_action, correlation_id, updated_at, ended_at"
    " FROM service_changes WHERE submitted_at >= %s"
)


@dataclass(frozen=True, slots=True)
class Row:
    """A change as the last look found it."""

    status: ChangeStatus
    failure: dict[str, Any] | None
    next_action: str | None
    correlation_id: str
    updated_at: datetime


@dataclass(slots=True)
class Board:
    """The latest look, and what earlier looks are remembered for."""

    database_url: str
    people: People
    since: datetime
    rows: dict[str, Row] = field(default_factory=dict)
    samples: list[Sample] = field(default_factory=list)
    sightings: list[Sighting] = field(default_factory=list)
    _seen: dict[str, tuple[str, str | None, bool]] = field(default_factory=dict)
    _looked: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def rests(self, change_id: str, *, after: Row | None = None) -> Row:
        """Wait until the change no longer moves by itself, in another way than `after`."""

        def rested() -> bool:
            row = self.rows.get(change_id)
            return row is not None and row.status not in MOVING and _differs(row, after)

        return await self._until(change_id, rested)

    async def reaches(self, change_id: str, statuses: Collection[ChangeStatus]) -> Row:
        """Wait until the change is in one of the statuses, or has ended."""

        def reached() -> bool:
            row = self.rows.get(change_id)
            return row is not None and row.status in FINAL | frozenset(statuses)

        return await self._until(change_id, reached)

    async def _until(self, change_id: str, holds: Callable[[], bool]) -> Row:
        async with self._looked:
            await self._looked.wait_for(holds)
        return self.rows[change_id]

    def in_statuses(self, statuses: Collection[ChangeStatus]) -> list[str]:
        """The changes that stand so."""
        return [id_ for id_, row in self.rows.items() if row.status in statuses]

    async def look(self, connection: psycopg.AsyncConnection[Any]) -> None:
        """One look: rows, a sample of their number, and what is seen of each for the first time."""
        accepted = frozenset(self.people.log.accepted.values())
        found = await (await connection.execute(_STATEMENT, (self.since,))).fetchall()
        at = datetime.now(UTC)
        self.rows = {
            id_: Row(ChangeStatus(status), failure, next_action, correlation_id, updated_at)
            for id_, status, failure, next_action, correlation_id, updated_at, _ in found
        }
        counts = Counter(str(row.status) for id_, row in self.rows.items() if id_ in accepted)
        self.samples.append(Sample(at, len(accepted), dict(counts)))
        for change_id, row in self.rows.items():
            await self._see(change_id, row, at)
        async with self._looked:
            self._looked.notify_all()

    async def _see(self, change_id: str, row: Row, at: datetime) -> None:
        failing = row.failure["step"] if row.failure else None
        explained = _explained(row.failure, row.next_action, row.correlation_id)
        sight = (str(row.status), failing, explained)
        if self._seen.get(change_id) == sight:
            return
        if row.status is ChangeStatus.NEEDS_ATTENTION:
            shown = await self._shown(change_id)
            if shown is None or shown["status"] != row.status:
                return  # the API is away, or it has moved on: the next look decides
            failure = shown["failure"]
            explained = _explained(failure, shown["next_action"], shown["correlation_id"])
            failing = failure["step"] if failure else None
            at = datetime.now(UTC)
        self._seen[change_id] = sight
        self.sightings.append(Sighting(at, change_id, str(row.status), failing, explained))

    async def _shown(self, change_id: str) -> dict[str, Any] | None:
        """The change as the API shows it, asked once."""
        try:
            answer = await self.people.clients["operator"].get(f"/v1/service-changes/{change_id}")
        except TransportError:
            return None
        shown: dict[str, Any] | None = answer.json() if answer.is_success else None
        return shown


def _differs(row: Row, after: Row | None) -> bool:
    return after is None or (row.status, row.updated_at) != (after.status, after.updated_at)


def _explained(failure: dict[str, Any] | None, next_action: str | None, correlation: str) -> bool:
    reason = bool(failure and (failure["reason"] or failure["words"] or failure["code"]))
    action = next_action or (failure or {}).get("next_action")
    return reason and bool(action) and bool(correlation)


@asynccontextmanager
async def watched(database_url: str, people: People) -> AsyncIterator[Board]:
    """A board that is kept up to date while the block runs, however often the database is away."""
    board = Board(database_url, people, datetime.now(UTC))
    task = asyncio.create_task(_watch(board))
    try:
        yield board
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _watch(board: Board) -> None:
    while True:
        try:
            async with await psycopg.AsyncConnection.connect(
                board.database_url, autocommit=True, options=READ_ONLY, connect_timeout=3
            ) as connection:
                while True:
                    await board.look(connection)
                    await asyncio.sleep(EVERY_SECONDS)
        except psycopg.Error:
            await asyncio.sleep(EVERY_SECONDS)
