"""How the retries of a replay went, read from the record of their changes."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from adapters.postgres.tables import AttemptRow, AuditEntryRow, ServiceChangeRow
from adapters.postgres.tables_desk import DeadLetterRow, DecisionRow, ReplayItemRow
from domain.decisions import DecisionState
from domain.errors import FailureCode
from domain.failure_policy import cause_of
from domain.identifiers import System, replay_decision_id
from domain.replays import Aftermath, ItemState, verdict
from domain.service_change import ChangeStatus

_R = ReplayItemRow
Row = TypeVar("Row", DeadLetterRow, AuditEntryRow)
_AT_ONCE: Final = 200
"""Items looked at in one step; who was looked at longest ago comes first."""


@dataclass(frozen=True, slots=True)
class _Record:
    """What is on record of the changes that are being retried."""

    changes: dict[str, ServiceChangeRow]
    letters: dict[str, list[DeadLetterRow]]
    decisions: dict[str, DecisionRow]
    audit: dict[str, list[AuditEntryRow]]
    worked: dict[tuple[str, str], int]
    """The last attempt that worked, by change and step."""


async def give_verdicts(session: AsyncSession, replay_id: str, now: datetime) -> None:
    """Conclude every retry whose outcome is on record. The replay's row must be locked."""
    items = list(
        await session.scalars(
            select(_R)
            .where(_R.replay_id == replay_id, _R.state == ItemState.RETRYING)
            .order_by(_R.looked_at.nulls_first(), _R.position)
            .limit(_AT_ONCE)
        )
    )
    if not items:
        return
    record = await _record(session, items)
    for item in items:
        item.looked_at = now
        said = verdict(_aftermath(item, record))
        if said is None:
            continue
        item.state, item.detail, item.finished_at = said.state, said.detail, now
        if said.state is ItemState.PASSED_OVER:  # it was not retried, so it counts in no stage
            item.stage = None


async def _record(session: AsyncSession, items: list[ReplayItemRow]) -> _Record:
    ids = [item.change_id for item in items]
    decisions = [replay_decision_id(item.replay_id, item.position) for item in items]
    change, decision, letter = ServiceChangeRow, DecisionRow, DeadLetterRow
    attempt, entry = AttemptRow, AuditEntryRow
    worked = await session.execute(
        select(attempt.change_id, attempt.step, func.max(attempt.id))
        .where(attempt.change_id.in_(ids), attempt.outcome == "ok")
        .group_by(attempt.change_id, attempt.step)
    )
    audit = await session.scalars(
        select(entry)
        .where(
            entry.change_id.in_(ids),
            entry.to_status.is_not(None),
            entry.id > min(item.audit_mark for item in items),
        )
        .order_by(entry.id)
    )
    letters = await session.scalars(
        select(letter).where(letter.change_id.in_(ids)).order_by(letter.opened_at, letter.id)
    )
    return _Record(
        changes={
            row.id: row for row in await session.scalars(select(change).where(change.id.in_(ids)))
        },
        letters=_by_change(letters),
        decisions={
            row.id: row
            for row in await session.scalars(select(decision).where(decision.id.in_(decisions)))
        },
        audit=_by_change(audit),
        worked={(change_id, step): last for change_id, step, last in worked},
    )


def _by_change(rows: Iterable[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row.change_id or "", []).append(row)
    return found


def _aftermath(item: ReplayItemRow, record: _Record) -> Aftermath:
    change = record.changes[item.change_id]
    letters = record.letters[item.change_id]
    letter = next(row for row in letters if row.id == item.dead_letter_id)
    decision_id = replay_decision_id(item.replay_id, item.position)
    decision = record.decisions[decision_id]
    after = [
        entry
        for entry in record.audit.get(item.change_id, [])
        if entry.id > item.audit_mark and entry.facts.get("decision") != decision_id
    ]
    then = after[0] if after else None
    again = next((row for row in letters if row.opened_at > letter.opened_at), None)
    return Aftermath(
        decision=DecisionState(decision.state),
        why=decision.why,
        letter_closed=letter.closed_at is not None,
        resumes=ChangeStatus(letter.resumes),
        status=ChangeStatus(change.status),
        ended=change.ended_at is not None,
        step_done=record.worked.get((item.change_id, letter.step), 0) > item.attempt_mark,
        then=ChangeStatus(then.to_status) if then and then.to_status else None,
        then_by=then.actor if then and then.actor_kind == "person" else None,
        stands_still=_why_again(letter, again) if again else None,
    )


def _why_again(before: DeadLetterRow, again: DeadLetterRow) -> str:
    same = before.fingerprint == again.fingerprint
    cause = cause_of(FailureCode(again.code), again.step, System(again.system))
    return f"for {'the same' if same else 'another'} cause: {cause}"
