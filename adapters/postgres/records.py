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
from adapters.postgres.drift import link_change
from adapters.postgres.effects import EffectRecords
from adapters.postgres.tables import (
    AttemptRow,
    CheckRow,
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
from adapters.postgres.transitions import locked, transition
from domain.failure_policy import SELF_HEALING
from domain.messages import CheckResult, RefusedDecision, TransitionInput, TransitionResult
from domain.plan import Plan
from domain.records import Attempt, ChangeRecord, OperationsNotice
from domain.service_change import ChangeStatus, DocumentState

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
                ),
                undelivered=NotificationRow.undelivered.op("-")(channel),
            )
        )

    async def mark_undelivered(self, notice: OperationsNotice, channel: str, why: str) -> None:
        """Note that the item could not go out by that channel, and why."""
        tried = func.jsonb_build_object("at", self._now().isoformat(), "why", why)
        await self._session.execute(
            update(NotificationRow)
            .where(NotificationRow.id == notice.id)
            .values(
                undelivered=NotificationRow.undelivered.op("||")(
                    func.jsonb_build_object(channel, tried)
                )
            )
        )

    async def save_attempt(self, attempt: Attempt) -> None:
        """Keep one try; a failed one becomes the change's failure, a good one clears it.

        What a change is parked for stays as it is until somebody has it go on: tries of others
        may still be under way, and an effect left open is looked up meanwhile.
        """
        if attempt.sighting is not None:
            await link_change(
                self._session, attempt.sighting, attempt.change_id, attempt.finished_at
            )
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
        if change.status == ChangeStatus.NEEDS_ATTENTION or change.ended_at is not None:
            return
        if attempt.code is None:
            if change.failure and change.failure["step"] == attempt.step:
                change.failure, change.waiting_on, change.next_action = None, [], None
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
