"""Writes what the workflow decided into our own record: status, plan, refused decisions."""

from temporalio import activity

from activities.records import Records
from domain.catalogue import Product
from domain.messages import (
    ApprovalInput,
    ApprovalRequest,
    NoticeKind,
    RefusedDecision,
    TransitionInput,
)
from domain.notices import notice_for
from domain.plan import build_plan
from domain.service_change import CheckName

THE_WORKFLOW = "throughline"


class RecordActivities:
    """Our own record, written by the workflow alone once a change is accepted."""

    def __init__(self, records: Records) -> None:
        self._records = records

    @activity.defn(name="record_transition")
    async def record_transition(self, step: TransitionInput) -> None:
        """Record a status with its reason. Safe to repeat."""
        async with self._records.begin() as record:
            await record.transition(step)

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
