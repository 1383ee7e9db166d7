"""Rows of a list for an export: a server-side cursor over one snapshot, and the record of it."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from adapters.postgres.audit import audit_note
from adapters.postgres.audit_reading import audit_narrowed
from adapters.postgres.change_filters import narrowed
from adapters.postgres.tables import AuditEntryRow, ServiceChangeRow
from adapters.postgres.terms import plan_by_value
from domain.filters import AuditFilters, ChangeFilters, Filters, ListPage

_AT_A_TIME: Final = 500


class Exporter(Protocol):
    """Whoever is calling, by name."""

    @property
    def name(self) -> str:
        """As audit entries name them."""
        ...


@dataclass(frozen=True, slots=True)
class Exported:
    """What is about to be exported: the rows in order, how many, and whether some are left out."""

    statement: Select[Any]
    count: int
    truncated: bool


def change_rows(wanted: ChangeFilters, now: datetime, submitted_by: str | None) -> Select[Any]:
    """The changes of the list, in its order."""
    change = ServiceChangeRow
    return narrowed(select(change), wanted, now, submitted_by).order_by(
        change.submitted_at.desc(), change.id.desc()
    )


def audit_rows(wanted: AuditFilters, now: datetime) -> Select[Any]:
    """The entries of the list, in its order."""
    entry = AuditEntryRow
    return audit_narrowed(select(entry), wanted, now).order_by(entry.at.desc(), entry.id.desc())


async def begin(session: AsyncSession, rows: Select[Any], most: int) -> Exported:
    """Count what will come. The session sees the same rows from here on, whatever happens."""
    await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    await plan_by_value(session)
    some = rows.limit(most + 1).subquery()
    found = int(await session.scalar(select(func.count()).select_from(some)) or 0)
    return Exported(rows.limit(most), min(found, most), found > most)


async def chunks(session: AsyncSession, export: Exported) -> AsyncIterator[Sequence[Any]]:
    """The rows, some at a time; no more than those are held here."""
    stream = await session.stream_scalars(export.statement.execution_options(yield_per=_AT_A_TIME))
    async for some in stream.partitions(_AT_A_TIME):
        yield some


def record_export(
    session: AsyncSession,
    caller: Exporter,
    page: ListPage,
    wanted: Filters,
    export: Exported,
    *,
    personal: str,
    correlation_id: str,
    at: datetime,
) -> None:
    """Put the export on record with its filters. No commit.

    To be committed before the answer begins: what cannot be recorded is not given out.
    """
    session.add(
        audit_note(
            at=at,
            actor=caller.name,
            actor_kind="person",
            action=f"export_{page}",
            correlation_id=correlation_id,
            facts={
                "filters": wanted.given(),
                "rows": export.count,
                "truncated": export.truncated,
                "personal": personal,
            },
        )
    )
