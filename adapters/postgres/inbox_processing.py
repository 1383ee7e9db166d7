"""What becomes of a queued event: decided and written in one transaction for each event."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from adapters.postgres.audit import audit_entry
from adapters.postgres.drift import keep_findings, link_event
from adapters.postgres.inbox import due_now
from adapters.postgres.outbox import outbox_row
from adapters.postgres.tables import IdentifierRow, ServiceChangeRow, TicketRow
from adapters.postgres.tables_inbox import InboxChangeRow, InboxRow, ObjectVersionRow
from adapters.vendors.watching import Unwatched, Watch
from domain.drift import Sighting
from domain.event_drift import read_mapped
from domain.identifiers import System
from domain.service_change import ChangeStatus
from domain.shapes import shape_fingerprint
from domain.vendor_events import EventSource, EventType, InboxState, ReadEvent
from domain.vendor_values import REFERENCE_KIND
from domain.wording import words

Clock = Callable[[], datetime]

WAITS_FOR_EVENT: Final = frozenset(
    {ChangeStatus.PENDING, ChangeStatus.CHECKING, ChangeStatus.INCOMPLETE}
)
"""An event may overtake the check it answers, so changes being checked hear of it, too."""

MOST_ATTEMPTS: Final = 10
"""Failures in a row after which a person is asked: some four minutes with the pauses below."""

_PAUSE_SECONDS: Final = (1.0, 60.0)
"""First and longest pause after a failure."""

_KEPT_OF_ERROR: Final = 300
"""Characters."""

_HOW: Final = {
    EventSource.WEBHOOK: "",
    EventSource.POLL: " Came by polling; its webhook had not come.",
}


@dataclass(slots=True)
class _Verdict:
    """What is to be written about an event, and which changes it concerns."""

    state: InboxState
    outcome: str
    changes: list[ServiceChangeRow] = field(default_factory=list)


async def process_next(
    sessions: async_sessionmaker[AsyncSession], clock: Clock, watch: Watch | None = None
) -> str | None:
    """Process the event that is due longest; its id, or None when none is due.

    Everything that comes of it is written in one transaction, or nothing is. An event that cannot
    be processed is postponed, and parked for a person in the end; it holds up no other. Raises
    only when the database is away. Safe to run side by side.
    """
    async with sessions.begin() as session:
        row = await session.scalar(
            select(InboxRow)
            .where(due_now())
            .order_by(InboxRow.available_at)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        if row is None:
            return None
        try:
            async with session.begin_nested():
                await _process(session, row, clock(), watch or Unwatched())
        except Exception as error:
            if isinstance(error, DBAPIError) and error.connection_invalidated:
                raise
            await session.refresh(row)
            _postpone(row, error)
        return row.event_id


async def _process(session: AsyncSession, row: InboxRow, now: datetime, watch: Watch) -> None:
    system = System(row.system)
    known = await watch.knowledge(system)
    event = read_mapped(system, row.body, known.mappings)
    read = event.read
    # The body is read anew: what was unknown at the door may be known by now.
    row.type, row.account_id, row.reference = read.type, read.account_id, read.reference
    row.object_version, row.occurred_at = read.version, read.occurred_at
    await _watched(session, row, event.sighting(known.shapes), watch, now)
    verdict = await _judge(session, row, read, now)
    await _link(session, row, verdict.changes)
    row.state = verdict.state
    row.outcome = verdict.outcome + _HOW[EventSource(row.source)]
    row.processed_at = now
    row.last_error = None
    await session.flush()


async def _watched(
    session: AsyncSession,
    row: InboxRow,
    sighting: Sighting,
    watch: Watch,
    now: datetime,
) -> None:
    """Have the watch know of the event's shape; what is not understood is linked to its drift."""
    shape = shape_fingerprint(sighting.shape)
    parks = any(finding.parks for finding in sighting.findings)
    if not parks and watch.counted(sighting.system, sighting.operation, shape):
        return
    watch.saw(sighting)
    if parks:
        ids = await keep_findings(session, sighting, 0, now)
        await link_event(session, ids, (row.system, row.event_id))


async def _link(session: AsyncSession, row: InboxRow, changes: Sequence[ServiceChangeRow]) -> None:
    """Put on record which changes an event concerned; one that was released may have before."""
    if changes:
        links = [
            {"system": row.system, "event_id": row.event_id, "change_id": change.id}
            for change in changes
        ]
        await session.execute(insert(InboxChangeRow).values(links).on_conflict_do_nothing())


def _postpone(row: InboxRow, error: Exception) -> None:
    row.attempts += 1
    cause = getattr(error, "orig", None) or error  # without the statement around it
    row.last_error = f"{type(cause).__name__}: {cause}".split("\n", 1)[0][:_KEPT_OF_ERROR]
    if row.attempts >= MOST_ATTEMPTS:
        row.state = InboxState.FAILED
        row.outcome = f"Could not be processed in {row.attempts} attempts; release it once mended."
        return
    first, longest = _PAUSE_SECONDS
    pause = min(longest, first * 2 ** (row.attempts - 1))
    row.available_at = func.now() + timedelta(seconds=pause)


