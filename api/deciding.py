"""How a decision gets from a request to the workflow: on record first, then by the engine."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from adapters.postgres.answers import safe_to_retry
from adapters.postgres.audit import audit_entry
from adapters.postgres.decisions import decided, take
from adapters.postgres.documents import current_version
from adapters.postgres.outbox import outbox_row
from adapters.postgres.proposals import NewDecision, message_of, put_on_record
from adapters.postgres.reading import read_history
from adapters.postgres.resumption import park_lost
from adapters.postgres.situations import situation_of
from adapters.postgres.tables import ServiceChangeRow
from adapters.postgres.tables_desk import DecisionRow
from adapters.postgres.transitions import locked
from api.dependencies import Parts, Principal
from api.errors import ApiError
from domain.corrections import Correctable, check_correction
from domain.decisions import DecisionPayload, DecisionState, SkipEvidence
from domain.errors import (
    DecisionRefusedError,
    FieldOwnershipError,
    FieldProblem,
    InvalidChangeError,
    NobodyAnswersError,
    NoWorkflowError,
)
from domain.messages import Decision
from domain.permissions import Situation, needs_second_person, permission
from domain.service_change import ABOUT_A_REVISION, Action, ChangeStatus, Role

RESUMED_WITHIN: Final = 5.0
"""Seconds a caller waits for a further run to take its decision."""

_LOOK_EVERY: Final = 0.05


@dataclass(frozen=True, slots=True)
class Wish:
    """What a caller asks for: the action and what the request's body held."""

    id: str
    action: Action
    reason: str
    plan_sha256: str | None = None
    document_sha256: str | None = None
    document_version: int | None = None
    changes: Mapping[str, Any] | None = None
    evidence: SkipEvidence | None = None


async def decide(parts: Parts, change_id: str, caller: Principal, wish: Wish) -> None:
    """Have a wish carried out, or proposed to a second person. Safe to repeat under its id.

    Raises ApiError, rule errors and the engine's errors; what is refused is on record.
    """
    refusal: ApiError | FieldOwnershipError | None = None
    async with parts.sessions.begin() as session:
        change = await session.get_one(ServiceChangeRow, change_id)
        # On record from a request whose answer never got out: all that is left is to go on.
        row = await session.get(DecisionRow, wish.id)
        if row is None:
            try:
                row = await _put_on_record(session, parts, change, caller, wish)
            except (ApiError, FieldOwnershipError) as error:
                refusal = error
    if refusal is not None:
        await record_refusal(parts, change_id, caller.name, wish.action, str(refusal))
        raise refusal
    if row is not None:
        await carry_on(parts, row)


async def carry_on(parts: Parts, row: DecisionRow) -> None:
    """Bring a decision that is on record as far as it can get now."""
    if row.state == DecisionState.REFUSED:
        raise ApiError("stale_approval", row.why)
    if row.state != DecisionState.GIVEN:
        return
    decision = message_of(row)
    try:
        result = await parts.engine.decide(row.change_id, decision)
    except NoWorkflowError:
        await _resume(parts, row.change_id, decision)
        return
    except DecisionRefusedError as error:
        await _refuse(parts, row.change_id, decision, str(error))
        raise
    if result is not None and result.refused:
        raise ApiError("stale_approval", result.refused)


async def _put_on_record(
    session: AsyncSession, parts: Parts, change: ServiceChangeRow, caller: Principal, wish: Wish
) -> DecisionRow:
    now = await situation_of(session, change, parts.clock())
    _require_permission(wish.action, caller.role, caller.name, now)
    if wish.action is Action.RETRY and caller.role is Role.SUPPORT:
        await _require_safe_retry(session, change)
    payload = _payload(change, caller.role, wish)
    planned = change.plan or {}
    if wish.action is Action.APPROVE:
        current = await current_version(session, change.id)
        if current != planned.get("document_version", 0):
            raise ApiError("stale_approval", "A document came after what you looked at.")
    if wish.action in ABOUT_A_REVISION and wish.document_version not in {None, now.revision}:
        raise ApiError("stale_approval", f"Document version {now.revision} is what waits now.")
    decision = Decision(
        id=wish.id,
        action=wish.action,
        actor=caller.name,
        role=caller.role,
        plan_sha256=wish.plan_sha256 or change.plan_sha256,
        document_sha256=wish.document_sha256 or planned.get("document_sha256"),
        revision=now.revision if wish.action in ABOUT_A_REVISION else None,
    )
    second = needs_second_person(wish.action, now)
    new = NewDecision(decision, wish.reason, payload, second, parts.clock())
    row = await put_on_record(session, change, new)
    if row is None:
        raise ApiError(
            "not_applicable", "Another decision waits for a second person; confirm or decline it."
        )
    if second and row.at == new.at:
        session.add(
            audit_entry(
                at=new.at,
                actor=caller.name,
                actor_kind="person",
                action=f"propose_{wish.action}",
                change=change,
                reason=wish.reason,
                facts=decided(row),
            )
        )
    return row


