"""The read side of the drift inbox and of mappings. Nothing here writes."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, literal, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from adapters.postgres.desk_reading import Reader
from adapters.postgres.reading import encode_cursor, timed_place
from adapters.postgres.tables import ServiceChangeRow
from adapters.postgres.tables_desk import DeadLetterRow, ReplayItemRow, ReplayRow
from adapters.postgres.tables_drift import (
    DriftChangeRow,
    DriftEventRow,
    DriftItemRow,
    MappingRow,
)
from adapters.postgres.tables_inbox import InboxRow
from adapters.vendors.acted_on import VOCABULARIES
from domain.contracts import Page
from domain.contracts_drift import (
    DriftChangeView,
    DriftDifferenceView,
    DriftItemSummary,
    DriftItemView,
    DriftPermissionView,
    DriftReplayView,
    MappingView,
    PendingMappingView,
)
from domain.drift import NOTED, DriftAction, DriftKind, DriftState
from domain.drift_rights import DriftSituation, drift_permission, objection_to_second
from domain.drift_words import next_action, sentence
from domain.errors import FailureCode
from domain.identifiers import System, fingerprint
from domain.mappings import MAPPED_AS, MappingKind, MappingState
from domain.service_change import Role
from domain.vendor_events import InboxState

_I = DriftItemRow
_D = DeadLetterRow
_C = DriftChangeRow
_M = MappingRow
_SHOWN_REPLAYS = 10
_SHOWN_MAPPINGS = 20


@dataclass(frozen=True, slots=True)
class DriftFilter:
    """What the inbox is narrowed to."""

    state: Collection[DriftState] = ()
    system: System | None = None
    kind: Collection[DriftKind] = ()
    parks: bool | None = None


async def list_drift(
    session: AsyncSession, wanted: DriftFilter, now: datetime, *, cursor: str | None, limit: int
) -> Page[DriftItemSummary]:
    """The newest first. Raises InvalidChangeError for a cursor that is not ours."""
    statement = select(_I).order_by(_I.first_seen_at.desc(), _I.id.desc()).limit(limit + 1)
    statement = _narrowed(statement, wanted)
    if cursor:
        statement = statement.where(tuple_(_I.first_seen_at, _I.id) < timed_place(cursor))
    rows: list[DriftItemRow] = list(await session.scalars(statement))
    more = len(rows) > limit
    rows = rows[:limit]
    counts = await _counts(session, rows, now)
    return Page(
        items=[DriftItemSummary(**_summary(row, counts)) for row in rows],
        next_cursor=encode_cursor(rows[-1].first_seen_at.isoformat(), rows[-1].id)
        if more
        else None,
    )


def _narrowed(statement: Select[DriftItemRow], wanted: DriftFilter) -> Select[DriftItemRow]:
    if wanted.state:
        statement = statement.where(_I.state.in_(wanted.state))
    if wanted.system is not None:
        statement = statement.where(_I.system == wanted.system)
    if wanted.kind:
        statement = statement.where(_I.kind.in_(wanted.kind))
    if wanted.parks is not None:
        noted = _I.kind.in_(NOTED)
        statement = statement.where(~noted if wanted.parks else noted)
    return statement


@dataclass(frozen=True, slots=True)
class _Counts:
    parked: dict[str, int]
    held: dict[str, int]
    pending: dict[str, str]


async def _counts(session: AsyncSession, rows: Sequence[DriftItemRow], now: datetime) -> _Counts:
    """Three statements for all of them, however many they are."""
    ids = [row.id for row in rows]
    parked = await session.execute(
        select(_C.item_id, func.count())
        .join(_D, _D.change_id == _C.change_id)
        .where(
            _C.item_id.in_(ids),
            _D.closed_at.is_(None),
            _D.code == FailureCode.UNRECOGNISED_PAYLOAD,
        )
        .group_by(_C.item_id)
    )
    event, link = InboxRow, DriftEventRow
    held = await session.execute(
        select(link.item_id, func.count())
        .join(event, (event.system == link.system) & (event.event_id == link.event_id))
        .where(link.item_id.in_(ids), event.state == InboxState.QUARANTINED)
        .group_by(link.item_id)
    )
    pending = await session.execute(
        select(_M.item_id, _M.id).where(
            _M.item_id.in_(ids), _M.state == MappingState.PROPOSED, _M.expires_at > now
        )
    )
    return _Counts(dict(parked.all()), dict(held.all()), dict(pending.all()))


def _summary(row: DriftItemRow, counts: _Counts) -> dict[str, Any]:
    kind, state = DriftKind(row.kind), DriftState(row.state)
    came = shown(row.raw)
    pending = row.id in counts.pending
    return {
        "id": row.id,
        "kind": kind,
        "system": System(row.system),
        "operation": row.operation,
        "path": row.path,
        "subject": row.subject,
        "came": came,
        "expected": row.expected,
        "sentence": sentence(kind, System(row.system), row.path, came, row.expected),
        "parks": kind not in NOTED,
        "state": state,
        "count": row.count,
        "first_seen_at": row.first_seen_at,
        "last_seen_at": row.last_seen_at,
        "parked": counts.parked.get(row.id, 0),
        "held": counts.held.get(row.id, 0),
        "pending": pending,
        "next_action": next_action(kind, state, pending=pending, mappable=bool(choices_of(row))),
    }


def shown(raw: str) -> str:
    """What came as people read it: a text without its quotes, anything else as it is."""
    try:
        value = json.loads(raw)
    except ValueError:
        return raw
    return value if isinstance(value, str) else raw


def mapping_kind_of(row: DriftItemRow) -> MappingKind | None:
    """As what it can be mapped, if at all."""
    return MAPPED_AS.get(DriftKind(row.kind))


def choices_of(row: DriftItemRow) -> list[str]:
    """Everything it can be mapped to: the known words, or the new names that may be the field."""
    kind = mapping_kind_of(row)
    if kind is MappingKind.VALUE:
        return sorted(VOCABULARIES[System(row.system)].get(row.subject, ()))
    return list(row.candidates) if kind is MappingKind.FIELD else []


async def drift_item(
    session: AsyncSession, row: DriftItemRow, now: datetime, reader: Reader
) -> DriftItemView:
    """One drift with what a person decides by."""
    counts = await _counts(session, [row], now)
    mappings = list(
        await session.scalars(
            select(_M)
            .where(_M.item_id == row.id)
            .order_by(_M.proposed_at.desc())
            .limit(_SHOWN_MAPPINGS)
        )
    )
    proposal = next((each for each in mappings if each.id == counts.pending.get(row.id)), None)
    choices = choices_of(row)
    situation = DriftSituation(
        DriftKind(row.kind), DriftState(row.state), bool(choices), proposal is not None
    )
    may = [drift_permission(each, role=reader.role, now=situation) for each in DriftAction]
    return DriftItemView(
        **_summary(row, counts),
        sample=row.sample,
        diff=[DriftDifferenceView.model_validate(each) for each in row.diff],
        mapping_kind=mapping_kind_of(row),
        choices=choices,
        proposal=_pending(proposal, row, reader) if proposal else None,
        mappings=[mapping_view(each) for each in mappings],
        replays=await _replays(session, row.id),
        may_act=[
            DriftPermissionView(action=each.action, allowed=each.allowed, reason=each.reason)
            for each in may
        ],
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        reason=row.reason,
    )


def _mapping_fields(row: MappingRow) -> dict[str, Any]:
    names = MappingView.model_fields.keys() - {"raw"}
    return {name: getattr(row, name) for name in names} | {"raw": shown(row.raw)}


def mapping_view(row: MappingRow) -> MappingView:
    """A mapping as the API answers it."""
    return MappingView(**_mapping_fields(row))


def _pending(row: MappingRow, item: DriftItemRow, reader: Reader) -> PendingMappingView:
    refusal = objection_to_second(
        role=reader.role,
        principal=reader.name,
        proposed_by=row.proposed_by,
        proposer=Role(row.proposed_role),
    )
    return PendingMappingView(
        **_mapping_fields(row), sha256=seen_sha256(row, item), refusal=refusal
    )


def seen_sha256(row: MappingRow, item: DriftItemRow) -> str:
    """The hash of a proposed mapping and of the drift it is about."""
    return fingerprint(
        {
            "mapping": [row.id, row.kind, row.system, row.subject, row.raw, row.known],
            "by": [row.proposed_by, row.reason],
            "drift": [item.id, item.kind, item.raw, item.state],
        }
    )


async def _replays(session: AsyncSession, item_id: str) -> list[DriftReplayView]:
    count = (
        select(func.count())
        .where(ReplayItemRow.replay_id == ReplayRow.id)
        .correlate(ReplayRow)
        .scalar_subquery()
    )
    rows = await session.execute(
        select(ReplayRow, count)
        .where(ReplayRow.drift == item_id)
        .order_by(ReplayRow.created_at.desc())
        .limit(_SHOWN_REPLAYS)
    )
    return [
        DriftReplayView(
            id=row.id,
            state=row.state,
            sentence=row.sentence,
            items=items,
            created_at=row.created_at,
            finished_at=row.finished_at,
        )
        for row, items in rows
    ]


async def drift_changes(
    session: AsyncSession, item_id: str, *, cursor: str | None, limit: int
) -> Page[DriftChangeView]:
    """Changes that met a drift, the latest first."""
    letter = _D
    statement = (
        select(_C, ServiceChangeRow.account_id, letter.step, letter.opened_at)
        .join(ServiceChangeRow, ServiceChangeRow.id == _C.change_id)
        .outerjoin(
            letter,
            (letter.change_id == _C.change_id)
            & letter.closed_at.is_(None)
            & (letter.code == literal(str(FailureCode.UNRECOGNISED_PAYLOAD))),
        )
        .where(_C.item_id == item_id)
        .order_by(_C.seen_at.desc(), _C.change_id.desc())
        .limit(limit + 1)
    )
    if cursor:
        statement = statement.where(tuple_(_C.seen_at, _C.change_id) < timed_place(cursor))
    rows = list(await session.execute(statement))
    more = len(rows) > limit
    rows = rows[:limit]
    last = rows[-1][0] if more else None
    return Page(
        items=[
            DriftChangeView(
                change_id=link.change_id,
                account_id=account_id,
                seen_at=link.seen_at,
                parked=step is not None,
                step=step,
                opened_at=opened_at,
            )
            for link, account_id, step, opened_at in rows
        ],
        next_cursor=encode_cursor(last.seen_at.isoformat(), last.change_id) if last else None,
    )


async def list_mappings(
    session: AsyncSession,
    *,
    state: Collection[MappingState],
    system: System | None,
    cursor: str | None,
    limit: int,
) -> Page[MappingView]:
    """Mappings, the newest first."""
    statement = select(_M).order_by(_M.proposed_at.desc(), _M.id.desc()).limit(limit + 1)
    if state:
        statement = statement.where(_M.state.in_(state))
    if system is not None:
        statement = statement.where(_M.system == system)
    if cursor:
        statement = statement.where(tuple_(_M.proposed_at, _M.id) < timed_place(cursor))
    rows: list[MappingRow] = list(await session.scalars(statement))
    more = len(rows) > limit
    rows = rows[:limit]
    return Page(
        items=[mapping_view(row) for row in rows],
        next_cursor=encode_cursor(rows[-1].proposed_at.isoformat(), rows[-1].id) if more else None,
    )
