"""What a decision does to the record when the workflow takes it, or why it no longer holds."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from adapters.postgres.acceptance import wish_sha256
from adapters.postgres.audit import add_identifier
from adapters.postgres.documents import (
    current_version,
    discard_pending,
    newest_pending,
    promote_pending,
)
from adapters.postgres.tables import EffectRow, ServiceChangeRow
from adapters.postgres.tables_desk import DeadLetterRow, DecisionRow
from domain.decisions import DecisionPayload, DecisionState
from domain.identifiers import System, replay_of
from domain.messages import Decision
from domain.service_change import Action, EffectStatus
from domain.vendor_values import REFERENCE_KIND

STALE_PLAN: Final = "The plan or the document has changed since it was looked at; look again."
STALE_REVISION: Final = "Another document version has come since; look again."


async def take(
    session: AsyncSession, change: ServiceChangeRow, decision: Decision, now: datetime
) -> DecisionRow:
    """Carry a decision out on the record, once; its state says whether it was taken or refused.

    The change's row must be locked. A decision taken or refused before is left as it is.
    """
    row = await session.get(DecisionRow, decision.id, with_for_update=True)
    if row is None:
        row = _by_signal(change, decision, now)
        session.add(row)
    if row.closed_at is not None:
        return row
    why = await _EFFECTS.get(row.action, _nothing)(session, change, row)
    row.state = DecisionState.REFUSED if why else DecisionState.TAKEN
    row.why = why
    row.closed_at = now
    return row


def _by_signal(change: ServiceChangeRow, decision: Decision, now: datetime) -> DecisionRow:
    """A decision that did not come through our API."""
    return DecisionRow(
        id=decision.id,
        change_id=change.id,
        submitted_by=change.submitted_by,
        action=decision.action,
        actor=decision.actor,
        role=decision.role,
        reason=decision.reason,
        payload={},
        plan_sha256=decision.plan_sha256,
        document_version=(change.plan or {}).get("document_version", 0),
        document_sha256=decision.document_sha256,
        revision=decision.revision,
        state=DecisionState.GIVEN,
        needs_second=False,
        at=now,
        why="",
    )


async def _nothing(session: AsyncSession, change: ServiceChangeRow, row: DecisionRow) -> str:
    del session, change, row
    return ""


async def _approve(session: AsyncSession, change: ServiceChangeRow, row: DecisionRow) -> str:
    planned = (change.plan or {}).get("document_version", 0)
    if await current_version(session, change.id) != planned:
        return STALE_PLAN
    if row.plan_sha256 != change.plan_sha256:
        return STALE_PLAN
    change.approved_plan_sha256 = change.plan_sha256
    return ""


async def _correct(session: AsyncSession, change: ServiceChangeRow, row: DecisionRow) -> str:
    del session
    corrected = DecisionPayload.model_validate(row.payload).corrected
    if corrected is None:
        return "A correction needs its fields; send it through the API."
    change.details = corrected["details"]
    change.requested_date = date.fromisoformat(corrected["requested_date"])
    change.note = corrected["note"]
    change.wish_sha256 = wish_sha256(change.account_id, change.kind, change.details)
    return ""


async def _skip(session: AsyncSession, change: ServiceChangeRow, row: DecisionRow) -> str:
    """The step counts as done by the evidence given; a skipped reversal as an undoing by hand."""
    evidence = DecisionPayload.model_validate(row.payload).evidence
    if evidence is None:
        return "Skipping needs its evidence; send it through the API."
    parked = await open_dead_letter(session, change.id)
    effect = parked and await session.scalar(
        select(EffectRow)
        .where(EffectRow.change_id == change.id, EffectRow.step == parked.step)
        .order_by(EffectRow.intended_at.desc())
        .limit(1)
    )
    if not effect:
        return ""
    shown = evidence.model_dump(exclude_none=True)
    effect.status = EffectStatus.SKIPPED
    effect.in_doubt = 0
    effect.closed_at = effect.closed_at or row.second_at
    effect.facts = effect.facts | {"evidence": shown, "skipped_by": [row.actor, row.second_actor]}
    if evidence.vendor_reference:
        effect.vendor_reference = evidence.vendor_reference
        kind = REFERENCE_KIND[System(effect.system)]
        await add_identifier(session, change.id, kind, evidence.vendor_reference)
    if effect.reverses:
        await session.execute(
            update(EffectRow)
            .where(EffectRow.idempotency_key == effect.reverses)
            .values(status=EffectStatus.REVERSED)
        )
    return ""


async def open_dead_letter(session: AsyncSession, change_id: str) -> DeadLetterRow | None:
    """Where the change stands still now, if it does."""
    found: DeadLetterRow | None = await session.scalar(
        select(DeadLetterRow).where(
            DeadLetterRow.change_id == change_id, DeadLetterRow.closed_at.is_(None)
        )
    )
    return found


async def _apply_revision(session: AsyncSession, change: ServiceChangeRow, row: DecisionRow) -> str:
    if await newest_pending(session, change.id) != row.revision:
        return STALE_REVISION
    await promote_pending(session, change.id)
    change.next_action = None
    return ""


async def _discard_revision(
    session: AsyncSession, change: ServiceChangeRow, row: DecisionRow
) -> str:
    if await newest_pending(session, change.id) != row.revision:
        return STALE_REVISION
    await discard_pending(session, change.id)
    change.next_action = None
    return ""


_EFFECTS: Final[
    Mapping[str, Callable[[AsyncSession, ServiceChangeRow, DecisionRow], Awaitable[str]]]
] = {
    Action.APPROVE: _approve,
    Action.CORRECT: _correct,
    Action.SKIP: _skip,
    Action.APPLY_REVISION: _apply_revision,
    Action.DISCARD_REVISION: _discard_revision,
}
"""What each action does besides moving the status; the answer is why it no longer holds."""


def decided(row: DecisionRow) -> dict[str, Any]:
    """What the audit trail says of a decision besides who and why."""
    payload = DecisionPayload.model_validate(row.payload)
    facts: dict[str, Any] = {"decision": row.id}
    if (replay := replay_of(row.id)) is not None:
        facts["replay"] = replay
    if row.second_actor:
        facts["second_person"] = row.second_actor
    if payload.differences:  # names only: what is corrected may be an address
        facts["corrected"] = [difference.field for difference in payload.differences]
    if payload.evidence:
        facts["evidence"] = payload.evidence.model_dump(exclude_none=True)
    if row.revision is not None:
        facts["document_version"] = row.revision
    return facts
