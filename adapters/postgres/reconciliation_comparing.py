"""Differences from what a run has read: found in SQL, kept from night to night, explained."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    and_,
    case,
    exists,
    func,
    literal,
    null,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from adapters.postgres.tables import DocumentVersionRow, EffectRow, ServiceChangeRow
from adapters.postgres.tables_reconciliation import (
    STANDING,
    DifferenceRow,
    ReconciliationRunRow,
    ReconciliationValueRow,
)
from domain.identifiers import System
from domain.reconciliation import JUST_NOW, ComparedField, Field, NearbyChange, explain
from domain.reconciliation_decisions import MOVED_BY_VALUES, DifferenceState
from domain.service_change import ChangeKind, ChangeStatus, DocumentState

_AT_ONCE: Final = 500
"""Differences that are explained together, with the changes of their accounts."""

_D = DifferenceRow
_COLUMNS: Final = (
    "id", "account_id", "field", "subject", "owner", "system",
    "owner_value", "owner_changed_at", "owner_read_at", "value", "changed_at", "read_at",
    "state", "first_seen_at", "last_seen_at", "last_run_id", "seen_in_runs",
)  # fmt: skip


async def compare_values(
    session: AsyncSession,
    run: ReconciliationRunRow,
    comparisons: Sequence[ComparedField],
    now: datetime,
) -> dict[str, int]:
    """Find, keep and explain differences; what was one and is none any more ends. Counts of each.

    Safe to repeat for the same run.
    """
    for each in comparisons:
        await _find(session, run, each, now)
    agreed = await _agree_again(session, run, comparisons, now)
    explained = await _explain(session, run)
    standing = _D.last_run_id == run.id, _D.closed_at.is_(None)
    found = await session.scalar(select(func.count()).select_from(_D).where(*standing))
    new = await session.scalar(
        select(func.count()).select_from(_D).where(*standing, _D.seen_in_runs == 1)
    )
    value = ReconciliationValueRow
    accounts = await session.scalar(
        select(func.count(value.account_id.distinct())).where(
            value.run_id == run.id, value.field == Field.ACCOUNT_LIFECYCLE
        )
    )
    values = await session.scalar(
        select(func.count()).select_from(value).where(value.run_id == run.id)
    )
    return {
        "accounts": accounts or 0,
        "values": values or 0,
        "standing": found or 0,
        "new": new or 0,
        "explained": explained,
        "agree_again": agreed,
    }


async def _find(
    session: AsyncSession, run: ReconciliationRunRow, what: ComparedField, now: datetime
) -> None:
    """One comparison over everything that was read, as one statement."""
    owner, other = _side(run.id, what, what.owner), _side(run.id, what, what.system)
    owners = func.coalesce(owner.c.value, what.absent)
    others = func.coalesce(other.c.value, what.absent)
    account = func.coalesce(owner.c.account_id, other.c.account_id)
    subject = func.coalesce(owner.c.subject, other.c.subject)
    name = func.concat_ws("/", run.id, str(what.field), str(what.system), account, subject)
    found = (
        select(
            literal("dif_").concat(func.substr(func.md5(name), 1, 20)),
            account,
            literal(str(what.field)),
            subject,
            literal(str(what.owner)),
            literal(str(what.system)),
            owners,
            owner.c.changed_at,
            func.coalesce(owner.c.read_at, other.c.read_at),
            others,
            other.c.changed_at,
            func.coalesce(other.c.read_at, owner.c.read_at),
            literal(str(DifferenceState.OPEN)),
            literal(now),
            literal(now),
            literal(run.id),
            literal(1),
        )
        .select_from(
            owner.join(
                other,
                and_(owner.c.account_id == other.c.account_id, owner.c.subject == other.c.subject),
                full=True,
            )
        )
        .where(owners != others)
    )
    statement = insert(_D).from_select(list(_COLUMNS), found)
    new = statement.excluded
    moved = or_(_D.owner_value != new.owner_value, _D.value != new.value)
    forgotten = and_(moved, _D.state.in_(MOVED_BY_VALUES))
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["account_id", "field", "subject", "system"],
            index_where=STANDING,
            set_={
                "owner_value": new.owner_value,
                "owner_changed_at": new.owner_changed_at,
                "owner_read_at": new.owner_read_at,
                "value": new.value,
                "changed_at": new.changed_at,
                "read_at": new.read_at,
                "state": case((forgotten, str(DifferenceState.OPEN)), else_=_D.state),
                "decision": case((forgotten, null()), else_=_D.decision),
                "last_seen_at": now,
                "last_run_id": run.id,
                "seen_in_runs": case(
                    (_D.last_run_id == run.id, _D.seen_in_runs), else_=_D.seen_in_runs + 1
                ),
            },
        )
    )


def _side(run_id: str, what: ComparedField, system: System) -> Any:  # noqa: ANN401 - a subquery of its own columns
    value = ReconciliationValueRow
    return (
        select(value.account_id, value.subject, value.value, value.changed_at, value.read_at)
        .where(value.run_id == run_id, value.system == system, value.field == what.field)
        .subquery()
    )


async def _agree_again(
    session: AsyncSession,
    run: ReconciliationRunRow,
    comparisons: Sequence[ComparedField],
    now: datetime,
) -> int:
    """End what was looked for and not found. A repair under way says itself what became of it."""
    pairs = [(str(each.field), str(each.system)) for each in comparisons]
    mine: ColumnElement[bool] = _D.last_run_id != run.id
    if run.account_id is not None:
        mine = and_(mine, _D.account_id == run.account_id)
    ended = await session.scalars(
        update(_D)
        .where(
            mine,
            _D.closed_at.is_(None),
            _D.state != DifferenceState.REPAIRING,
            tuple_(_D.field, _D.system).in_(pairs),
        )
        .values(state=DifferenceState.AGREES_AGAIN, closed_at=now, last_run_id=run.id)
        .returning(_D.id),
        execution_options={"synchronize_session": False},
    )
    return len(list(ended))


async def _explain(session: AsyncSession, run: ReconciliationRunRow) -> int:
    """Say of everything nobody has decided about whether a change accounts for it; how many."""
    undecided = _D.state.in_([DifferenceState.OPEN, DifferenceState.EXPLAINED])
    count, after = 0, ""
    while True:
        rows = list(
            await session.scalars(
                select(_D)
                .where(_D.last_run_id == run.id, undecided, _D.id > after)
                .order_by(_D.id)
                .limit(_AT_ONCE),
                execution_options={"populate_existing": True},
            )
        )
        if not rows:
            return count
        after = rows[-1].id
        nearby = await _nearby(session, [row.account_id for row in rows], run.started_at)
        for row in rows:
            read_at = min(row.owner_read_at, row.read_at)
            why = explain(Field(row.field), nearby[row.account_id], read_at)
            row.explanation = (
                {"reason": why.reason, "change_id": why.change_id, "sentence": why.sentence}
                if why
                else None
            )
            row.state = DifferenceState.EXPLAINED if why else DifferenceState.OPEN
            count += why is not None
        await session.flush()


async def _nearby(
    session: AsyncSession, account_ids: Sequence[str], since: datetime
) -> dict[str, list[NearbyChange]]:
    """Changes of the accounts that are open, were touched lately, or have a revision pending."""
    change, effect = ServiceChangeRow, EffectRow
    touched = (
        select(func.max(func.coalesce(effect.closed_at, effect.tried_at)))
        .where(effect.change_id == change.id)
        .scalar_subquery()
    )
    pending = exists().where(
        DocumentVersionRow.change_id == change.id,
        DocumentVersionRow.state == DocumentState.PENDING_REVIEW,
    )
    rows = await session.execute(
        select(change.account_id, change.id, change.kind, change.status, pending, touched).where(
            change.account_id.in_(set(account_ids)),
            or_(change.ended_at.is_(None), change.updated_at >= since - JUST_NOW, pending),
        )
    )
    found: dict[str, list[NearbyChange]] = defaultdict(list)
    for account_id, id_, kind, status, revision, at in rows:
        found[account_id].append(
            NearbyChange(id_, ChangeKind(kind), ChangeStatus(status), bool(revision), at)
        )
    return found
