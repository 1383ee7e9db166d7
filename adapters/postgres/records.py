"""Our own record as activities see it, in SQL. One transaction per block."""

import dataclasses
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from adapters.postgres import mapping
from adapters.postgres.audit import audit_entry
from adapters.postgres.effects import EffectRecords
from adapters.postgres.tables import (
    AttemptRow,
    CheckRow,
    DecisionRow,
    DocumentVersionRow,
    NotificationRow,
    ServiceChangeRow,
    TicketRow,
)
from adapters.postgres.traffic import (
    TrafficRecords,
    gates_in_the_way,
    pauses_in_the_way,
    traffic,
    unsettled,
)
from domain.errors import SELF_HEALING
from domain.messages import CheckResult, Decision, RefusedDecision, TransitionInput
from domain.plan import Plan
from domain.records import Attempt, ChangeRecord, OperationsNotice
from domain.service_change import (
    FINAL,
    ChangeStatus,
    DocumentState,
    require_transition,
)

Clock = Callable[[], datetime]


_LOAD = (
    select(
        ServiceChangeRow,
        DocumentVersionRow,
        TicketRow.reference,
        gates_in_the_way,
        pauses_in_the_way,
        unsettled,
    )
    .outerjoin(
        DocumentVersionRow,
        (DocumentVersionRow.change_id == ServiceChangeRow.id)
        & (DocumentVersionRow.state == DocumentState.CURRENT),
    )
    .outerjoin(
        TicketRow,
        (TicketRow.change_id == ServiceChangeRow.id) & (TicketRow.closed_at.is_(None)),
    )
    .where(ServiceChangeRow.id == bindparam("change_id"))
)
"""A change with everything a step has to know before it calls anybody: one round trip."""


class PostgresRecords:
    """Opens transactions on one engine."""

    def __init__(self, sessions: async_sessionmaker[AsyncSession], clock: Clock) -> None:
        self._sessions = sessions
        self._clock = clock

    @asynccontextmanager
    async def begin(self) -> AsyncIterator["PostgresRecordTransaction"]:
        """One transaction; committed when the block ends well, else rolled back."""
        async with self._sessions.begin() as session:
            yield PostgresRecordTransaction(session, self._clock)


