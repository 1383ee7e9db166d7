"""What people say of a drift: mapped by two, accepted, dismissed; and the release that follows."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from adapters.postgres.audit import audit_note
from adapters.postgres.desk_reading import DeadLetterFilter
from adapters.postgres.drift import ACCEPTED
from adapters.postgres.drift_reading import mapping_kind_of, shown
from adapters.postgres.replays import (
    NewReplay,
    create_replay,
    one_at_a_time,
    select_dead_letters,
)
from adapters.postgres.tables_desk import ReplayRow
from adapters.postgres.tables_drift import DriftEventRow, DriftItemRow, MappingRow, ShapeRow
from adapters.postgres.tables_inbox import InboxRow
from domain.drift import DriftAction, DriftState
from domain.mappings import EVERYWHERE_AFTER, PROPOSAL_LIFE, MappingKind, MappingState
from domain.service_change import Role
from domain.vendor_events import InboxState

_M = MappingRow
BECOMES: Final = {
    DriftAction.ACCEPT: DriftState.ACCEPTED,
    DriftAction.DISMISS: DriftState.DISMISSED,
}


@dataclass(frozen=True, slots=True)
class By:
    """Who says something, why, and under which correlation id."""

    actor: str
    role: Role
    reason: str
    correlation_id: str
    at: datetime


async def propose_mapping(
    session: AsyncSession, item: DriftItemRow, mapping_id: str, known: str, by: By
) -> MappingRow:
    """Put a mapping of a locked drift on record; nothing is read through it yet."""
    await lapse_expired(session, item.id, by.at)
    kind = mapping_kind_of(item)
    value = kind is MappingKind.VALUE
    # A field is mapped from the name it comes under; what is chosen is that name.
    raw, means = (item.raw, known) if value else (known, item.subject)
    same = (_M.system == item.system, _M.kind == kind, _M.subject == item.subject, _M.raw == raw)
    latest = await session.scalar(select(func.max(_M.version)).where(*same))
    row = MappingRow(
        id=mapping_id,
        item_id=item.id,
        system=item.system,
        kind=kind,
        subject=item.subject,
        raw=raw,
        known=means,
        version=(latest or 0) + 1,
        state=MappingState.PROPOSED,
        proposed_by=by.actor,
        proposed_role=by.role,
        reason=by.reason,
        proposed_at=by.at,
        expires_at=by.at + PROPOSAL_LIFE,
    )
    session.add(row)
    session.add(_entry(by, "propose_mapping", item, row))
    await session.flush()
    return row


async def lapse_expired(session: AsyncSession, item_id: str, now: datetime) -> None:
    """Proposals nobody answered in time make room."""
    await session.execute(
        update(_M)
        .where(_M.item_id == item_id, _M.state == MappingState.PROPOSED, _M.expires_at <= now)
        .values(state=MappingState.LAPSED)
    )


async def has_proposal(session: AsyncSession, item_id: str) -> bool:
    """Whether a mapping of the drift waits for a second person; lapsed ones do not."""
    found = await session.scalar(
        select(_M.id).where(_M.item_id == item_id, _M.state == MappingState.PROPOSED)
    )
    return found is not None


async def decline_mapping(
    session: AsyncSession, item: DriftItemRow, row: MappingRow, by: By, seen_sha256: str
) -> None:
    """A second person says no."""
    _answered(row, by, seen_sha256)
    row.state = MappingState.DECLINED
    session.add(_entry(by, "decline_mapping", item, row))


async def confirm_mapping(
    session: AsyncSession,
    item: DriftItemRow,
    row: MappingRow,
    by: By,
    *,
    seen_sha256: str,
    replay_id: str,
) -> ReplayRow | None:
    """A second person says yes: from now on payloads are read through it.

    What stands still for it is retried by a replay, and events it held are read again, once every
    process has the mapping. None where nothing stands still.
    """
    await session.execute(
        update(_M)
        .where(
            _M.system == row.system,
            _M.kind == row.kind,
            _M.subject == row.subject,
            _M.raw == row.raw,
            _M.state == MappingState.ACTIVE,
        )
        .values(
            state=MappingState.RETIRED,
            retired_by=by.actor,
            retired_at=by.at,
            retire_reason=f"Replaced by version {row.version}.",
        )
    )
    _answered(row, by, seen_sha256)
    row.state = MappingState.ACTIVE
    _decided(item, DriftState.MAPPED, by)
    session.add(_entry(by, "confirm_mapping", item, row))
    await session.flush()
    await _release_events(session, item.id)
    return await release_changes(session, item, by, replay_id, delay=EVERYWHERE_AFTER)


async def release_changes(
    session: AsyncSession, item: DriftItemRow, by: By, replay_id: str, *, delay: float = 0.0
) -> ReplayRow | None:
    """Retry what stands still for a drift and was not retried for it before; None if nothing is."""
    await one_at_a_time(session)
    new = NewReplay(
        id=replay_id,
        wanted=DeadLetterFilter(drift=item.id),
        selection={"filter": {"drift": item.id}},
        dry_run=False,
        actor=by.actor,
        role=by.role,
        reason=by.reason,
        correlation_id=by.correlation_id,
        at=by.at,
        delay=delay,
    )
    selected = await select_dead_letters(session, new)
    return await create_replay(session, new, selected) if selected else None


async def _release_events(session: AsyncSession, item_id: str) -> None:
    link, event = DriftEventRow, InboxRow
    held = select(link.system, link.event_id).where(link.item_id == item_id)
    await session.execute(
        update(event)
        .where(
            tuple_(event.system, event.event_id).in_(held), event.state == InboxState.QUARANTINED
        )
        .values(
            state=InboxState.QUEUED,
            attempts=0,
            processed_at=None,
            queued_at=func.now(),
            available_at=func.now() + timedelta(seconds=EVERYWHERE_AFTER),
        )
    )


async def put_away(session: AsyncSession, item: DriftItemRow, action: DriftAction, by: By) -> None:
    """Accept a locked drift, so that its shape counts as known, or dismiss it."""
    _decided(item, BECOMES[action], by)
    if action is DriftAction.ACCEPT:
        await session.execute(
            update(ShapeRow)
            .where(
                ShapeRow.system == item.system,
                ShapeRow.operation == item.operation,
                ShapeRow.fingerprint == item.shape,
            )
            .values(state=ACCEPTED)
        )
    session.add(_entry(by, f"{action}_drift", item))


async def retire_mapping(
    session: AsyncSession, item: DriftItemRow, row: MappingRow, by: By
) -> None:
    """Read through an active mapping no longer; what comes unmapped parks again."""
    row.state = MappingState.RETIRED
    row.retired_by, row.retire_reason, row.retired_at = by.actor, by.reason, by.at
    item.state = DriftState.OPEN
    session.add(_entry(by, "retire_mapping", item, row))


def _answered(row: MappingRow, by: By, seen_sha256: str) -> None:
    row.confirmed_by, row.confirmed_role = by.actor, by.role
    row.confirm_reason, row.confirmed_at, row.seen_sha256 = by.reason, by.at, seen_sha256


def _decided(item: DriftItemRow, state: DriftState, by: By) -> None:
    item.state, item.decided_by, item.decided_at = state, by.actor, by.at
    item.reason = by.reason


def _entry(by: By, action: str, item: DriftItemRow, row: MappingRow | None = None) -> object:
    facts = {"drift": item.id, "system": item.system, "kind": item.kind}
    if row is not None:
        facts |= {
            "mapping": row.id,
            "subject": row.subject,
            "came": shown(row.raw),
            "known": row.known,
        }
    return audit_note(
        at=by.at,
        actor=by.actor,
        actor_kind="person",
        action=action,
        correlation_id=by.correlation_id,
        reason=by.reason,
        facts=facts,
    )
