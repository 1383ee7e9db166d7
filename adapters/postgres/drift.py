"""Shapes and drift as they are put on record, in whatever transaction it is given."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import case, func, literal, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from adapters.postgres.audit import audit_note
from adapters.postgres.tables_drift import (
    DriftChangeRow,
    DriftEventRow,
    DriftItemRow,
    MappingRow,
    ShapeRow,
)
from domain.drift import NOTED, DriftState, Finding, Sighting, drift_id
from domain.drift_words import on_record
from domain.identifiers import System
from domain.mappings import EVERYWHERE_AFTER, MappingKind, Mappings, MappingState
from domain.shapes import differences, shape_fingerprint

ACCEPTED: Final = "accepted"
NEW: Final = "new"
"""States of a shape."""

_SHOWN_DIFFERENCES: Final = 50
_BY: Final = "drift watch"


async def accepted_shapes(session: AsyncSession) -> dict[System, dict[str, frozenset[str]]]:
    """Paths and types of every accepted shape together, by system and operation."""
    statement = select(ShapeRow.system, ShapeRow.operation, ShapeRow.paths).where(
        ShapeRow.state == ACCEPTED
    )
    found: dict[System, dict[str, frozenset[str]]] = {}
    for of, its, paths in await session.execute(statement):
        mine = found.setdefault(System(of), {})
        mine[its] = mine.get(its, frozenset()) | frozenset(paths)
    return found


async def active_mappings(session: AsyncSession) -> dict[System, Mappings]:
    """What every system's payloads are read through now."""
    values: dict[str, dict[tuple[str, str], str]] = {}
    fields: dict[str, dict[str, tuple[str, ...]]] = {}
    for row in await session.scalars(
        select(MappingRow).where(MappingRow.state == MappingState.ACTIVE)
    ):
        if row.kind == MappingKind.VALUE:
            values.setdefault(row.system, {})[row.subject, row.raw] = row.known
        else:
            mine = fields.setdefault(row.system, {})
            mine[row.subject] = (*mine.get(row.subject, ()), row.raw)
    return {
        system: Mappings(values.get(system, {}), fields.get(system, {}))
        for system in System
        if system in values or system in fields
    }


async def count_shapes(
    session: AsyncSession, counts: Mapping[tuple[System, str, str], int], now: datetime
) -> None:
    """Add to the counts of shapes that are on record."""
    for (system, operation, fingerprint), count in sorted(counts.items()):
        row = await session.get(ShapeRow, (system, operation, fingerprint), with_for_update=True)
        if row is not None:
            row.count += count
            row.last_seen_at = max(row.last_seen_at, now)


async def keep_shape(session: AsyncSession, sighting: Sighting, count: int, now: datetime) -> None:
    """Put a shape on record; it counts as accepted unless there is something to say of it.

    A payload with nothing to say of it has its shape accepted however it was seen first: an unknown
    word comes in the usual shape.
    """
    if not sighting.shape:
        return
    seen = {"count": ShapeRow.count + count, "last_seen_at": now}
    await session.execute(
        insert(ShapeRow)
        .values(
            system=sighting.system,
            operation=sighting.operation,
            fingerprint=shape_fingerprint(sighting.shape),
            paths=list(sighting.shape),
            state=NEW if sighting.findings else ACCEPTED,
            count=count,
            first_seen_at=now,
            last_seen_at=now,
        )
        .on_conflict_do_update(
            index_elements=["system", "operation", "fingerprint"],
            set_=seen if sighting.findings else seen | {"state": ACCEPTED},
        )
    )