async def _judge(session: AsyncSession, row: InboxRow, read: ReadEvent, now: datetime) -> _Verdict:
    if read.meaning is None:
        return _Verdict(InboxState.QUARANTINED, read.problem)
    named = await _named(session, row, read)
    newer = await _newer_version(session, row, read, now)
    if newer is not None:
        outcome = f"Version {read.version} of {read.reference} came after version {newer}."
        for change in named:
            _note(session, row, change, f"{outcome} Nothing follows from it.", now)
        return _Verdict(InboxState.STALE, outcome, named)
    sentences = []
    if read.meaning.closes_ticket:
        sentences += await _close_ticket(session, read, now)
    others = await _of_account(session, read, read.meaning) if read.meaning.wakes_account else []
    changes = list({change.id: change for change in (*named, *others)}.values())
    sentences += [_tell(session, row, change, now) for change in changes]
    outcome = " ".join(sentences) or "No change of ours is concerned."
    return _Verdict(InboxState.PROCESSED, outcome, changes)


async def _newer_version(
    session: AsyncSession, row: InboxRow, read: ReadEvent, now: datetime
) -> int | None:
    """Put the object's version on record; the one that is there if that is as new or newer."""
    if read.version is None:
        return None
    seen = ObjectVersionRow
    statement = insert(seen).values(
        system=row.system,
        reference=read.reference,
        version=read.version,
        event_id=row.event_id,
        seen_at=now,
    )
    moved = await session.scalar(
        statement.on_conflict_do_update(
            index_elements=["system", "reference"],
            set_={
                "version": statement.excluded.version,
                "event_id": statement.excluded.event_id,
                "seen_at": statement.excluded.seen_at,
            },
            where=seen.version < statement.excluded.version,
        ).returning(seen.version)
    )
    if moved is not None:
        return None
    known: int | None = await session.scalar(
        select(seen.version).where(seen.system == row.system, seen.reference == read.reference)
    )
    return known


async def _named(session: AsyncSession, row: InboxRow, read: ReadEvent) -> list[ServiceChangeRow]:
    """The changes an event is about: by our own key in it, or by the reference we keep."""
    by_reference = select(IdentifierRow.change_id).where(
        IdentifierRow.value == read.reference,
        IdentifierRow.kind == REFERENCE_KIND[System(row.system)],
    )
    found = await session.scalars(
        select(ServiceChangeRow)
        .where(
            or_(
                ServiceChangeRow.id == (read.change_id or ""),
                ServiceChangeRow.id.in_(by_reference),
            )
        )
        .order_by(ServiceChangeRow.id)
    )
    return list(found)


async def _of_account(
    session: AsyncSession, read: ReadEvent, meaning: EventType
) -> list[ServiceChangeRow]:
    """Changes of the account that wait, and those that ended between the event and its arrival.

    The latter only where the event names no change of its own: it comes too late for them.
    """
    change = ServiceChangeRow
    concerned: ColumnElement[bool] = change.status.in_(WAITS_FOR_EVENT)
    if meaning.key is None and read.occurred_at is not None:
        missed_it = (change.ended_at >= read.occurred_at) & (
            change.submitted_at <= read.occurred_at
        )
        concerned = or_(concerned, missed_it)
    found = await session.scalars(
        select(change).where(change.account_id == read.account_id, concerned).order_by(change.id)
    )
    return list(found)


async def _close_ticket(session: AsyncSession, read: ReadEvent, now: datetime) -> list[str]:
    """Mark our row of the ticket closed; a sentence if that is news."""
    closed = await session.scalars(
        update(TicketRow)
        .where(TicketRow.reference == read.reference, TicketRow.closed_at.is_(None))
        .values(status="closed", closed_at=read.occurred_at or now)
        .returning(TicketRow.reference)
    )
    return [f"Ticket {reference} is closed." for reference in closed]


def _tell(session: AsyncSession, row: InboxRow, change: ServiceChangeRow, now: datetime) -> str:
    """Wake a change that waits; put on its record what the event was to it. Returns the gist."""
    if change.ended_at is not None:
        status = words(ChangeStatus(change.status))
        said = f"It came after the change had ended, which stays {status}."
        gist = f"{change.id} had ended."
    elif change.status in WAITS_FOR_EVENT:
        payload = {"cause": f"{row.system} {row.type}", "reference": row.event_id}
        session.add(outbox_row("look_again", change.id, payload, now))
        said, gist = "The checks look again.", f"{change.id} looks again."
    else:
        said, gist = "Nothing waits for it.", f"{change.id} does not wait for it."
    _note(session, row, change, said, now)
    return gist


def _note(
    session: AsyncSession, row: InboxRow, change: ServiceChangeRow, said: str, now: datetime
) -> None:
    session.add(
        audit_entry(
            at=now,
            actor=row.system,
            actor_kind=row.source,
            action=row.type,
            change=change,
            reason=f"Event {row.event_id}. {said}{_HOW[EventSource(row.source)]}",
            facts={"event_id": row.event_id, "reference": row.reference},
        )
    )


UNPROCESSED_AFTER: Final = timedelta(minutes=1)
"""How long an event may be queued without anybody trying before the sweeper steps in."""


def forgotten() -> ColumnElement[bool]:
    """Events queued for long that nobody tries, by the database's clock.

    Nobody tries: never attempted, or postponed beyond every pause there is, as by a clock that
    jumped.
    """
    longest = timedelta(seconds=_PAUSE_SECONDS[1])
    return and_(
        InboxRow.state == InboxState.QUEUED,
        InboxRow.queued_at < func.now() - UNPROCESSED_AFTER,
        or_(InboxRow.attempts == 0, InboxRow.available_at > func.now() + longest),
    )


async def queue_forgotten(sessions: async_sessionmaker[AsyncSession]) -> list[str]:
    """Make what was forgotten due at once; the ids of those events. Safe to repeat."""
    async with sessions.begin() as session:
        found = await session.scalars(
            update(InboxRow)
            .where(forgotten())
            .values(available_at=func.now())
            .returning(InboxRow.event_id)
        )
        return list(found)
