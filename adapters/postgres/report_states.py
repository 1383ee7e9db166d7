"""How changes stood at a moment in the past, told from the audit trail and the effects alone.

Nothing here reads where a change stands today, so a past day is told the same however often.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from domain.contracts_reports import BecameActiveView, EndedView, Proof
from domain.morning_report import NAMED, SHOWN, STANDS_AT_MOST, Stretch
from domain.service_change import FINAL, ChangeKind, ChangeStatus
from domain.steps import APPLY_ORDER

_STEPS: Final = [str(step) for step in APPLY_ORDER]

_STATES: Final = """
states AS (
    SELECT DISTINCT ON (change_id) change_id, to_status AS status, at AS since
    FROM audit_entries
    WHERE to_status IS NOT NULL AND at < :cut
    ORDER BY change_id, at DESC, id DESC
),
approvals AS (
    SELECT DISTINCT ON (change_id) change_id, at, actor
    FROM audit_entries
    WHERE to_status = 'applying' AND action = 'approve' AND at < :cut
    ORDER BY change_id, at DESC, id DESC
)"""
"""Where each change stood, and its last approval."""

_EFFECTS: Final = """
undone AS (
    SELECT DISTINCT reverses FROM effects
    WHERE reverses IS NOT NULL AND closed_at < :cut
        AND (status = 'applied' OR facts ? 'evidence')
),
done AS (
    SELECT DISTINCT ON (e.change_id, e.step)
        e.change_id,
        e.closed_at,
        e.closed_at < :cut AND e.status IN ('applied', 'reversed') AND u.reverses IS NULL
            AS applied,
        coalesce(e.closed_at < :cut AND e.facts ? 'evidence', false) AS skipped
    FROM effects AS e
    LEFT JOIN undone AS u ON u.reverses = e.idempotency_key
    {of}
    WHERE e.intended_at < :cut AND e.step = ANY(:steps)
    ORDER BY e.change_id, e.step, e.intended_at DESC
),
summed AS (
    SELECT change_id, bool_and(coalesce(applied, false) OR skipped) AS whole,
        bool_or(skipped) AS by_hand,
        max(closed_at) FILTER (WHERE applied OR skipped) AS applied_at
    FROM done GROUP BY change_id
)"""
"""What became of the last effect of each step by the cut. An effect that was applied stays so, or
is undone by an effect of its own, so that what happens later tells nothing else of the cut. What
was looked up and never took place is `skipped` as well; only with evidence did a person do it."""

_LIMITS: Final = " ".join(f"WHEN '{status}' THEN :limit_{status}" for status in STANDS_AT_MOST)

_COUNTED: Final = text(f"""
WITH {_STATES},
checked AS (
    SELECT change_id, max(at) AS at FROM audit_entries
    WHERE to_status = 'checking' AND at < :cut GROUP BY change_id
),
{_EFFECTS.format(of="JOIN states AS s ON s.change_id = e.change_id AND s.status = 'active'")},
told AS (
    SELECT s.change_id, s.status, s.since, c.kind,
        CASE
            WHEN s.status <> 'active' THEN NULL
            WHEN a.at IS NULL OR a.at < k.at THEN 'without_approval'
            WHEN e.whole IS NOT TRUE THEN 'not_applied'
            WHEN e.by_hand THEN 'by_hand'
            ELSE 'proven'
        END AS proof,
        CASE s.status {_LIMITS}
        END AS at_most
    FROM states AS s
    JOIN service_changes AS c ON c.id = s.change_id
    LEFT JOIN approvals AS a USING (change_id)
    LEFT JOIN checked AS k USING (change_id)
    LEFT JOIN summed AS e USING (change_id)
)
SELECT kind, status, proof, count(*) AS count, min(since) AS oldest,
    count(*) FILTER (WHERE since < :cut - at_most) AS overdue,
    min(since) FILTER (WHERE since < :cut - at_most) AS overdue_since,
    (array_agg(change_id ORDER BY since, change_id) FILTER (
        WHERE since < :cut - at_most OR proof IN ('without_approval', 'not_applied')
    ))[1:{NAMED}] AS named
FROM told GROUP BY kind, status, proof
""")  # noqa: S608 - statuses and a number of ours

_ENTERED: Final = """
entered AS (
    SELECT DISTINCT ON (change_id) change_id, to_status AS status, at
    FROM audit_entries
    WHERE to_status = ANY(:final) AND at >= :since AND at < :cut
    ORDER BY change_id, at DESC, id DESC
)"""

_BECAME: Final = text(f"""
WITH {_ENTERED},
first AS (SELECT * FROM entered ORDER BY at, change_id LIMIT {SHOWN}),
{_EFFECTS.format(of="JOIN first USING (change_id)")}
SELECT f.change_id, c.kind, f.at AS active_at, a.actor AS approved_by, a.at AS approved_at,
    e.applied_at
FROM first AS f
JOIN service_changes AS c ON c.id = f.change_id
LEFT JOIN summed AS e USING (change_id)
LEFT JOIN LATERAL (
    SELECT actor, at FROM audit_entries
    WHERE change_id = f.change_id AND to_status = 'applying' AND action = 'approve' AND at <= f.at
    ORDER BY at DESC, id DESC LIMIT 1
) AS a ON true
ORDER BY f.at, f.change_id
""")  # noqa: S608 - a number of ours

_ENDED: Final = text(f"""
WITH {_ENTERED}
SELECT c.kind, e.status, count(*) AS count
FROM entered AS e JOIN service_changes AS c ON c.id = e.change_id
GROUP BY c.kind, e.status ORDER BY e.status, c.kind
""")  # noqa: S608 - nothing but statements of ours


@dataclass(frozen=True, slots=True)
class Stood:
    """So many changes of a kind that stood so. `named`: those that are overdue or not in order."""

    kind: ChangeKind
    status: ChangeStatus
    proof: Proof | None
    count: int
    overdue: int
    overdue_since: datetime | None
    oldest: datetime
    named: tuple[str, ...]


async def stood(session: AsyncSession, stretch: Stretch) -> list[Stood]:
    """How all changes stood at the cut. Reads every move on record up to it, in one statement."""
    limits = {f"limit_{status}": span for status, span in STANDS_AT_MOST.items()}
    asked = {"cut": stretch.cut, "steps": _STEPS, **limits}
    rows: Sequence[Any] = (await session.execute(_COUNTED, asked)).all()
    return [
        Stood(
            kind=ChangeKind(row.kind),
            status=ChangeStatus(row.status),
            proof=Proof(row.proof) if row.proof else None,
            count=row.count,
            overdue=row.overdue,
            overdue_since=row.overdue_since,
            oldest=row.oldest,
            named=tuple(row.named or ()),
        )
        for row in rows
    ]


async def became_active(session: AsyncSession, stretch: Stretch) -> list[BecameActiveView]:
    """What became active in the stretch, the earliest first, cut short."""
    rows = await session.execute(
        _BECAME,
        {
            "cut": stretch.cut,
            "since": stretch.since,
            "final": [str(ChangeStatus.ACTIVE)],
            "steps": _STEPS,
        },
    )
    return [BecameActiveView.model_validate(dict(row)) for row in rows.mappings()]


async def ended(session: AsyncSession, stretch: Stretch) -> Sequence[EndedView]:
    """How many changes came to an end of each kind in the stretch, those active among them."""
    rows = await session.execute(
        _ENDED, {"cut": stretch.cut, "since": stretch.since, "final": sorted(map(str, FINAL))}
    )
    return [EndedView.model_validate(dict(row)) for row in rows.mappings()]
