"""What stood still, was in doubt, waited or was not understood at a moment in the past.

Read from rows with times of their own: what is closed later was open then.
"""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import TextClause, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from adapters.postgres.tables_reconciliation import ReconciliationRunRow
from domain.contracts_reports import (
    ExceptionKind,
    ReportExceptionView,
    UnrecognisedKind,
    UnrecognisedView,
)
from domain.errors import FailureCode
from domain.failure_policy import TEAMS, cause_of, rule_for
from domain.identifiers import System
from domain.morning_report import NAMED, SEVERITY, NightRun, Stretch
from domain.wording import words

_STILL: Final = text(f"""
SELECT fingerprint, system, step, code, owner, count(*) AS count, min(opened_at) AS oldest,
    count(*) FILTER (WHERE due_at < :cut) AS overdue,
    (array_agg(change_id ORDER BY opened_at, change_id))[1:{NAMED}] AS named
FROM dead_letters
WHERE opened_at < :cut AND (closed_at IS NULL OR closed_at >= :cut)
GROUP BY fingerprint, system, step, code, owner
""")  # noqa: S608 - a number of ours

_DOUBT: Final = text(f"""
WITH tried AS (
    SELECT DISTINCT ON (a.effect_key) a.effect_key, a.change_id, a.system, a.step, a.finished_at
    FROM attempts AS a
    WHERE a.outcome IN ('outcome_unknown', 'unverifiable') AND a.finished_at < :cut
        AND a.effect_key IS NOT NULL
    ORDER BY a.effect_key, a.finished_at DESC
)
SELECT system, step, count(*) AS count, count(*) AS overdue, min(finished_at) AS oldest,
    (array_agg(change_id ORDER BY finished_at, change_id))[1:{NAMED}] AS named
FROM tried AS t
WHERE NOT EXISTS (
    SELECT FROM attempts AS later
    WHERE later.change_id = t.change_id AND later.effect_key = t.effect_key
        AND later.finished_at > t.finished_at AND later.finished_at < :cut
        AND later.outcome IN ('ok', 'refused')
) AND NOT EXISTS (
    SELECT FROM effects AS e
    WHERE e.idempotency_key = t.effect_key AND e.status IN ('applied', 'reversed')
        AND e.closed_at < :cut
) AND NOT EXISTS (
    SELECT FROM audit_entries AS found
    WHERE found.change_id = t.change_id AND found.at > t.finished_at AND found.at < :cut
        AND found.outcome <> 'unknown' AND (
            found.facts ->> 'effect' = t.effect_key
            OR (found.action = 'skip' AND found.to_status IS NOT NULL)
        )
)
GROUP BY system, step
""")  # noqa: S608 - a number of ours
"""A try of which nobody knew what became, and no later one, look-up or person told by the cut."""

_SECOND: Final = text(f"""
SELECT action, count(*) AS count, 0 AS overdue, min(at) AS oldest,
    (array_agg(change_id ORDER BY at, change_id))[1:{NAMED}] AS named
FROM decisions
WHERE needs_second AND at < :cut AND expires_at > :cut
    AND (second_at IS NULL OR second_at >= :cut) AND (closed_at IS NULL OR closed_at >= :cut)
GROUP BY action
""")  # noqa: S608 - a number of ours

_QUARANTINED: Final = """
SELECT system, type AS what, count(*) AS count, min(since) AS first_at
FROM (
    SELECT system, event_id, type, processed_at AS since FROM inbox
    WHERE state = 'quarantined' AND processed_at >= :since AND processed_at < :cut
    UNION
    SELECT facts ->> 'system', facts ->> 'event_id', facts ->> 'type',
        (facts ->> 'since')::timestamptz
    FROM audit_entries
    WHERE action = 'release_event' AND at >= :since AND facts ->> 'was' = 'quarantined'
        AND (facts ->> 'since')::timestamptz >= :since
        AND (facts ->> 'since')::timestamptz < :cut
) AS found
GROUP BY system, type
"""
"""What somebody has released since is told by the entry of the release."""

_UNKNOWN: Final = """
SELECT system, step AS what, count(*) AS count, min(finished_at) AS first_at
FROM attempts
WHERE outcome = 'unrecognised_payload' AND finished_at >= :since AND finished_at < :cut
GROUP BY system, step
"""

