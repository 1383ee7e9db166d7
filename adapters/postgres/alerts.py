"""Alerts in SQL: what fires and what is over, who is to be told, thresholds. Never commits."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from adapters.postgres.audit import audit_note
from adapters.postgres.tables_alerts import AlertNoticeRow, AlertRow, AlertThresholdRow
from domain.alert_turns import (
    Readings,
    Standing,
    Subject,
    Tellable,
    Transition,
    Turn,
    announcement,
    due,
    grouped,
    judge,
)
from domain.alerts import RULE, RULES, AlertState, RuleName, rank
from domain.announcements import Announcement
from domain.identifiers import System

TOLD_FOR: Final = timedelta(hours=24)
"""So long it is tried to tell of an alert; after that nobody is helped by a mail about it."""

_LOCK: Final = 7_309_116
"""Of the round: one at a time, whichever process comes first."""
_ACTOR: Final = "alerts"
_BATCH: Final = 50


async def alone(session: AsyncSession) -> bool:
    """Whether this transaction is the only one that judges alerts now; until it ends."""
    return bool(await session.scalar(select(func.pg_try_advisory_xact_lock(_LOCK))))


async def thresholds(session: AsyncSession) -> dict[RuleName, float]:
    """What counts now: the table's threshold, or the one an administrator has set."""
    found = {rule.name: rule.threshold for rule in RULES}
    for row in await session.scalars(select(AlertThresholdRow)):
        if row.rule in found:
            found[RuleName(row.rule)] = row.threshold
    return found


async def go_round(session: AsyncSession, readings: Readings, now: datetime) -> int:
    """Take every alert one turn further and queue what is to be told; how many messages."""
    limits = await thresholds(session)
    rows = {
        _subject(row): row
        for row in await session.scalars(
            select(AlertRow).where(AlertRow.state != AlertState.RESOLVED).with_for_update()
        )
    }
    standing = {
        subject: Standing(AlertState(row.state), row.opened_at, row.last_seen_at)
        for subject, row in rows.items()
    }
    for each in judge(readings, limits, standing, now):
        await _take(session, rows, each, limits[each.subject.rule], now)
    await session.flush()
    return _queue(session, [row for row in rows.values() if row.fired_at is not None], now)


def _subject(row: AlertRow) -> Subject:
    return Subject(RuleName(row.rule), System(row.system), row.subject)


async def _take(
    session: AsyncSession,
    rows: dict[Subject, AlertRow],
    each: Transition,
    threshold: float,
    now: datetime,
) -> None:
    row = rows.get(each.subject)
    if row is None:
        row = rows[each.subject] = await _opened(session, each, threshold, now)
        session.add(row)
    if each.turn is Turn.DROPPED:
        await session.delete(rows.pop(each.subject))
        return
    if each.turn is Turn.RESOLVED:
        row.resolved_at = now
        _move(row, AlertState.RESOLVED)
    else:
        row.value, row.threshold, row.last_seen_at = each.value or 0.0, threshold, now
    if each.turn is Turn.FIRED:
        row.fired_at = now
        _move(row, AlertState.FIRING)
    if each.turn in {Turn.FIRED, Turn.RESOLVED}:
        _record(session, row, each.turn, now)


def _move(row: AlertRow, state: AlertState) -> None:
    row.state, row.rank = state, rank(RuleName(row.rule), state)


async def _opened(
    session: AsyncSession, each: Transition, threshold: float, now: datetime
) -> AlertRow:
    """A fresh row; a silence that outlasts the alert it was given for still holds."""
    rule, system, detail = each.subject.rule, each.subject.system, each.subject.detail
    before = await session.scalar(
        select(AlertRow)
        .where(AlertRow.rule == rule, AlertRow.system == system, AlertRow.subject == detail)
        .order_by(AlertRow.opened_at.desc())
        .limit(1)
    )
    row = AlertRow(
        id=_new_id(each.subject, now),
        rule=rule,
        system=system,
        subject=detail,
        state=AlertState.PENDING,
        rank=rank(rule, AlertState.PENDING),
        value=each.value or 0.0,
        threshold=threshold,
        opened_at=now,
        last_seen_at=now,
    )
    if before is not None and before.silenced_until and before.silenced_until > now:
        row.silenced_by, row.silenced_at = before.silenced_by, before.silenced_at
        row.silenced_until, row.silence_reason = before.silenced_until, before.silence_reason
    return row


def _new_id(subject: Subject, now: datetime) -> str:
    """Its own for each time something fires; a detail may hold what no address may."""
    words = f"{subject.rule}\0{subject.system}\0{subject.detail}\0{now.isoformat()}"
    return f"alert_{sha256(words.encode()).hexdigest()[:20]}"


def _record(session: AsyncSession, row: AlertRow, turn: Turn, now: datetime) -> None:
    session.add(
        audit_note(
            at=now,
            actor=_ACTOR,
            actor_kind="schedule",
            action=f"alert_{turn}",
            correlation_id=row.id,
            facts={
                "rule": row.rule,
                "system": row.system,
                "subject": row.subject,
                "value": row.value,
                "threshold": row.threshold,
            },
        )
    )


def _queue(session: AsyncSession, rows: Sequence[AlertRow], now: datetime) -> int:
    by_id = {row.id: row for row in rows}
    groups = grouped(each for row in rows if due(each := _tellable(row), now))
    for group in groups:
        told = announcement(group, f"{int(now.timestamp() * 1000):x}")
        session.add(
            AlertNoticeRow(
                id=told.id,
                announcement={
                    "kind": told.kind,
                    "sentence": told.sentence,
                    "path": told.path,
                    "lines": list(told.lines),
                    "facts": dict(told.facts),
                },
                created_at=now,
                delivered={},
                undelivered={},
                told=False,
            )
        )
        for each in group:
            if each.state is AlertState.FIRING:
                by_id[each.id].told_at = now
    return len(groups)


def _tellable(row: AlertRow) -> Tellable:
    return Tellable(
        id=row.id,
        subject=_subject(row),
        state=AlertState(row.state),
        value=row.value,
        threshold=row.threshold,
        told=row.told_at,
        silenced_until=row.silenced_until,
        acknowledged=row.acknowledged_at is not None,
    )


async def untold(session: AsyncSession) -> Sequence[str]:
    """Messages somebody has yet to be told, the oldest first."""
    row = AlertNoticeRow
    found = select(row.id).where(~row.told).order_by(row.created_at).limit(_BATCH)
    return list(await session.scalars(found))


def announcement_of(row: AlertNoticeRow) -> Announcement:
    """The message as it was queued."""
    kept: Mapping[str, Any] = row.announcement
    return Announcement(
        id=row.id,
        kind=kept["kind"],
        sentence=kept["sentence"],
        path=kept["path"],
        lines=tuple(kept["lines"]),
        facts=kept["facts"],
    )


async def firing(session: AsyncSession) -> dict[RuleName, int]:
    """How many alerts of each rule fire and are not silenced."""
    row = AlertRow
    found = await session.execute(
        select(row.rule, func.count())
        .where(
            row.state == AlertState.FIRING,
            or_(row.silenced_until.is_(None), row.silenced_until <= func.now()),
        )
        .group_by(row.rule)
    )
    return {RuleName(name): count for name, count in found if name in RULE}
