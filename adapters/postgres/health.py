"""How the systems of record have been answering, from the attempts on record."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    DateTime,
    Interval,
    Text,
    and_,
    case,
    column,
    func,
    literal,
    or_,
    select,
    true,
    values,
)
from sqlalchemy.ext.asyncio import AsyncSession

from adapters.postgres.tables import AttemptRow, EffectRow
from adapters.postgres.tables_credentials import VendorSecretRow
from adapters.postgres.tables_inbox import InboxRow
from adapters.postgres.tables_operations import PauseRow, VendorGateRow
from domain.contracts_operations import IntegrationHealthView
from domain.credentials import AHEAD_OF_EXPIRY, SecretState
from domain.errors import FailureCode
from domain.failure_policy import SELF_HEALING
from domain.health import VendorFacts, judge_vendor
from domain.identifiers import VENDORS, System
from domain.pauses import EVERYTHING
from domain.vendor_events import SENDERS

_A = AttemptRow
_WINDOW: Final = timedelta(hours=1)
_DAYS_BEFORE: Final = 7
_LONGEST_SILENCE: Final = timedelta(hours=24)
"""A longer silence is compared with whole days."""

_NOT_LET_IN: Final = (FailureCode.CREDENTIAL, FailureCode.CREDENTIAL_FAULT)

ANSWERED: Final = _A.outcome.in_(["ok", FailureCode.REFUSED])
"""A refusal is an answer, not an error."""


async def integration_health(session: AsyncSession, now: datetime) -> list[IntegrationHealthView]:
    """One row per vendor, over the last hour."""
    rows = await _last_hour(session, now)
    backlog = await _open_effects(session)
    events = await usual_events(session, now)
    secrets = await _secrets(session)
    found = await session.scalars(
        select(VendorGateRow).where(
            or_(VendorGateRow.closed_until > func.now(), VendorGateRow.opened_at.is_not(None))
        )
    )
    gates = {gate.system: gate for gate in found}
    wide = (EVERYTHING, *map(str, VENDORS))
    pauses = {
        pause.scope: pause
        for pause in await session.scalars(select(PauseRow).where(PauseRow.scope.in_(wide)))
    }
    views = []
    for system in VENDORS:
        row = rows.get(system)
        failure = await _last_failure(session, system, row.bad) if row and row.bad else None
        views.append(
            _view(
                system,
                _Found(
                    row,
                    failure,
                    gates.get(system),
                    pauses.get(EVERYTHING) or pauses.get(system),
                    backlog.get(system, 0),
                    events.get(system),
                    secrets.get(system),
                ),
                now,
            )
        )
    return views


async def _last_hour(session: AsyncSession, now: datetime) -> Mapping[str, Any]:
    def last(condition: Any, column: Any = _A.finished_at) -> Any:  # noqa: ANN401 - SQL expressions
        return func.max(case((condition, column)))

    took = func.extract("epoch", _A.finished_at - _A.started_at)
    statement = (
        select(
            _A.system,
            func.count().label("calls"),
            func.count(case((~ANSWERED, 1))).label("errors"),
            func.count(case((_A.outcome == FailureCode.UNRECOGNISED_PAYLOAD, 1))).label("unknown"),
            func.percentile_cont(0.95).within_group(took).label("p95"),
            last(ANSWERED).label("ok"),
            last(~ANSWERED).label("bad"),
            last(_A.outcome.in_(_NOT_LET_IN)).label("credential"),
            last(_A.outcome == FailureCode.THROTTLED, _A.retry_at).label("throttled"),
        )
        # Naming the systems makes it a range of the index for each.
        .where(_A.system.in_(VENDORS), _A.finished_at >= now - _WINDOW)
        .group_by(_A.system)
    )
    return {row.system: row for row in await session.execute(statement)}


async def _open_effects(session: AsyncSession) -> Mapping[str, int]:
    """What was begun at each vendor and is not closed."""
    unfinished = (
        select(EffectRow.system, func.count())
        .where(EffectRow.closed_at.is_(None))
        .group_by(EffectRow.system)
    )
    return dict((await session.execute(unfinished)).all())


async def _secrets(session: AsyncSession) -> Mapping[str, VendorSecretRow]:
    """The current secret of each vendor."""
    rows = await session.scalars(
        select(VendorSecretRow).where(VendorSecretRow.state == SecretState.CURRENT)
    )
    return {row.system: row for row in rows}


async def usual_events(session: AsyncSession, now: datetime) -> Mapping[str, Any]:
    """The last event of each sender, and how many came since that time of day on days before."""
    inbox = InboxRow
    senders = values(column("system", Text), name="senders").data([(each,) for each in SENDERS])
    last = (
        select(inbox.received_at)
        .where(inbox.system == senders.c.system)
        .order_by(inbox.received_at.desc())
        .limit(1)
        .lateral()
    )
    until = literal(now, DateTime(timezone=True))
    begin = func.greatest(last.c.received_at, until - _LONGEST_SILENCE)
    days = func.generate_series(1, _DAYS_BEFORE).table_valued("day").render_derived()
    back = func.make_interval(0, 0, 0, days.c.day, type_=Interval)
    on_that_day = (
        select(func.count())
        .where(
            inbox.system == senders.c.system,
            and_(inbox.received_at > begin - back, inbox.received_at <= until - back),
        )
        .scalar_subquery()
    )
    statement = (
        select(
            senders.c.system,
            func.max(last.c.received_at).label("last"),
            (func.sum(on_that_day) / _DAYS_BEFORE).label("usual"),
        )
        .select_from(senders.join(last, true()).join(days, true()))
        .group_by(senders.c.system)
    )
    return {row.system: row for row in await session.execute(statement)}


@dataclass(frozen=True, slots=True)
class _Found:
    """What the statements said about one vendor; `calls` and `events` are rows of theirs."""

    calls: Any
    failure: str | None
    gate: VendorGateRow | None
    pause: PauseRow | None
    backlog: int
    events: Any
    secret: VendorSecretRow | None


def _view(system: System, found: _Found, now: datetime) -> IntegrationHealthView:
    row, gate, pause, events = found.calls, found.gate, found.pause, found.events
    closed = gate is not None and gate.closed_until is not None
    error_rate = round(row.errors / row.calls, 4) if row else None
    usual = round(float(events.usual), 1) if events else None
    facts = VendorFacts(
        calls=row.calls if row else 0,
        error_rate=error_rate,
        p95_seconds=float(row.p95) if row else None,
        reachable=None if row is None else _reachable(row.ok, row.bad, found.failure),
        last_success_at=row.ok if row else None,
        last_refused_credential_at=row.credential if row else None,
        last_accepted_credential_at=found.secret.used_at if found.secret else None,
        credential_expires=_expires(found.secret, now),
        closed_for=FailureCode(gate.cause) if gate and closed and gate.cause else None,
        paused=pause is not None,
        usual_events=usual,
    )
    judged = judge_vendor(facts)
    return IntegrationHealthView(
        system=system,
        reachable=facts.reachable,
        last_success_at=facts.last_success_at,
        last_failure_at=row.bad if row else None,
        last_failure=found.failure,
        calls_last_hour=facts.calls,
        error_rate=error_rate,
        rate_limited_until=_limited_until(row.throttled if row else None, gate, now),
        unknown_payloads=row.unknown if row else 0,
        backlog=found.backlog,
        closed_until=gate.closed_until if gate else None,
        cause=FailureCode(gate.cause) if gate and gate.cause else None,
        paused_by=pause.actor if pause else None,
        paused_reason=pause.reason if pause else None,
        state=judged.state,
        sentence=judged.sentence,
        next_action=judged.next_action,
        p95_seconds=facts.p95_seconds,
        opening=gate is not None and not closed,
        last_event_at=events.last if events else None,
        usual_events=usual,
        credential=_credential(facts, found.secret),
    )


def _expires(secret: VendorSecretRow | None, now: datetime) -> bool:
    end = secret.expires_at if secret else None
    return end is not None and end - AHEAD_OF_EXPIRY <= now


def _credential(facts: VendorFacts, secret: VendorSecretRow | None) -> str:
    """What is known of the secret in use, in a sentence."""
    if facts.credential_refused:
        return "Refused: it has to be renewed."
    if secret is None:
        return "No secret is kept for it."
    expires = secret.expires_at
    end = f"it expires on {expires:%Y-%m-%d}" if expires else "no expiry known"
    if secret.used_at is None:
        return f"Version {secret.version} has not been used yet; {end}."
    return f"Version {secret.version} was last accepted {secret.used_at:%Y-%m-%d %H:%M} UTC; {end}."


def _limited_until(
    told: datetime | None, gate: VendorGateRow | None, now: datetime
) -> datetime | None:
    """Until when it is left alone by its own word: its gate's time, which nobody calls before."""
    if gate is not None and gate.cause == FailureCode.THROTTLED and gate.closed_until is not None:
        return gate.closed_until
    return told if told is not None and told > now else None


def _reachable(ok: datetime | None, bad: datetime | None, failure: str | None) -> bool:
    if bad is None or (ok is not None and ok >= bad):
        return True
    return not any(failure and failure.startswith(code) for code in SELF_HEALING)


async def _last_failure(session: AsyncSession, system: str, at: datetime) -> str | None:
    row = await session.scalar(
        select(_A).where(_A.system == system, _A.finished_at == at).order_by(_A.id.desc()).limit(1)
    )
    return f"{row.outcome}: {row.words}" if row else None
