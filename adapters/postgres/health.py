"""How the systems of record have been answering, from the attempts on record."""

from datetime import datetime, timedelta

from sqlalchemy import case, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from adapters.postgres.tables import AttemptRow, EffectRow
from adapters.postgres.tables_operations import PauseRow, VendorGateRow
from domain.contracts_operations import IntegrationHealthView
from domain.errors import FailureCode
from domain.failure_policy import SELF_HEALING
from domain.identifiers import VENDORS
from domain.pauses import EVERYTHING
from domain.service_change import EffectStatus

_WINDOW = timedelta(hours=1)


async def integration_health(session: AsyncSession, now: datetime) -> list[IntegrationHealthView]:
    """One row per vendor, over the last hour. A refusal is an answer, not an error."""
    recent = AttemptRow.finished_at >= now - _WINDOW
    answered = AttemptRow.outcome.in_(["ok", FailureCode.REFUSED])
    latest = {
        "ok": func.max(case((answered, AttemptRow.finished_at))),
        "bad": func.max(case((~answered, AttemptRow.finished_at))),
        "throttled": func.max(
            case((AttemptRow.outcome == FailureCode.THROTTLED, AttemptRow.retry_at))
        ),
    }
    unknown = AttemptRow.outcome == FailureCode.UNRECOGNISED_PAYLOAD
    statement = (
        select(
            AttemptRow.system,
            func.count().label("calls"),
            func.count(case((~answered, 1))).label("errors"),
            func.count(case((unknown, 1))).label("unknown"),
            *(column.label(name) for name, column in latest.items()),
        )
        .where(recent)
        .group_by(AttemptRow.system)
    )
    rows = {row.system: row for row in await session.execute(statement)}
    unfinished = (
        select(EffectRow.system, func.count())
        .where(EffectRow.status.in_([EffectStatus.INTENDED, EffectStatus.UNKNOWN]))
        .group_by(EffectRow.system)
    )
    backlog = dict((await session.execute(unfinished)).all())
    found = await session.scalars(
        select(VendorGateRow).where(VendorGateRow.closed_until > func.now())
    )
    gates = {gate.system: gate for gate in found}
    pauses = {pause.scope: pause for pause in await session.scalars(select(PauseRow))}
    views = []
    for system in VENDORS:
        gate, pause = gates.get(system), pauses.get(EVERYTHING) or pauses.get(system)
        row = rows.get(system)
        failure = await _last_failure(session, system, row.bad) if row and row.bad else None
        views.append(
            IntegrationHealthView(
                system=system,
                reachable=None if row is None else _reachable(row.ok, row.bad, failure),
                last_success_at=row.ok if row else None,
                last_failure_at=row.bad if row else None,
                last_failure=failure,
                calls_last_hour=row.calls if row else 0,
                error_rate=round(row.errors / row.calls, 4) if row else None,
                rate_limited_until=_limited_until(row.throttled if row else None, gate, now),
                unknown_payloads=row.unknown if row else 0,
                backlog=backlog.get(system, 0),
                closed_until=gate.closed_until if gate else None,
                cause=FailureCode(gate.cause) if gate and gate.cause else None,
                paused_by=pause.actor if pause else None,
                paused_reason=pause.reason if pause else None,
            )
        )
    return views


def _limited_until(
    told: datetime | None, gate: VendorGateRow | None, now: datetime
) -> datetime | None:
    """Until when it is left alone by its own word: its gate's time, which nobody calls before."""
    if gate is not None and gate.cause == FailureCode.THROTTLED:
        return gate.closed_until
    return told if told is not None and told > now else None


def _reachable(ok: datetime | None, bad: datetime | None, failure: str | None) -> bool:
    if bad is None or (ok is not None and ok >= bad):
        return True
    return not any(failure and failure.startswith(code) for code in SELF_HEALING)


async def _last_failure(session: AsyncSession, system: str, at: datetime) -> str | None:
    row = await session.scalar(
        select(AttemptRow)
        .where(AttemptRow.system == system, AttemptRow.finished_at == at)
        .order_by(AttemptRow.id.desc())
        .limit(1)
    )
    return f"{row.outcome}: {row.words}" if row else None