async def keep_findings(
    session: AsyncSession, sighting: Sighting, count: int, now: datetime
) -> list[str]:
    """Put what a payload differs in on record, once per cause; the ids. Safe to repeat.

    The first sighting of a cause is told of in the audit trail. What parks is open again when it
    is seen although a person has said what it is, unless it may be on its way to everybody still.
    """
    ids = [drift_id(sighting.system, finding) for finding in sighting.findings]
    states = select(DriftItemRow.id, DriftItemRow.state).where(DriftItemRow.id.in_(ids))
    known: dict[str, str] = dict((await session.execute(states)).all())
    diff = await _diff(session, sighting) if set(ids) - known.keys() else []
    for id_, finding in sorted(zip(ids, sighting.findings, strict=True), key=lambda each: each[0]):
        if not count and known.get(id_) == DriftState.OPEN:
            continue  # nothing to say of it, and its row is everybody's
        row = DriftItemRow
        first = _of_sighting(sighting) | _of_finding(finding) | {"id": id_, "diff": diff}
        seen = {"count": count, "first_seen_at": now, "last_seen_at": now}
        if id_ not in known and await session.scalar(
            insert(row).values(first | seen).on_conflict_do_nothing().returning(row.id)
        ):
            session.add(_note(id_, sighting, finding, now))
            continue
        again = (
            (row.state != DriftState.OPEN)
            & row.kind.not_in(NOTED)
            & (row.decided_at < now - timedelta(seconds=EVERYWHERE_AFTER))
        )
        await session.execute(
            update(row)
            .where(row.id == id_)
            .values(
                count=row.count + count,
                last_seen_at=func.greatest(row.last_seen_at, now),
                state=case((again, DriftState.OPEN), else_=row.state),
                kind=case((again, finding.kind), else_=row.kind),
                raw=case((again, finding.raw), else_=row.raw),
                candidates=case(
                    (again, literal(list(finding.candidates), row.candidates.type)),
                    else_=row.candidates,
                ),
            )
        )
    return ids


def _of_sighting(sighting: Sighting) -> dict[str, Any]:
    return {
        "system": sighting.system,
        "operation": sighting.operation,
        "sample": sighting.sample,
        "shape": shape_fingerprint(sighting.shape),
        "state": DriftState.OPEN,
        "reason": "",
    }


def _of_finding(finding: Finding) -> dict[str, Any]:
    return {
        "kind": finding.kind,
        "path": finding.path,
        "subject": finding.subject,
        "raw": finding.raw,
        "expected": finding.expected,
        "candidates": list(finding.candidates),
    }


async def _diff(session: AsyncSession, sighting: Sighting) -> list[dict[str, Any]]:
    """Against the accepted shape that is most like it; nothing where none was.

    Not against all of them together: what some payloads leave out would be told as missing.
    """
    accepted = await session.scalars(
        select(ShapeRow.paths).where(
            ShapeRow.state == ACCEPTED,
            ShapeRow.system == sighting.system,
            ShapeRow.operation == sighting.operation,
        )
    )
    if not sighting.shape:
        return []
    diffs = (differences(before, sighting.shape) for before in accepted)
    return [asdict(each) for each in min(diffs, key=len, default=())[:_SHOWN_DIFFERENCES]]


def _note(id_: str, sighting: Sighting, finding: Finding, now: datetime) -> object:
    return audit_note(
        at=now,
        actor=_BY,
        actor_kind="schedule",
        action="drift_found",
        correlation_id=id_,
        reason=on_record(sighting.system, sighting.operation, finding.kind, finding.path),
        facts={"drift": id_, "kind": finding.kind, "system": sighting.system},
    )


async def link_change(
    session: AsyncSession, sighting: Sighting, change_id: str, now: datetime
) -> None:
    """Put on record that a change met what the payload differs in. The watch does the counting."""
    ids = await keep_findings(session, sighting, 0, now)
    links = [{"item_id": id_, "change_id": change_id, "seen_at": now} for id_ in ids]
    await session.execute(
        insert(DriftChangeRow)
        .values(links)
        .on_conflict_do_update(index_elements=["item_id", "change_id"], set_={"seen_at": now})
    )


async def link_event(session: AsyncSession, ids: Iterable[str], key: tuple[str, str]) -> None:
    """Put on record that an event, by system and id, shows these."""
    system, event_id = key
    links = [{"item_id": id_, "system": system, "event_id": event_id} for id_ in ids]
    await session.execute(insert(DriftEventRow).values(links).on_conflict_do_nothing())
