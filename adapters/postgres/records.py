"""Our own record as activities see it, in SQL. One transaction per block."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from adapters.postgres import mapping
from adapters.postgres.audit import add_identifier, audit_entry
from adapters.postgres.tables import (
    AttemptRow,
    CheckRow,
    DocumentVersionRow,
    EffectRow,
    NotificationRow,
    ServiceChangeRow,
    TicketRow,
)
from adapters.postgres.transitions import locked, transition
from domain.failure_policy import SELF_HEALING
from domain.identifiers import fingerprint
from domain.messages import CheckResult, RefusedDecision, TransitionInput, TransitionResult
from domain.plan import Plan
from domain.records import Attempt, ChangeRecord, EffectIntent, EffectState, OperationsNotice
from domain.service_change import DocumentState, EffectStatus
from domain.steps import Step
from domain.vendor_values import REFERENCE_KIND, EffectEvidence

Clock = Callable[[], datetime]


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


class PostgresRecordTransaction:
    """What one transaction can do; see `activities.records.RecordTransaction`."""

    def __init__(self, session: AsyncSession, clock: Clock) -> None:
        self._session = session
        self._now = clock

    async def load(self, change_id: str) -> ChangeRecord:
        """The change as it stands."""
        statement = (
            select(ServiceChangeRow, DocumentVersionRow, TicketRow.reference)
            .outerjoin(
                DocumentVersionRow,
                (DocumentVersionRow.change_id == ServiceChangeRow.id)
                & (DocumentVersionRow.state == DocumentState.CURRENT),
            )
            .outerjoin(
                TicketRow,
                (TicketRow.change_id == ServiceChangeRow.id) & (TicketRow.closed_at.is_(None)),
            )
            .where(ServiceChangeRow.id == change_id)
        )
        found = (await self._session.execute(statement)).first()
        if found is None:
            raise KeyError(change_id)
        return mapping.change_record(*found)

    async def transition(self, step: TransitionInput) -> TransitionResult:
        """Move the status, take the decision and write the audit entry."""
        return await transition(self._session, step, self._now())

    async def refuse(self, refused: RefusedDecision) -> None:
        """Put a decision that does not fit on record."""
        change = await locked(self._session, refused.change_id)
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

    async def save_plan(self, change_id: str, plan: Plan, *, approved: bool = False) -> None:
        """Keep what an approval will be about, or what it is about now."""
        await self._session.execute(
            update(ServiceChangeRow)
            .where(ServiceChangeRow.id == change_id)
            .values(
                plan=plan.model_dump(mode="json"),
                plan_sha256=plan.sha256,
                approved_plan_sha256=plan.sha256 if approved else None,
            )
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

    async def intend(self, intent: EffectIntent) -> EffectState:
        """Write the effect before the call, or count a further attempt of it."""
        now = self._now()
        done = EffectRow.status == EffectStatus.APPLIED
        mine = EffectRow.change_id == intent.change_id, EffectRow.step == intent.step
        earlier = select(func.count()).select_from(EffectRow).where(*mine).scalar_subquery()
        statement = (
            insert(EffectRow)
            .values(
                idempotency_key=intent.key,
                change_id=intent.change_id,
                system=intent.system,
                step=intent.step,
                summary=intent.summary,
                document_version=intent.document_version,
                payload_version=earlier + 1,
                payload_sha256=fingerprint(intent.payload),
                status=EffectStatus.INTENDED,
                attempts=1,
                reverses=intent.reverses,
                facts={},
                intended_at=now,
            )
            .on_conflict_do_update(
                index_elements=["idempotency_key"],
                set_={
                    "attempts": EffectRow.attempts + 1,
                    "closed_at": None,
                    "status": EffectStatus.INTENDED,
                },
                where=~done,
            )
            .returning(EffectRow)
        )
        row = await self._session.scalar(statement, execution_options={"populate_existing": True})
        if row is None:  # done already, and left as it is
            row = await self._session.get_one(EffectRow, intent.key)
        return mapping.effect_state(row)

    async def close_effect(
        self, key: str, status: EffectStatus, evidence: EffectEvidence | None = None
    ) -> None:
        """Complete the effect after the call; a reversal also marks what it reversed."""
        proof = (
            {"vendor_reference": evidence.vendor_reference, "facts": dict(evidence.facts)}
            if evidence
            else {}
        )
        changed = await self._session.execute(
            update(EffectRow)
            .where(EffectRow.idempotency_key == key)
            .values(
                status=status,
                closed_at=None if status is EffectStatus.UNKNOWN else self._now(),
                **proof,
            )
            .returning(EffectRow.change_id, EffectRow.system, EffectRow.reverses)
        )
        row = changed.one()
        if evidence is None:
            return
        kind = REFERENCE_KIND[mapping.system(row.system)]
        await add_identifier(self._session, row.change_id, kind, evidence.vendor_reference)
        if row.reverses is not None:
            await self._session.execute(
                update(EffectRow)
                .where(EffectRow.idempotency_key == row.reverses)
                .values(status=EffectStatus.REVERSED)
            )

    async def effect_of(self, change_id: str, step: Step) -> EffectState | None:
        """The latest effect of a step."""
        row = await self._session.scalar(
            select(EffectRow)
            .where(EffectRow.change_id == change_id, EffectRow.step == step)
            .order_by(EffectRow.intended_at.desc())
            .limit(1)
        )
        return mapping.effect_state(row) if row else None

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
        change = await locked(self._session, attempt.change_id)
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
            change.failure |= {"next_action": change.next_action}

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
