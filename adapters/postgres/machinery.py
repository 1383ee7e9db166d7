"""What the record says of the machinery: what waits in outbox and inbox, what is left open."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from adapters.postgres.inbox import due_now
from adapters.postgres.tables import EffectRow, OutboxRow
from adapters.postgres.tables_inbox import InboxRow
from domain.contracts_health import PartHealthView, ProcessView
from domain.health import NEXT, HealthState, Part, judge, spoken

SWEEPER = "sweeper"
WORKER = "worker"


def told(
    part: Part, seconds: float | None, sentence: str, count: int | None = None
) -> PartHealthView:
    """A part with the state its measure speaks of and what to do about it."""
    state = judge(part, seconds)
    return PartHealthView(
        part=part,
        state=state,
        sentence=sentence,
        next_action=NEXT.get((part, state)),
        seconds=None if seconds is None else round(seconds, 3),
        count=count,
    )


def away(part: Part, sentence: str) -> PartHealthView:
    """A part that does not answer at all."""
    return PartHealthView(
        part=part,
        state=HealthState.DOWN,
        sentence=sentence,
        next_action=NEXT[part, HealthState.DOWN],
    )


@dataclass(frozen=True, slots=True)
class _Queue:
    count: int
    oldest: float | None


async def database_health(session: AsyncSession) -> PartHealthView:
    """How fast the database answers, and how much it holds."""
    started = time.perf_counter()
    size = await session.scalar(text("SELECT pg_database_size(current_database())"))
    seconds = time.perf_counter() - started
    sentence = f"Answers in {spoken(seconds)}; holds {int(size or 0) / 2**20:,.0f} MiB."
    return told(Part.DATABASE, seconds, sentence)


async def relay_health(session: AsyncSession) -> PartHealthView:
    """What is due and not yet with the engine."""
    row = OutboxRow
    waiting = await _queue(
        session,
        select(func.count(), _age(func.min(row.available_at))).where(
            row.dispatched_at.is_(None), row.available_at <= func.now()
        ),
    )
    postponed = await session.scalar(
        select(func.count()).where(row.dispatched_at.is_(None), row.attempts > 0)
    )
    later = f" {postponed:,} could not be delivered so far." if postponed else ""
    return _waiting(Part.RELAY, waiting, "messages to the engine", later)


async def inbox_health(session: AsyncSession) -> PartHealthView:
    """What vendors told and nobody has worked off."""
    waiting = await _queue(
        session,
        select(func.count(), _age(func.min(InboxRow.available_at))).where(due_now()),
    )
    return _waiting(Part.INBOX, waiting, "events of vendors")


async def effects_health(session: AsyncSession) -> PartHealthView:
    """What was begun at vendors and not closed."""
    row = EffectRow
    left = await _queue(
        session,
        select(func.count(), _age(func.min(row.intended_at))).where(row.closed_at.is_(None)),
    )
    sentence = "Nothing is under way at a vendor."
    if left.oldest is not None:
        sentence = f"{left.count:,} under way, the oldest begun {spoken(left.oldest)} ago."
    return told(Part.EFFECTS, left.oldest or 0.0, sentence, left.count)


def workers_health(processes: Sequence[ProcessView], now: datetime) -> PartHealthView:
    """How many workers show themselves, and how fresh the freshest sign is."""
    workers = [each for each in processes if each.part == WORKER]
    alive = sum(each.state is HealthState.GOOD for each in workers)
    freshest = min((_ago(each.seen_at, now) for each in workers), default=None)
    sentence = f"{alive:,} of {len(workers):,} show themselves." if workers else "None is known."
    return told(Part.WORKERS, freshest, sentence, alive)


def sweepers_health(processes: Sequence[ProcessView], now: datetime) -> PartHealthView:
    """When somebody last looked for what was forgotten."""
    sweepers = [each for each in processes if each.part == SWEEPER]
    ran_ago = min((_ago(each.ran_at, now) for each in sweepers if each.ran_at), default=None)
    if ran_ago is None:
        words = "Started, and not through for the first time." if sweepers else "None is known."
        return told(Part.SWEEPERS, None, words)
    failed = next((each.error for each in sweepers if each.error), None)
    why = f" The last try failed: {failed}." if failed else ""
    return told(Part.SWEEPERS, ran_ago, f"Last looked {spoken(ran_ago)} ago.{why}")


def _ago(at: datetime, now: datetime) -> float:
    return (now - at).total_seconds()


def _age(column: Any) -> Any:  # noqa: ANN401 - SQL expressions, whose types are private
    return func.extract("epoch", func.now() - column)


async def _queue(session: AsyncSession, statement: Select[Any]) -> _Queue:
    count, oldest = (await session.execute(statement)).one()
    return _Queue(count, None if oldest is None else float(oldest))


def _waiting(part: Part, waiting: _Queue, what: str, more: str = "") -> PartHealthView:
    if waiting.oldest is None:
        return told(part, 0.0, f"No {what} wait.{more}", 0)
    sentence = f"{waiting.count:,} {what} wait, the oldest {spoken(waiting.oldest)}.{more}"
    return told(part, waiting.oldest, sentence, waiting.count)
