"""The inbox as people read it, and the one thing they do to it: release an event."""

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import case, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from adapters.postgres.inbox_processing import forgotten
from adapters.postgres.reading import bad_cursor, decode_cursor, encode_cursor
from adapters.postgres.tables import AuditEntryRow
from adapters.postgres.tables_inbox import (
    EventFeedRow,
    ForgedWebhookRow,
    InboxArrivalRow,
    InboxChangeRow,
    InboxRow,
)
from domain.contracts import Page
from domain.contracts_inbox import (
    ArrivalView,
    FeedView,
    ForgedCount,
    InboxEventSummary,
    InboxEventView,
    InboxSummaryView,
    InboxSystemView,
)
from domain.identifiers import System
from domain.service_change import Role
from domain.vendor_events import (
    EVENT_TYPES,
    RELEASABLE,
    SENDERS,
    EventSource,
    InboxState,
    parse,
    release_refused,
    without_personal,
)

_SHOWN_ARRIVALS: Final = 10
_FORGED_FOR: Final = timedelta(hours=24)
_NEXT_ACTION: Final = {
    InboxState.QUARANTINED: "Find out what it means; release it once the type is known here.",
    InboxState.FAILED: "Mend what the last error names, then release it.",
}
Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class InboxFilter:
    """What a list of events is narrowed to."""

    system: System | None = None
    state: Sequence[InboxState] = ()
    type: str | None = None
    reference: str | None = None
    account_id: str | None = None
    change_id: str | None = None


async def list_events(
    session: AsyncSession, wanted: InboxFilter, *, cursor: str | None, limit: int
) -> Page[InboxEventSummary]:
    """Newest first. Raises InvalidChangeError for a cursor that is not ours."""
    row = InboxRow
    place = tuple_(row.received_at, row.system, row.event_id)
    statement = select(row).order_by(row.received_at.desc(), row.system.desc(), row.event_id.desc())
    for column, value in (
        (row.system, wanted.system),
        (row.type, wanted.type),
        (row.reference, wanted.reference),
        (row.account_id, wanted.account_id),
    ):
        if value:
            statement = statement.where(column == value)
    if wanted.state:
        statement = statement.where(row.state.in_(wanted.state))
    if wanted.change_id:
        link = InboxChangeRow
        of_change = select(link.system, link.event_id).where(link.change_id == wanted.change_id)
        statement = statement.where(tuple_(row.system, row.event_id).in_(of_change))
    if cursor:
        at, system, event_id = decode_cursor(cursor, 3)
        try:
            statement = statement.where(place < (datetime.fromisoformat(at), system, event_id))
        except ValueError as error:
            raise bad_cursor() from error
    rows = list(await session.scalars(statement.limit(limit + 1)))
    more = len(rows) > limit
    rows = rows[:limit]
    arrivals = await _arrivals(session, rows, first=_SHOWN_ARRIVALS)
    changes = await _changes(session, rows)
    last = rows[-1] if more else None
    return Page(
        items=[InboxEventSummary(**_fields(each, arrivals, changes)) for each in rows],
        next_cursor=encode_cursor(last.received_at.isoformat(), last.system, last.event_id)
        if last
        else None,
    )


async def read_inbox_event(
    session: AsyncSession, system: System, event_id: str, role: Role
) -> InboxEventView | None:
    """One event with everything about it, and what the role may do; None for an unknown one."""
    row = await session.get(InboxRow, (system, event_id))
    if row is None:
        return None
    arrivals = await _arrivals(session, [row])
    changes = await _changes(session, [row])
    refused = release_refused(role, InboxState(row.state))
    return InboxEventView(
        **_fields(row, arrivals, changes),
        headers=row.headers,
        body=without_personal(parse(row.body)),
        body_bytes=len(row.body) if row.body_bytes is None else row.body_bytes,
        body_sha256=row.body_sha256 or hashlib.sha256(row.body).hexdigest(),
        body_expired_at=row.body_expired_at,
        arrivals=[
            ArrivalView(received_at=each.received_at, headers=each.headers)
            for each in arrivals[row.system, row.event_id]
        ],
        may_release=refused is None,
        release_refused=refused,
    )


async def _arrivals(
    session: AsyncSession, rows: Sequence[InboxRow], first: int | None = None
) -> dict[Key, list[InboxArrivalRow]]:
    """Further arrivals of each event in order; only so many of each where `first` says so."""
    again = [(row.system, row.event_id) for row in rows if row.duplicates]
    found: dict[Key, list[InboxArrivalRow]] = defaultdict(list)
    arrival = InboxArrivalRow
    number = func.row_number().over(
        partition_by=(arrival.system, arrival.event_id), order_by=arrival.id
    )
    numbered = (
        select(arrival.id, number.label("number"))
        .where(tuple_(arrival.system, arrival.event_id).in_(again))
        .subquery()
    )
    statement = select(arrival).join(numbered, numbered.c.id == arrival.id).order_by(arrival.id)
    if first is not None:
        statement = statement.where(numbered.c.number <= first)
    for each in await session.scalars(statement):
        found[each.system, each.event_id].append(each)
    return found