_FORGED: Final = """
SELECT system, 'webhook' AS what, sum(count)::bigint AS count, min(hour) AS first_at
FROM forged_webhooks
WHERE hour >= date_trunc('hour', :since) AND hour < date_trunc('hour', :cut)
GROUP BY system
"""
"""By whole hours: one that is not over at the cut belongs to the next day's report."""

_DRIFT: Final = """
SELECT system, operation AS what, count(*) AS count, min(first_seen_at) AS first_at
FROM drift_items
WHERE first_seen_at >= :since AND first_seen_at < :cut
GROUP BY system, operation
"""
"""Payloads that are no longer as they were, each difference once."""

_UNRECOGNISED: Final[dict[UnrecognisedKind, TextClause]] = {
    UnrecognisedKind.QUARANTINED: text(_QUARANTINED),
    UnrecognisedKind.UNKNOWN_PAYLOAD: text(_UNKNOWN),
    UnrecognisedKind.FORGED: text(_FORGED),
    UnrecognisedKind.DRIFT: text(_DRIFT),
}


async def standing_still(session: AsyncSession, stretch: Stretch) -> list[ReportExceptionView]:
    """Causes for which changes stood still at the cut."""
    found = []
    for row in await session.execute(_STILL, {"cut": stretch.cut}):
        code, system = FailureCode(row.code), System(row.system)
        found.append(
            _exception(
                ExceptionKind.STANDS_STILL,
                cause_of(code, row.step, system),
                row,
                owner=row.owner,
                next_action=rule_for(code, row.step, system).next_action,
                system=system,
                fingerprint=row.fingerprint,
            )
        )
    return found


async def in_doubt(session: AsyncSession, stretch: Stretch) -> list[ReportExceptionView]:
    """Effects of which nobody knew at the cut whether they were done."""
    return [
        _exception(
            ExceptionKind.IN_DOUBT,
            f"{words(row.step).capitalize()}: nobody knows whether "
            f"{System(row.system).spoken} did it",
            row,
            owner=TEAMS[System(row.system)],
            next_action="Retry, which looks first; or skip it with the system's own reference.",
            system=System(row.system),
        )
        for row in await session.execute(_DOUBT, {"cut": stretch.cut})
    ]


async def waiting_for_a_second(
    session: AsyncSession, stretch: Stretch
) -> list[ReportExceptionView]:
    """What was proposed and neither confirmed nor declined at the cut."""
    return [
        _exception(
            ExceptionKind.SECOND_PERSON,
            f"{words(row.action).capitalize()}: waits for a second person",
            row,
            owner="operations",
            next_action="Confirm or decline it; nobody confirms what they proposed.",
        )
        for row in await session.execute(_SECOND, {"cut": stretch.cut})
    ]


def _exception(
    kind: ExceptionKind,
    what: str,
    row: Any,  # noqa: ANN401 - a row of count, overdue, oldest and named
    *,
    owner: str,
    next_action: str,
    system: System | None = None,
    fingerprint: str | None = None,
) -> ReportExceptionView:
    return ReportExceptionView(
        kind=kind,
        severity=SEVERITY[kind],
        what=what,
        count=row.count,
        overdue=row.overdue,
        oldest_at=row.oldest,
        owner=owner,
        next_action=next_action,
        system=system,
        status=None,
        fingerprint=fingerprint,
        change_ids=list(row.named),
    )


async def unrecognised(session: AsyncSession, stretch: Stretch) -> list[UnrecognisedView]:
    """What came in the stretch and was not understood, most of it first."""
    found = [
        UnrecognisedView(
            kind=kind,
            system=System(row.system),
            what=row.what,
            count=row.count,
            first_at=row.first_at,
        )
        for kind, statement in _UNRECOGNISED.items()
        for row in await session.execute(statement, {"since": stretch.since, "cut": stretch.cut})
    ]
    return sorted(found, key=lambda each: (-each.count, each.kind, each.system, each.what))


async def night_runs(session: AsyncSession, stretch: Stretch) -> Sequence[NightRun]:
    """Comparisons of all accounts that had begun by the cut and not ended before the stretch."""
    run = ReconciliationRunRow
    rows = await session.scalars(
        select(run)
        .where(
            run.account_id.is_(None),
            run.started_at < stretch.cut,
            (run.finished_at.is_(None)) | (run.finished_at >= stretch.since),
        )
        .order_by(run.started_at, run.id)
    )
    return [NightRun(row.started_at, row.finished_at, tuple(sorted(row.failed))) for row in rows]