async def _require_safe_retry(session: AsyncSession, change: ServiceChangeRow) -> None:
    """Support retries what is safe; what nobody can look up is for an operator to find out."""
    history = await read_history(session, change)
    unsafe = [each for each in safe_to_retry(history.change, history.attempts) if not each.safe]
    if unsafe:
        first = unsafe[0]
        raise ApiError("forbidden", f"{first.step} at {first.system}: {first.sentence}")


def _payload(change: ServiceChangeRow, role: Role, wish: Wish) -> DecisionPayload:
    """What the action carries; raises for what is missing, wrong or belongs to another action."""
    needed = {Action.CORRECT: "changes", Action.SKIP: "evidence"}.get(wish.action)
    given = {"changes": wish.changes, "evidence": wish.evidence}
    problems = [
        FieldProblem(name, "is required" if name == needed else "is not a field of this action")
        for name, value in given.items()
        if (value is None) is (name == needed)
    ]
    if wish.evidence == SkipEvidence():
        problems.append(FieldProblem("evidence", "needs a vendor_reference or a ticket"))
    if problems:
        raise InvalidChangeError(problems)
    if wish.changes is None:
        return DecisionPayload(evidence=wish.evidence)
    as_it_is = Correctable(
        change.account_id, change.kind, change.requested_date, change.details, change.note
    )
    correction = check_correction(as_it_is, wish.changes, role)
    return DecisionPayload(corrected=correction.fields, differences=correction.differences)


async def _resume(parts: Parts, change_id: str, decision: Decision) -> None:
    """The change has no workflow now: it ended, was lost, or has not begun yet."""
    why: ApiError | None = None
    async with parts.sessions.begin() as session:
        change = await locked(session, change_id)
        row = await session.get_one(DecisionRow, decision.id, with_for_update=True)
        if row.closed_at is not None:
            return
        if change.status == ChangeStatus.PENDING:
            raise NobodyAnswersError("the workflow of this change has not begun yet")
        now = await situation_of(session, change, parts.clock())
        try:
            if change.status not in {ChangeStatus.ACTIVE, ChangeStatus.NEEDS_ATTENTION}:
                _require_permission(decision.action, decision.role, decision.actor, now)
                await park_lost(session, change, "No workflow was found.", parts.clock())
                now = await situation_of(session, change, parts.clock())
            _require_permission(decision.action, decision.role, decision.actor, now)
        except ApiError as error:
            why = error
        if why is None and decision.action is Action.DISCARD_REVISION and change.ended_at:
            await take(session, change, decision, parts.clock())
            session.add(_audit(parts, change, row, "done", row.reason))
            return
        if why is None:
            session.add(outbox_row("resume", change_id, {"decision": decision.id}, parts.clock()))
    if why is not None:
        await _refuse(parts, change_id, decision, str(why))
        raise why
    await _until_taken(parts, decision.id)


async def _until_taken(parts: Parts, decision_id: str) -> None:
    """Wait a little for the further run, so that the answer shows what it did."""
    until = asyncio.get_running_loop().time() + RESUMED_WITHIN
    while asyncio.get_running_loop().time() < until:
        async with parts.sessions() as session:
            row = await session.get_one(DecisionRow, decision_id)
        if row.closed_at is not None:
            return
        await asyncio.sleep(_LOOK_EVERY)


def _require_permission(action: Action, role: Role, principal: str, now: Situation) -> None:
    may = permission(action, role=role, principal=principal, now=now)
    if not may.allowed:
        raise ApiError(str(may.refusal), may.reason or "")


async def _refuse(parts: Parts, change_id: str, decision: Decision, why: str) -> None:
    """The workflow did not take it: the row is closed and the refusal on record, once."""
    async with parts.sessions.begin() as session:
        row = await session.get_one(DecisionRow, decision.id, with_for_update=True)
        if row.closed_at is not None:
            return
        row.state, row.why, row.closed_at = DecisionState.REFUSED, why, parts.clock()
        change = await session.get_one(ServiceChangeRow, change_id)
        session.add(_audit(parts, change, row, "refused", why))


def _audit(
    parts: Parts, change: ServiceChangeRow, row: DecisionRow, outcome: str, reason: str
) -> object:
    return audit_entry(
        at=parts.clock(),
        actor=row.actor,
        actor_kind="person",
        action=row.action,
        outcome=outcome,
        change=change,
        reason=reason,
        facts=decided(row),
    )


async def record_refusal(parts: Parts, change_id: str, actor: str, action: str, why: str) -> None:
    """Put on record that somebody was refused something that never became a decision."""
    async with parts.sessions.begin() as session:
        change = await session.get_one(ServiceChangeRow, change_id)
        session.add(
            audit_entry(
                at=parts.clock(),
                actor=actor,
                actor_kind="person",
                action=action,
                outcome="refused",
                change=change,
                reason=why,
            )
        )