async def _changes(session: AsyncSession, rows: Sequence[InboxRow]) -> dict[Key, list[str]]:
    keys = [(row.system, row.event_id) for row in rows]
    link = InboxChangeRow
    found: dict[Key, list[str]] = defaultdict(list)
    for each in await session.scalars(
        select(link).where(tuple_(link.system, link.event_id).in_(keys)).order_by(link.change_id)
    ):
        found[each.system, each.event_id].append(each.change_id)
    return found


def _fields(
    row: InboxRow,
    arrivals: dict[Key, list[InboxArrivalRow]],
    changes: dict[Key, list[str]],
) -> dict[str, Any]:
    key = (row.system, row.event_id)
    system, state = System(row.system), InboxState(row.state)
    meaning = EVENT_TYPES.get(system, {}).get(row.type)
    return {
        "system": system,
        "event_id": row.event_id,
        "type": row.type,
        "means": meaning.means if meaning else None,
        "state": state,
        "outcome": row.outcome,
        "source": EventSource(row.source),
        "account_id": row.account_id,
        "reference": row.reference,
        "object_version": row.object_version,
        "occurred_at": row.occurred_at,
        "received_at": row.received_at,
        "processed_at": row.processed_at,
        "duplicates": row.duplicates,
        "duplicates_at": [each.received_at for each in arrivals[key][:_SHOWN_ARRIVALS]],
        "attempts": row.attempts,
        "next_attempt_at": row.available_at if state is InboxState.QUEUED else None,
        "last_error": row.last_error,
        "change_ids": changes[key],
        "next_action": _NEXT_ACTION.get(state),
    }


@dataclass(frozen=True, slots=True)
class Release:
    """Who has which event processed again, and why."""

    system: System
    event_id: str
    actor: str
    reason: str
    correlation_id: str
    at: datetime


async def release(session: AsyncSession, wanted: Release) -> InboxState | None:
    """Queue an event that waits for a person again, with an audit entry; None if unknown.

    Answers the state it was in: only one of RELEASABLE was released. No commit.
    """
    row = await session.get(InboxRow, (wanted.system, wanted.event_id), with_for_update=True)
    if row is None:
        return None
    before = InboxState(row.state)
    if before not in RELEASABLE:
        return before
    row.state, row.attempts = InboxState.QUEUED, 0
    row.queued_at = row.available_at = func.now()
    row.processed_at = None
    session.add(
        AuditEntryRow(
            at=wanted.at,
            actor=wanted.actor,
            actor_kind="person",
            action="release_event",
            outcome="done",
            account_id=row.account_id,
            correlation_id=wanted.correlation_id,
            reason=wanted.reason,
            facts={"system": row.system, "event_id": row.event_id, "was": before},
        )
    )
    return before


async def inbox_summary(session: AsyncSession, now: datetime) -> InboxSummaryView:
    """Counts and latest times of every system that sends events."""
    row = InboxRow
    queued = row.state == InboxState.QUEUED
    counted = await session.execute(
        select(
            row.system,
            func.count().label("received"),
            func.sum(row.duplicates).label("duplicates"),
            func.max(row.received_at).label("last"),
            func.min(case((queued, row.queued_at))).label("oldest"),
            func.count(case((forgotten(), 1))).label("forgotten"),
            func.count(case((row.source == EventSource.POLL, 1))).label("repaired"),
            *(
                func.count(case((row.state == state, 1))).label(f"state_{state}")
                for state in InboxState
            ),
        ).group_by(row.system)
    )
    rows = {each.system: each._mapping for each in counted}  # noqa: SLF001 - SQLAlchemy's own name
    feeds = {each.system: each for each in await session.scalars(select(EventFeedRow))}
    forged: dict[str, list[ForgedCount]] = defaultdict(list)
    since = now - _FORGED_FOR
    for each in await session.scalars(
        select(ForgedWebhookRow)
        .where(ForgedWebhookRow.hour > since)
        .order_by(ForgedWebhookRow.hour)
    ):
        forged[each.system].append(ForgedCount(hour=each.hour, count=each.count))
    return InboxSummaryView(
        systems=[
            _system_view(system, rows.get(system, {}), feeds.get(system), forged[system])
            for system in SENDERS
        ]
    )


def _system_view(
    system: System,
    row: Mapping[str, Any],
    feed: EventFeedRow | None,
    forged: list[ForgedCount],
) -> InboxSystemView:
    return InboxSystemView(
        system=system,
        received=row.get("received", 0),
        duplicates=int(row.get("duplicates") or 0),
        by_state={state: row.get(f"state_{state}", 0) for state in InboxState},
        forged=forged,
        last_event_at=row.get("last"),
        oldest_queued_at=row.get("oldest"),
        forgotten=row.get("forgotten", 0),
        feed=FeedView(
            polled_at=feed.polled_at if feed else None,
            cursor=feed.cursor if feed else None,
            repaired=row.get("repaired", 0),
            failed_at=feed.failed_at if feed else None,
            last_error=feed.last_error if feed else None,
            retry_at=feed.retry_at if feed else None,
        ),
    )
