"""Everything alerts are about, measured at once: one statement for what stands on record."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    DateTime,
    Float,
    Select,
    Text,
    cast,
    exists,
    func,
    literal,
    select,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncSession

from adapters.postgres.health import usual_events
from adapters.postgres.machinery import WORKER
from adapters.postgres.tables import OutboxRow, ServiceChangeRow
from adapters.postgres.tables_credentials import VendorSecretRow
from adapters.postgres.tables_desk import DeadLetterRow, ReplayItemRow
from adapters.postgres.tables_drift import DriftItemRow
from adapters.postgres.tables_inbox import InboxRow
from adapters.postgres.tables_operations import LifeSignRow, VendorGateRow
from adapters.postgres.tables_reconciliation import DifferenceRow, ReconciliationRunRow
from adapters.postgres.tables_reports import MorningReportRow
from domain.alert_turns import Subject
from domain.alerts import RuleName
from domain.credentials import SecretState
from domain.drift import DriftState
from domain.errors import FailureCode
from domain.health import LIMITS, Part
from domain.identifiers import VENDORS, System
from domain.morning_report import RECONCILIATION
from domain.reconciliation_decisions import DifferenceState, RunState
from domain.replays import ItemState
from domain.report_messages import ReportName
from domain.vendor_events import InboxState

Moment = ColumnElement[datetime]
Measure = Callable[[Moment], Select[Any]]
"""Given the time it is, a statement of system, subject and value."""

_PROBED_WITHIN: Final = timedelta(minutes=2)
"""A gate is probed once a minute while anybody needs the vendor; one that is not, harms nobody."""

_OURS: Final = literal(str(System.THROUGHLINE), Text)
_WHOLE: Final = literal("", Text)


def _told(system: Any, subject: Any, value: Any) -> Select[Any]:  # noqa: ANN401 - SQL expressions, whose types are private
    return select(cast(system, Text), cast(subject, Text), cast(value, Float))


def _seconds(begin: Any, end: Any) -> ColumnElement[Any]:  # noqa: ANN401 - as above
    return func.extract("epoch", end - begin)


def _unclaimed() -> ColumnElement[bool]:
    """Nobody is about to retry it by itself."""
    return ~exists().where(
        ReplayItemRow.dead_letter_id == DeadLetterRow.id,
        ReplayItemRow.state.in_([ItemState.WAITING, ItemState.RETRYING]),
    )


def _dead_letter_depth(_: Moment) -> Select[Any]:
    row = DeadLetterRow
    return (
        _told(row.system, _WHOLE, func.count())
        .where(row.closed_at.is_(None), _unclaimed())
        .group_by(row.system)
    )


def _dead_letter_age(now: Moment) -> Select[Any]:
    row = DeadLetterRow
    return (
        _told(row.system, _WHOLE, _seconds(func.min(row.opened_at), now))
        .where(row.closed_at.is_(None), _unclaimed())
        .group_by(row.system)
    )


def _closed(now: Moment, *, throttled: bool) -> Select[Any]:
    row = VendorGateRow
    cause = row.cause == FailureCode.THROTTLED
    return _told(row.system, _WHOLE, _seconds(row.since, now)).where(
        row.closed_until > now - _PROBED_WITHIN, cause if throttled else ~cause
    )


def _drift(_: Moment) -> Select[Any]:
    row = DriftItemRow
    return (
        _told(row.system, row.operation, func.count())
        .where(row.state == DriftState.OPEN)
        .group_by(row.system, row.operation)
    )


def _throttled(now: Moment) -> Select[Any]:
    return _closed(now, throttled=True)


def _breaker_open(now: Moment) -> Select[Any]:
    return _closed(now, throttled=False)


def _credential_expiry(now: Moment) -> Select[Any]:
    row = VendorSecretRow
    return _told(row.system, _WHOLE, _seconds(now, row.expires_at)).where(
        row.state == SecretState.CURRENT, row.expires_at.is_not(None)
    )


def _credential_refused(now: Moment) -> Select[Any]:
    row = VendorSecretRow
    refused = row.used_at.is_(None) | (row.refused_at > row.used_at)
    return _told(row.system, _WHOLE, _seconds(row.refused_at, now)).where(
        row.state == SecretState.CURRENT, row.refused_at.is_not(None), refused
    )


def _differences(_: Moment) -> Select[Any]:
    row = DifferenceRow
    return (
        _told(row.system, row.field, func.count())
        .where(row.state == DifferenceState.OPEN)
        .group_by(row.system, row.field)
    )


def _report_stale(now: Moment) -> Select[Any]:
    """By report: a comparison counts by when it ended, a morning report by the day it is about."""
    run, report = ReconciliationRunRow, MorningReportRow
    last = union_all(
        select(
            literal(RECONCILIATION, Text).label("name"), func.max(run.finished_at).label("at")
        ).where(run.state == RunState.DONE, run.account_id.is_(None)),
        select(literal(ReportName.SCHEDULE, Text), func.max(report.cut)),
    ).subquery()
    first = select(func.min(ServiceChangeRow.submitted_at)).scalar_subquery()
    since = func.coalesce(last.c.at, first)
    return _told(_OURS, last.c.name, _seconds(since, now)).where(since.is_not(None))


def _relay_lag(now: Moment) -> Select[Any]:
    row = OutboxRow
    oldest = func.coalesce(_seconds(func.min(row.available_at), now), 0)
    return _told(_OURS, _WHOLE, oldest).where(row.dispatched_at.is_(None), row.available_at <= now)


def _inbox_age(now: Moment) -> Select[Any]:
    row = InboxRow
    return (
        _told(row.system, _WHOLE, _seconds(func.min(row.available_at), now))
        .where(row.state == InboxState.QUEUED, row.available_at <= now)
        .group_by(row.system)
    )


def _workers(now: Moment) -> Select[Any]:
    row = LifeSignRow
    fresh = timedelta(seconds=LIMITS[Part.WORKERS].down)
    return _told(_OURS, _WHOLE, func.count()).where(row.part == WORKER, row.seen_at > now - fresh)


MEASURES: Final[Mapping[RuleName, Measure]] = {
    RuleName.DEAD_LETTER_DEPTH: _dead_letter_depth,
    RuleName.DEAD_LETTER_AGE: _dead_letter_age,
    RuleName.DRIFT: _drift,
    RuleName.THROTTLED: _throttled,
    RuleName.BREAKER_OPEN: _breaker_open,
    RuleName.CREDENTIAL_EXPIRY: _credential_expiry,
    RuleName.CREDENTIAL_REFUSED: _credential_refused,
    RuleName.DIFFERENCES: _differences,
    RuleName.REPORT_STALE: _report_stale,
    RuleName.RELAY_LAG: _relay_lag,
    RuleName.INBOX_AGE: _inbox_age,
    RuleName.WORKERS: _workers,
}

NOTHING: Final[tuple[tuple[RuleName, System], ...]] = tuple(
    (rule, system)
    for rule in (
        RuleName.DEAD_LETTER_DEPTH,
        RuleName.DEAD_LETTER_AGE,
        RuleName.THROTTLED,
        RuleName.BREAKER_OPEN,
        RuleName.DRIFT,
        RuleName.INBOX_AGE,
    )
    for system in VENDORS
)
"""Where nothing is found it is none, and a chart shows that rather than a gap."""


async def database_now(session: AsyncSession) -> datetime:
    """The time by the clock everything on record is measured by."""
    return (await session.scalars(select(func.now()))).one()


async def read_measures(
    session: AsyncSession, now: datetime
) -> dict[RuleName, dict[Subject, float]]:
    """The readings of every rule that the record can answer, by what each is about."""
    at = literal(now, DateTime(timezone=True))
    statement = union_all(
        *(
            measure(at).add_columns(literal(str(rule), Text).label("rule"))
            for rule, measure in MEASURES.items()
        )
    )
    found: dict[RuleName, dict[Subject, float]] = defaultdict(dict)
    found.update({rule: {} for rule in (*MEASURES, RuleName.VENDOR_SILENT)})
    for system, subject, value, name in await session.execute(statement):
        rule = RuleName(name)
        found[rule][Subject(rule, System(system), subject)] = float(value)
    for rule, system in NOTHING:
        found[rule].setdefault(Subject(rule, system), 0.0)
    for name, row in (await usual_events(session, now)).items():
        silent = Subject(RuleName.VENDOR_SILENT, System(name))
        found[RuleName.VENDOR_SILENT][silent] = float(row.usual)
    return found
