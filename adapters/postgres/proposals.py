"""Decisions before the workflow has them: given at once, or proposed to a second person."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from adapters.postgres.tables import ServiceChangeRow
from adapters.postgres.tables_desk import DecisionRow
from domain.contracts import ServiceChangeView
from domain.contracts_failures import FieldDifferenceView, PendingDecisionView
from domain.decisions import DecisionPayload, DecisionState
from domain.identifiers import fingerprint
from domain.messages import Decision
from domain.service_change import Action, Role

PROPOSAL_LIFE: Final = timedelta(hours=24)
"""A confirmation a day later is one nobody remembers asking for."""


@dataclass(frozen=True, slots=True)
class NewDecision:
    """What a person wants done, ready to go on record."""

    decision: Decision
    reason: str
    payload: DecisionPayload
    needs_second: bool
    at: datetime


async def put_on_record(
    session: AsyncSession, change: ServiceChangeRow, new: NewDecision
) -> DecisionRow | None:
    """The decision's row, new or as it is on record; None while another proposal is open."""
    decision = new.decision
    state = DecisionState.PROPOSED if new.needs_second else DecisionState.GIVEN
    await lapse_expired(session, change.id, new.at)
    await session.execute(
        insert(DecisionRow)
        .values(
            id=decision.id,
            change_id=change.id,
            submitted_by=change.submitted_by,
            action=decision.action,
            actor=decision.actor,
            role=decision.role,
            reason=new.reason,
            payload=new.payload.model_dump(mode="json", exclude_defaults=True),
            plan_sha256=decision.plan_sha256,
            document_version=(change.plan or {}).get("document_version", 0),
            document_sha256=decision.document_sha256,
            revision=decision.revision,
            state=state,
            needs_second=new.needs_second,
            expires_at=new.at + PROPOSAL_LIFE if new.needs_second else None,
            at=new.at,
            why="",
        )
        .on_conflict_do_nothing()
    )
    return await session.get(DecisionRow, decision.id)


async def lapse_expired(session: AsyncSession, change_id: str, now: datetime) -> None:
    """Proposals nobody answered in time make room."""
    for row in await open_proposals(session, change_id):
        if row.expires_at is not None and row.expires_at <= now:
            row.state, row.closed_at = DecisionState.LAPSED, now
            row.why = "Nobody confirmed it in time."
    await session.flush()


async def open_proposals(session: AsyncSession, change_id: str) -> Sequence[DecisionRow]:
    """What waits for a second person; at most one, by the index of the table."""
    rows = await session.scalars(
        select(DecisionRow).where(
            DecisionRow.change_id == change_id, DecisionRow.state == DecisionState.PROPOSED
        )
    )
    return list(rows)


def message_of(row: DecisionRow) -> Decision:
    """The decision as the engine is told of it: reason and contents stay on record."""
    return Decision(
        id=row.id,
        action=Action(row.action),
        actor=row.actor,
        role=Role(row.role),
        plan_sha256=row.plan_sha256,
        document_sha256=row.document_sha256,
        revision=row.revision,
        second_actor=row.second_actor,
    )


def pending_view(row: DecisionRow, change: ServiceChangeView) -> PendingDecisionView:
    """A proposal as a second person is shown it."""
    payload = DecisionPayload.model_validate(row.payload)
    evidence = payload.evidence.model_dump(exclude_none=True) if payload.evidence else {}
    return PendingDecisionView(
        id=row.id,
        action=Action(row.action),
        proposed_by=row.actor,
        reason=row.reason,
        proposed_at=row.at,
        expires_at=row.expires_at or row.at + PROPOSAL_LIFE,
        differences=[
            FieldDifferenceView(field=item.field, before=item.before, after=item.after)
            for item in payload.differences
        ],
        evidence=evidence,
        sha256=seen_sha256(row, change),
    )


def seen_sha256(row: DecisionRow, change: ServiceChangeView) -> str:
    """The hash of a proposal and of everything it would act on, as the change stands now."""
    seen: dict[str, Any] = {
        "decision": [row.id, row.action, row.actor, row.reason, row.payload],
        "status": change.status,
        "details": change.details,
        "requested_date": change.requested_date.isoformat(),
        "plan": change.plan.sha256 if change.plan else None,
        "documents": [[each.version, each.sha256, each.state] for each in change.document_versions],
        "effects": [
            [each.idempotency_key, each.status, each.vendor_reference] for each in change.effects
        ],
        "failure": change.failure.fingerprint if change.failure else None,
    }
    return fingerprint(seen)
