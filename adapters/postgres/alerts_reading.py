"""The read side of alerts, and what people say of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, func, or_, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from adapters.postgres.audit import audit_note
from adapters.postgres.reading import bad_cursor, decode_cursor, encode_cursor
from adapters.postgres.tables_alerts import AlertRow, AlertThresholdRow
from domain.alerts import (
    HANDLES_ALERTS,
    LAST_RANK,
    RULE,
    RULES,
    SETS_THRESHOLDS,
    AlertAction,
    AlertRule,
    AlertState,
    RuleName,
    Severity,
    limit,
    spoken,
)
from domain.contracts import Page
from domain.contracts_alerts import (
    AlertActionView,
    AlertRuleView,
    AlertSummaryView,
    AlertView,
    SaidView,
    ThresholdView,
)
from domain.identifiers import System
from domain.service_change import Role

_A = AlertRow


@dataclass(frozen=True, slots=True)
class AlertFilter:
    """What a list of alerts is narrowed to; what is None narrows nothing."""

    state: AlertState | None = None
    rule: RuleName | None = None
    system: System | None = None
    severity: Severity | None = None


async def list_alerts(
    session: AsyncSession,
    wanted: AlertFilter,
    *,
    role: Role,
    now: datetime,
    cursor: str | None,
    limit: int,
) -> Page[AlertView]:
    """A stretch of what fires or fired: firing first, by severity, the newest first."""
    statement = select(_A).where(_A.fired_at.is_not(None))
    if wanted.state is AlertState.FIRING:
        statement = statement.where(_A.rank < LAST_RANK)
    elif wanted.state is AlertState.RESOLVED:
        statement = statement.where(_A.rank == LAST_RANK)
    if wanted.rule:
        statement = statement.where(_A.rule == wanted.rule)
    if wanted.system:
        statement = statement.where(_A.system == wanted.system)
    if wanted.severity:
        names = [rule.name for rule in RULES if rule.severity is wanted.severity]
        statement = statement.where(_A.rule.in_(names))
    if cursor:
        place, at, last = _place(cursor)
        statement = statement.where(
            or_(
                _A.rank > place,
                (_A.rank == place) & (tuple_(_A.opened_at, _A.id) < (at, last)),
            )
        )
    ordered = statement.order_by(_A.rank, _A.opened_at.desc(), _A.id.desc()).limit(limit + 1)
    rows = list(await session.scalars(ordered))
    more = len(rows) > limit
    rows = rows[:limit]
    return Page(
        items=[alert_view(row, role, now) for row in rows if row.rule in RULE],
        next_cursor=_cursor(rows[-1]) if more else None,
    )


def _cursor(row: AlertRow) -> str:
    return encode_cursor(str(row.rank), row.opened_at.isoformat(), row.id)


def _place(cursor: str) -> tuple[int, datetime, str]:
    place, at, last = decode_cursor(cursor, 3)
    try:
        return int(place), datetime.fromisoformat(at), last
    except ValueError as error:
        raise bad_cursor() from error


def alert_view(row: AlertRow, role: Role, now: datetime) -> AlertView:
    """One alert as one role sees it."""
    rule, system = RULE[RuleName(row.rule)], System(row.system)
    return AlertView(
        id=row.id,
        rule=rule.name,
        title=rule.title,
        system=system,
        subject=row.subject,
        state=AlertState(row.state),
        severity=rule.severity,
        value=row.value,
        threshold=row.threshold,
        unit=rule.unit,
        below=rule.below,
        sentence=f"{spoken(row.value, rule.unit)}, told of at {limit(rule, row.threshold)}.",
        owner=rule.owner_for(system),
        runbook=rule.runbook,
        opened_at=row.opened_at,
        fired_at=row.fired_at or row.opened_at,
        last_seen_at=row.last_seen_at,
        resolved_at=row.resolved_at,
        told_at=row.told_at,
        silence=_silence(row, now),
        acknowledgement=_acknowledgement(row),
        may_act=[_may(each, row, role, now) for each in AlertAction],
    )


def _silence(row: AlertRow, now: datetime) -> SaidView | None:
    if row.silenced_until is None or row.silenced_until <= now:
        return None
    return SaidView(
        by=row.silenced_by or "",
        at=row.silenced_at or row.opened_at,
        reason=row.silence_reason or "",
        until=row.silenced_until,
    )


def _acknowledgement(row: AlertRow) -> SaidView | None:
    if row.acknowledged_at is None:
        return None
    return SaidView(
        by=row.acknowledged_by or "", at=row.acknowledged_at, reason=row.acknowledge_reason or ""
    )


def _may(action: AlertAction, row: AlertRow, role: Role, now: datetime) -> AlertActionView:
    why = refusal(action, row, role, now)
    return AlertActionView(action=action, allowed=why is None, reason=why)


def refusal(action: AlertAction, row: AlertRow, role: Role, now: datetime) -> str | None:
    """Why this role may not do it now; None: it may. Rights are judged before state."""
    if role not in HANDLES_ALERTS:
        return f"This needs one of the roles: {', '.join(sorted(HANDLES_ALERTS))}."
    silenced = row.silenced_until is not None and row.silenced_until > now
    resolved = row.state == AlertState.RESOLVED
    reasons: Mapping[AlertAction, tuple[tuple[bool, str], ...]] = {
        AlertAction.ACKNOWLEDGE: (
            (resolved, "It is resolved: there is nothing to take."),
            (row.acknowledged_at is not None, f"{row.acknowledged_by} has taken it already."),
        ),
        AlertAction.SILENCE: ((resolved, "It is resolved: there is nothing to silence."),),
        AlertAction.UNSILENCE: ((not silenced, "It is not silenced."),),
    }
    return next((why for applies, why in reasons[action] if applies), None)


async def alert_row(
    session: AsyncSession, alert_id: str, *, locked: bool = False
) -> AlertRow | None:
    """One that fires or fired, by its id; None if there is none."""
    row = await session.get(AlertRow, alert_id, with_for_update=locked or None)
    return None if row is None or row.fired_at is None or row.rule not in RULE else row


async def summary(session: AsyncSession, now: datetime) -> AlertSummaryView:
    """How much fires that is not silenced."""
    fires = _A.state == AlertState.FIRING
    loud = or_(_A.silenced_until.is_(None), _A.silenced_until <= now)
    critical = func.count(case((_A.rank == 0, 1)))
    found = (
        await session.execute(
            select(func.count(), critical).where(_A.rank < LAST_RANK, fires, loud)
        )
    ).one()
    return AlertSummaryView(firing=found[0], critical=found[1])


async def list_rules(session: AsyncSession, role: Role) -> list[AlertRuleView]:
    """Every rule with the threshold that counts now."""
    set_ = {row.rule: row for row in await session.scalars(select(AlertThresholdRow))}
    return [_rule_view(rule, set_.get(rule.name), role) for rule in RULES]


def _rule_view(rule: AlertRule, row: AlertThresholdRow | None, role: Role) -> AlertRuleView:
    override = row and ThresholdView(
        threshold=row.threshold, reason=row.reason, set_by=row.set_by, set_at=row.set_at
    )
    return AlertRuleView(
        name=rule.name,
        title=rule.title,
        measures=rule.measures,
        metric=rule.metric,
        unit=rule.unit,
        threshold=override.threshold if override else rule.threshold,
        default_threshold=rule.threshold,
        below=rule.below,
        holds_seconds=rule.holds.total_seconds(),
        severity=rule.severity,
        owner=rule.owner,
        runbook=rule.runbook,
        held_back=rule.held_back,
        override=override,
        may_change=role is SETS_THRESHOLDS,
    )


async def set_threshold(
    session: AsyncSession,
    name: RuleName,
    threshold: float,
    *,
    actor: str,
    reason: str,
    correlation_id: str,
    at: datetime,
) -> AlertRuleView:
    """Put a threshold in place of the one that counted; the same again is harmless."""
    row = await session.get(AlertThresholdRow, name, with_for_update=True)
    before = row.threshold if row else RULE[name].threshold
    if row is None or row.threshold != threshold:
        values = {"threshold": threshold, "reason": reason, "set_by": actor, "set_at": at}
        await session.execute(
            insert(AlertThresholdRow)
            .values(rule=name, **values)
            .on_conflict_do_update(index_elements=["rule"], set_=values)
        )
        session.add(
            audit_note(
                at=at,
                actor=actor,
                actor_kind="person",
                action="set_alert_threshold",
                correlation_id=correlation_id,
                reason=reason,
                facts={"rule": str(name), "before": before, "after": threshold},
            )
        )
        row = await session.get(AlertThresholdRow, name, populate_existing=True)
    return _rule_view(RULE[name], row, SETS_THRESHOLDS)


def say(
    row: AlertRow,
    action: AlertAction,
    *,
    actor: str,
    reason: str,
    until: datetime | None,
    at: datetime,
) -> None:
    """Put what a person says of an alert on its row."""
    if action is AlertAction.ACKNOWLEDGE:
        row.acknowledged_by, row.acknowledged_at, row.acknowledge_reason = actor, at, reason
    elif action is AlertAction.SILENCE:
        row.silenced_by, row.silenced_at = actor, at
        row.silenced_until, row.silence_reason = until, reason
    else:
        row.silenced_until = at


def record_said(
    session: AsyncSession,
    row: AlertRow,
    action: AlertAction,
    *,
    actor: str,
    reason: str,
    correlation_id: str,
    at: datetime,
    until: datetime | None = None,
    refused: str | None = None,
) -> None:
    """The audit entry of it, or of the attempt."""
    session.add(
        audit_note(
            at=at,
            actor=actor,
            actor_kind="person",
            action=f"{action}_alert",
            correlation_id=correlation_id,
            outcome="refused" if refused else "done",
            reason=refused or reason,
            facts={
                "alert": row.id,
                "rule": row.rule,
                "system": row.system,
                "subject": row.subject,
                "until": until.isoformat() if until else None,
            },
        )
    )
