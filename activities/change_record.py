"""Writes what the workflow decided into our own record: status, plan, refused decisions."""

import dataclasses

from temporalio import activity

from activities.failures import internal_failure
from activities.intents import approved_plan, intent_for
from activities.records import Records
from domain.catalogue import Product
from domain.errors import TransitionError
from domain.identifiers import fingerprint
from domain.messages import (
    ApprovalInput,
    ApprovalRequest,
    NoticeKind,
    RefusedDecision,
    RevisionInput,
    RevisionResult,
    TransitionInput,
    TransitionResult,
)
from domain.notices import notice_for
from domain.payloads import PAYLOADS
from domain.plan import build_plan
from domain.service_change import CheckName, EffectStatus

THE_WORKFLOW = "throughline"


class RecordActivities:
    """Our own record, written by the workflow alone once a change is accepted."""

    def __init__(self, records: Records) -> None:
        self._records = records

    @activity.defn(name="record_transition")
    async def record_transition(self, step: TransitionInput) -> TransitionResult:
        """Record a status with its reason and the decision it rests on. Safe to repeat.

        The answer says whether that decision still held. Raises a final failure for a step that
        the table of transitions does not hold.
        """
        try:
            async with self._records.begin() as record:
                return await record.transition(step)
        except TransitionError as error:
            raise internal_failure("record_transition", str(error)) from error

    @activity.defn(name="record_refused_decision")
    async def record_refused_decision(self, refused: RefusedDecision) -> None:
        """Put a decision that does not fit on record. Safe to repeat."""
        async with self._records.begin() as record:
            await record.refuse(refused)

    @activity.defn(name="request_approval")
    async def request_approval(self, request: ApprovalInput) -> ApprovalRequest:
        """Write the plan that an approval will be about, and queue it for operations.

        One transaction; safe to repeat.
        """
        async with self._records.begin() as record:
            change = await record.load(request.change_id)
            facts = await record.check_facts(change.id, request.round)
            plan = build_plan(
                wish=change.wish,
                details=change.stored_details,
                requested_date=change.requested_date,
                document_version=change.document_version,
                document_sha256=change.document.sha256 if change.document else None,
                held=frozenset(Product(p) for p in facts[CheckName.ENTITLEMENT]["products"]),
                recurring_minor=facts[CheckName.STANDING]["recurring_minor"],
                ticket=change.open_ticket,
            )
            await record.save_plan(change.id, plan)
            await record.queue_notice(
                notice_for(change, NoticeKind.APPROVAL_REQUESTED, request.round, request.due_at)
            )
        return ApprovalRequest(
            plan_sha256=plan.sha256,
            document_version=plan.document_version,
            document_sha256=plan.document_sha256,
            due_at=request.due_at,
        )

    @activity.defn(name="revise_plan")
    async def revise_plan(self, revision: RevisionInput) -> RevisionResult:
        """Plan for the document version that is current now, and say what differs by it.

        A step differs if what it asks of its vendor is not what stands there. One transaction;
        safe to repeat.
        """
        async with self._records.begin() as record:
            change = await record.load(revision.change_id)
            plan = approved_plan(change).model_copy(
                update={
                    "document_version": change.document_version,
                    "document_sha256": change.document.sha256 if change.document else None,
                }
            )
            await record.save_plan(change.id, plan, approved=True)
            revised = dataclasses.replace(change, plan=plan)
            differing = []
            for step in PAYLOADS:
                state = await record.effect_of(change.id, step)
                asked = fingerprint(intent_for(revised, step, revision.attempt_group).payload)
                if state and state.status is EffectStatus.APPLIED and state.payload_sha256 != asked:
                    differing.append(step)
        return RevisionResult(differing=tuple(differing))
