"""Life signs of our processes: shown by them, read by the page on health. No commit."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from adapters.postgres.job_runs import ran
from adapters.postgres.tables_operations import LifeSignRow
from domain.contracts_health import ProcessView
from domain.health import Part, judge

FORGOTTEN_AFTER: Final = timedelta(minutes=15)
"""A process that shows nothing for so long is not coming back under that name."""


@dataclass(frozen=True, slots=True)
class LifeSign:
    """One part of a process's work. `ran_ago`: seconds since it was last done; None: never."""

    part: str
    ran_ago: float | None = None
    ran_ms: int | None = None
    error: str | None = None
    facts: dict[str, Any] = field(default_factory=dict)


async def show(session: AsyncSession, process: str, signs: list[LifeSign]) -> None:
    """Put on record that a process lives and when it did what; those long gone are forgotten."""
    now = func.clock_timestamp()
    for sign in signs:
        values = {
            "seen_at": now,
            "ran_at": None if sign.ran_ago is None else now - timedelta(seconds=sign.ran_ago),
            "ran_ms": sign.ran_ms,
            "error": sign.error,
            "facts": sign.facts,
        }
        await session.execute(
            insert(LifeSignRow)
            .values(process=process, part=sign.part, since=now, **values)
            .on_conflict_do_update(index_elements=["process", "part"], set_=values)
        )
        if sign.ran_ago is not None:
            await ran(session, sign.part, values["ran_at"])
    await session.execute(
        delete(LifeSignRow).where(LifeSignRow.seen_at < func.now() - FORGOTTEN_AFTER)
    )


async def leave(session: AsyncSession, process: str) -> None:
    """A process ends as it was asked to: it is not missed."""
    await session.execute(delete(LifeSignRow).where(LifeSignRow.process == process))


async def read_processes(session: AsyncSession, now: datetime) -> list[ProcessView]:
    """Every process that has shown itself lately, with the state its last sign speaks of.

    `now` is the database's, as the signs are.
    """
    rows = await session.scalars(
        select(LifeSignRow).order_by(LifeSignRow.part, LifeSignRow.process)
    )
    return [
        ProcessView(
            process=row.process,
            part=row.part,
            state=judge(Part.WORKERS, (now - row.seen_at).total_seconds()),
            since=row.since,
            seen_at=row.seen_at,
            ran_at=row.ran_at,
            ran_ms=row.ran_ms,
            error=row.error,
            task_queues=row.facts.get("task_queues", []),
        )
        for row in rows
    ]
