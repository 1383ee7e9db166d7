"""The read side of reconciliation: what the API answers about runs and differences."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from adapters.postgres.holds import holds_of_systems
from adapters.postgres.reading import encode_cursor, timed_place
from adapters.postgres.reconciliation_repairs import repairs_of
from adapters.postgres.tables_reconciliation import (
    DifferenceRow,
    ReconciliationPageRow,
    ReconciliationRunRow,
    RepairRow,
)
from domain.contracts import Page
from domain.contracts_desk import HoldView
from domain.contracts_reconciliation import (
    DifferenceDecisionView,
    DifferencePermissionView,
    DifferenceView,
    ExplanationView,
    FieldCountView,
    ReconciliationRunView,
    RepairView,
    SideView,
    SystemReadView,
)
from domain.identifiers import System, fingerprint
from domain.reconciliation import COMPARED, READ_FROM, Field, compared
from domain.reconciliation_decisions import (
    RULES,
    DifferenceFacts,
    DifferenceState,
    RunState,
    may_decide,
    needs_second_person,
)
from domain.reconciliation_messages import reconciliation_workflow_id
from domain.service_change import EffectStatus, Role
from domain.verdicts import Repeatability, verdict

_D = DifferenceRow
_RUN = ReconciliationRunRow

_SENTENCES: Final = {
    RunState.RUNNING: "Under way: the systems are being read.",
    RunState.DONE: "Every system was read whole and compared.",
    RunState.INCOMPLETE: "Not every system could be read; only what was read whole is compared.",
}


@dataclass(frozen=True, slots=True)
class DifferenceFilter:
    """What the list is narrowed to. `run`: found or ended by it last."""

    run: str | None = None
    system: System | None = None
    field: Field | None = None
    state: Sequence[DifferenceState] = ()
    explained: bool | None = None
    account_id: str | None = None


@dataclass(frozen=True, slots=True)
class Looker:
    """Whoever is asking."""

    name: str
    role: Role


async def list_runs(
    session: AsyncSession, *, cursor: str | None, limit: int
) -> Page[ReconciliationRunView]:
    """Newest first."""
    statement = select(_RUN).order_by(_RUN.started_at.desc(), _RUN.id.desc())
    if cursor:
        statement = statement.where(tuple_(_RUN.started_at, _RUN.id) < timed_place(cursor))
    rows = list(await session.scalars(statement.limit(limit + 1)))
    more, rows = len(rows) > limit, rows[:limit]
    return Page(
        items=await run_views(session, rows),
        next_cursor=encode_cursor(rows[-1].started_at.isoformat(), rows[-1].id) if more else None,
    )


async def last_full_run(session: AsyncSession) -> ReconciliationRunRow | None:
    """The last run over all accounts that has ended."""
    row: ReconciliationRunRow | None = await session.scalar(
        select(_RUN)
        .where(_RUN.account_id.is_(None), _RUN.finished_at.is_not(None))
        .order_by(_RUN.started_at.desc())
        .limit(1)
    )
    return row


async def run_views(
    session: AsyncSession, rows: Sequence[ReconciliationRunRow]
) -> list[ReconciliationRunView]:
    """Runs with how each system was read, and what one that is under way waits for."""
    under_way = any(row.finished_at is None for row in rows)
    held = await holds_of_systems(session) if under_way else {}
    page = ReconciliationPageRow
    read = await session.execute(
        select(
            page.run_id,
            page.system,
            func.count().label("pages"),
            func.sum(page.items).label("items"),
            func.sum(page.calls).label("calls"),
            func.sum(page.duration_ms).label("took"),
            func.min(page.read_at).label("first"),
            func.max(page.read_at).label("last"),
            func.bool_or(page.next_cursor.is_(None)).label("whole"),
        )
        .where(page.run_id.in_([row.id for row in rows]))
        .group_by(page.run_id, page.system)
    )
    found = {(each.run_id, each.system): each for each in read}
    return [
        ReconciliationRunView(
            id=row.id,
            account_id=row.account_id,
            state=RunState(row.state),
            sentence=_SENTENCES[RunState(row.state)],
            started_by=row.started_by,
            started_by_kind=row.started_by_kind,
            correlation_id=row.correlation_id,
            workflow_id=reconciliation_workflow_id(row.id),
            started_at=row.started_at,
            finished_at=row.finished_at,
            systems=[
                _system(row, system, found.get((row.id, system)), held.get(system, ()))
                for system in READ_FROM
            ],
            counts=row.counts,
        )
        for row in rows
    ]


def _system(
    row: ReconciliationRunRow, system: System, read: object | None, held: Sequence[HoldView]
) -> SystemReadView:
    why = row.failed.get(system)
    pages: int = getattr(read, "pages", 0)
    calls = int(getattr(read, "calls", 0))
    seconds = _seconds(read)
    rate: float | None = row.rates.get(system) if system is not System.THROUGHLINE else None
    whole = bool(getattr(read, "whole", False))
    reading = row.finished_at is None and not whole
    return SystemReadView(
        system=system,
        pages=pages,
        items=int(getattr(read, "items", 0)),
        calls=calls,
        seconds=seconds,
        vendor_rate=rate,
        share_used=calls / (max(seconds, 1.0) * rate) if rate and calls else None,
        whole=None if reading else whole,
        why_not=why,
        waits_for=_held_back(held[0]) if reading and held else None,
    )


def _held_back(hold: HoldView) -> str:
    return f"{hold.by} has paused it: {hold.reason}" if hold.by else f"{hold.reason}."


def _seconds(read: object | None) -> float:
    """From the first page's begin to the last page's end."""
    first: datetime | None = getattr(read, "first", None)
    last: datetime | None = getattr(read, "last", None)
    if first is None or last is None:
        return 0.0
    pages: int = getattr(read, "pages", 1)
    took = float(getattr(read, "took", 0)) / 1000
    return (last - first).total_seconds() + took / pages


async def field_counts(session: AsyncSession) -> list[FieldCountView]:
    """Everything that stands, by field and system, in the order of the table."""
    rows = await session.execute(
        select(_D.field, _D.system, _D.state, func.count())
        .where(_D.closed_at.is_(None))
        .group_by(_D.field, _D.system, _D.state)
    )
    counts: dict[tuple[str, str], dict[DifferenceState, int]] = {}
    for field, system, state, count in rows:
        counts.setdefault((field, system), {})[DifferenceState(state)] = count
    return [
        FieldCountView(
            field=each.field,
            owner=each.owner,
            system=each.system,
            counts=counts.get((each.field, each.system), {}),
        )
        for each in COMPARED
    ]


async def list_differences(
    session: AsyncSession,
    wanted: DifferenceFilter,
    looker: Looker,
    *,
    cursor: str | None,
    limit: int,
) -> Page[DifferenceView]:
    """The oldest first."""
    statement = select(_D).order_by(_D.first_seen_at, _D.id)
    for column, value in (
        (_D.last_run_id, wanted.run),
        (_D.system, wanted.system),
        (_D.field, wanted.field),
        (_D.account_id, wanted.account_id),
    ):
        if value is not None:
            statement = statement.where(column == value)
    if wanted.state:
        statement = statement.where(_D.state.in_(wanted.state))
    if wanted.explained is not None:
        known = _D.explanation.is_not(None)
        statement = statement.where(known if wanted.explained else ~known)
    if cursor:
        statement = statement.where(tuple_(_D.first_seen_at, _D.id) > timed_place(cursor))
    rows = list(await session.scalars(statement.limit(limit + 1)))
    more, rows = len(rows) > limit, rows[:limit]
    last = rows[-1] if rows else None
    return Page(
        items=[difference_view(row, looker) for row in rows],
        next_cursor=(
            encode_cursor(last.first_seen_at.isoformat(), last.id) if more and last else None
        ),
    )


async def read_difference(
    session: AsyncSession, row: DifferenceRow, looker: Looker
) -> DifferenceView:
    """One difference with its repairs."""
    repairs = [_repair(each) for each in await repairs_of(session, row.id)]
    return difference_view(row, looker).model_copy(update={"repairs": repairs})


def facts_of(row: DifferenceRow) -> DifferenceFacts:
    """What decides whether an action fits."""
    return DifferenceFacts(
        row.field,
        System(row.system),
        DifferenceState(row.state),
        proposed_by=row.decision["actor"] if row.decision else None,
    )


def seen_sha256(row: DifferenceRow) -> str:
    """The hash of what a person is shown and decides about."""
    return fingerprint(
        {
            "difference": row.id,
            "values": [row.owner_value, row.value],
            "state": row.state,
            "decision": row.decision,
        }
    )


def difference_view(row: DifferenceRow, looker: Looker) -> DifferenceView:
    """A difference as the caller sees it."""
    facts = facts_of(row)
    what = compared(row.field, facts.system)
    return DifferenceView(
        id=row.id,
        account_id=row.account_id,
        field=what.field,
        subject=row.subject,
        owner=SideView(
            system=what.owner,
            value=row.owner_value,
            changed_at=row.owner_changed_at,
            read_at=row.owner_read_at,
        ),
        other=SideView(
            system=facts.system, value=row.value, changed_at=row.changed_at, read_at=row.read_at
        ),
        money=what.money,
        repair=what.repair,
        state=facts.state,
        explanation=ExplanationView.model_validate(row.explanation) if row.explanation else None,
        first_seen_at=row.first_seen_at,
        last_seen_at=row.last_seen_at,
        last_run_id=row.last_run_id,
        seen_in_runs=row.seen_in_runs,
        decision=DifferenceDecisionView.model_validate(row.decision) if row.decision else None,
        failure=row.failure,
        closed_at=row.closed_at,
        sha256=seen_sha256(row),
        may_act=[
            DifferencePermissionView(
                action=action,
                allowed=may.allowed,
                reason=may.reason,
                second_person=needs_second_person(action, facts),
            )
            for action in RULES
            for may in (may_decide(action, facts, role=looker.role, principal=looker.name),)
        ],
    )


def _repair(row: RepairRow) -> RepairView:
    status = EffectStatus(row.status)
    return RepairView(
        idempotency_key=row.idempotency_key,
        step=row.step,
        system=System(row.system),
        status=status,
        attempts=row.attempts,
        payload_sha256=row.payload_sha256,
        vendor_reference=row.vendor_reference,
        facts=row.facts,
        verdict=verdict(status, row.in_doubt, Repeatability.LOOK_UP).sentence,
        intended_at=row.intended_at,
        closed_at=row.closed_at,
    )