class PostgresRecordTransaction(EffectRecords, TrafficRecords):
    """What one transaction can do; see `activities.records.RecordTransaction`."""

    def __init__(self, session: AsyncSession, clock: Clock) -> None:
        self._session = session
        self._now = clock

    async def load(self, change_id: str) -> ChangeRecord:
        """The change as it stands."""
        found = (await self._session.execute(_LOAD, {"change_id": change_id})).first()
        if found is None:
            raise KeyError(change_id)
        change, document, ticket, gates, pauses, open_effects = found
        return dataclasses.replace(
            mapping.change_record(change, document, ticket),
            traffic=traffic(gates, pauses),
            unsettled=tuple(open_effects or ()),
            waits_on=frozenset(item.get("pause", item["party"]) for item in change.waiting_on),
        )

    async def transition(self, step: TransitionInput) -> None:
        """Move the status and write the audit entry."""
        change = await self._locked(step.change_id)
        current = ChangeStatus(change.status)
        if step.decision is not None:
            await self._save_decision(change, step.decision)
        if current is step.to:
            return
        require_transition(current, step.to)
        now = self._now()
        change.status = step.to
        change.updated_at = now
        change.ended_at = now if step.to in FINAL else None
        change.waiting_on = [item.model_dump() for item in step.waiting_on]
        change.next_action = step.next_action
        change.due_at = step.due_at
        if step.to is not ChangeStatus.NEEDS_ATTENTION:
            change.failure = None
        self._session.add(
            audit_entry(
                at=now,
                actor=step.actor,
                actor_kind=step.actor_kind,
                action=step.decision.action if step.decision else "transition",
                change=change,
                from_status=current,
                to_status=step.to,
                reason=step.reason,
            )
        )

    async def refuse(self, refused: RefusedDecision) -> None:
        """Put a decision that does not fit on record."""
        change = await self._locked(refused.change_id)
        decision = refused.decision
        self._session.add(
            audit_entry(
                at=self._now(),
                actor=decision.actor,
                actor_kind="person",
                action=decision.action,
                outcome="refused",
                change=change,
                reason=refused.why,
            )
        )

    async def save_check(
        self, change_id: str, round_: int, result: CheckResult, facts: Mapping[str, Any]
    ) -> None:
        """Keep the answer of one check of one round."""
        values = {
            "system": result.system,
            "outcome": result.outcome,
            "code": result.code,
            "detail": result.sentence,
            "facts": dict(facts),
            "at": self._now(),
        }
        await self._session.execute(
            insert(CheckRow)
            .values(change_id=change_id, round=round_, name=result.name, **values)
            .on_conflict_do_update(index_elements=["change_id", "round", "name"], set_=values)
        )

    async def check_facts(self, change_id: str, round_: int) -> Mapping[str, Mapping[str, Any]]:
        """What the checks of a round found out."""
        rows = await self._session.execute(
            select(CheckRow.name, CheckRow.facts).where(
                CheckRow.change_id == change_id, CheckRow.round == round_
            )
        )
        return dict(rows.all())

    async def save_plan(self, change_id: str, plan: Plan) -> None:
        """Keep what an approval will be about."""
        await self._session.execute(
            update(ServiceChangeRow)
            .where(ServiceChangeRow.id == change_id)
            .values(plan=plan.model_dump(mode="json"), plan_sha256=plan.sha256)
        )

    async def queue_notice(self, notice: OperationsNotice) -> frozenset[str]:
        """Put an item in the operations queue."""
        await self._session.execute(
            insert(NotificationRow)
            .values(
                id=notice.id,
                change_id=notice.change_id,
                kind=notice.kind,
                created_at=self._now(),
                delivered={},
            )
            .on_conflict_do_nothing()
        )
        delivered = await self._session.scalar(
            select(NotificationRow.delivered).where(NotificationRow.id == notice.id)
        )
        return frozenset(delivered or {})

    async def mark_delivered(self, notice: OperationsNotice, channel: str) -> None:
        """Note that the item went out by that channel."""
        await self._session.execute(
            update(NotificationRow)
            .where(NotificationRow.id == notice.id)
            .values(
                delivered=NotificationRow.delivered.op("||")(
                    func.jsonb_build_object(channel, self._now().isoformat())
                )
            )
        )

    async def save_attempt(self, attempt: Attempt) -> None:
        """Keep one try; a failed one becomes the change's failure, a good one clears it."""
        earlier = (
            select(func.count())
            .select_from(AttemptRow)
            .where(AttemptRow.change_id == attempt.change_id, AttemptRow.step == attempt.step)
            .scalar_subquery()
        )
        number = await self._session.scalar(
            insert(AttemptRow)
            .values(attempt=earlier + 1, **mapping.attempt_values(attempt))
            .returning(AttemptRow.attempt)
        )
        if number is None or (attempt.code is None and number == 1):
            return
        change = await self._locked(attempt.change_id)
        if attempt.code is None:
            if change.failure and change.failure["step"] == attempt.step:
                change.failure, change.waiting_on, change.next_action = None, [], None
            return
        if change.ended_at is not None:  # a try that was under way when the change ended
            return
        change.failure = mapping.failure(change.failure, attempt, number)
        change.updated_at = attempt.finished_at
        if attempt.code in SELF_HEALING:
            change.waiting_on = [{"party": attempt.system, "what": "An answer."}]
            change.next_action = mapping.waiting_sentence(attempt)

    async def save_ticket(self, change_id: str, reference: str, subject: str) -> None:
        """Keep an opened ticket."""
        await self._session.execute(
            insert(TicketRow)
            .values(
                change_id=change_id,
                reference=reference,
                subject=subject,
                status="open",
                opened_at=self._now(),
            )
            .on_conflict_do_nothing()
        )

    async def close_ticket(self, change_id: str, reference: str) -> None:
        """Mark a ticket closed."""
        await self._session.execute(
            update(TicketRow)
            .where(TicketRow.change_id == change_id, TicketRow.reference == reference)
            .values(status="closed", closed_at=self._now())
        )

    async def _locked(self, change_id: str) -> ServiceChangeRow:
        # Rows that refer to the change hold a key share of it; asking for more than NO KEY UPDATE
        # would have two activities of one change wait for each other.
        return await self._session.get_one(
            ServiceChangeRow, change_id, with_for_update={"key_share": True}
        )

    async def _save_decision(self, change: ServiceChangeRow, decision: Decision) -> None:
        document = (change.plan or {}).get("document_version", 0)
        await self._session.execute(
            insert(DecisionRow)
            .values(
                id=decision.id,
                change_id=change.id,
                submitted_by=change.submitted_by,
                action=decision.action,
                actor=decision.actor,
                role=decision.role,
                reason=decision.reason,
                plan_sha256=decision.plan_sha256,
                document_version=document,
                document_sha256=decision.document_sha256,
                at=self._now(),
            )
            .on_conflict_do_nothing()
        )
