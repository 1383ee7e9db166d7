"""The four checks for a change that nobody has submitted: same questions, nothing recorded."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from temporalio import activity

from activities.judgements import (
    facts_of_account,
    facts_of_date,
    facts_of_document,
    facts_of_standing,
    judge_completeness,
    judge_date,
    judge_entitlement,
    judge_standing,
)
from activities.ports import Billing, Crm, Scheduling
from activities.unrecorded import UnrecordedCalls
from domain.catalogue import visit_for
from domain.identifiers import System
from domain.previewing import PreviewCheck, PreviewInput
from domain.vendor_values import VendorCall

Answer = TypeVar("Answer")


class PreviewActivities:
    """Reads only; safe to repeat. Each raises vendor failures and leaves no row behind."""

    def __init__(
        self, calls: UnrecordedCalls, crm: Crm, billing: Billing, scheduling: Scheduling
    ) -> None:
        self._calls = calls
        self._crm = crm
        self._billing = billing
        self._scheduling = scheduling

    @activity.defn(name="preview_entitlement")
    async def preview_entitlement(self, what: PreviewInput) -> PreviewCheck:
        """Whether the account would be entitled."""
        facts = await self._ask(
            what,
            System.CRM,
            "check_entitlement",
            lambda call: self._crm.read_account(call, what.account_id),
        )
        result = judge_entitlement(what.account_id, what.wish, what.requested_date, facts)
        return PreviewCheck(result=result, facts=dict(facts_of_account(facts)))

    @activity.defn(name="preview_standing")
    async def preview_standing(self, what: PreviewInput) -> PreviewCheck:
        """Whether the account owes nothing overdue, and what it pays."""
        standing = await self._ask(
            what,
            System.BILLING,
            "check_standing",
            lambda call: self._billing.read_standing(call, what.account_id),
        )
        result = judge_standing(what.account_id, standing)
        return PreviewCheck(result=result, facts=dict(facts_of_standing(standing)))

    @activity.defn(name="preview_date")
    async def preview_date(self, what: PreviewInput) -> PreviewCheck:
        """Whether the requested date could be had; it holds no slot."""
        visit = visit_for(what.wish)
        answer = await self._ask(
            what,
            System.SCHEDULING,
            "check_date",
            lambda call: self._scheduling.read_availability(
                call, what.account_id, what.requested_date, visit
            ),
        )
        result = judge_date(what.account_id, answer)
        return PreviewCheck(result=result, facts=dict(facts_of_date(answer, visit)))

    @activity.defn(name="preview_completeness")
    async def preview_completeness(self, what: PreviewInput) -> PreviewCheck:
        """Whether document and fields would be complete; the bytes were judged at the door."""
        kind, version = what.wish.kind, what.document_version
        result = judge_completeness(kind, what.duplicate_of, version, readable=True)
        return PreviewCheck(result=result, facts=dict(facts_of_document(kind, version, None)))

    async def _ask(
        self,
        what: PreviewInput,
        system: System,
        step: str,
        question: Callable[[VendorCall], Awaitable[Answer]],
    ) -> Answer:
        return await self._calls.ask(
            VendorCall(what.correlation_id),
            system,
            step,
            question,
            caller=activity.info().workflow_id or "",
            scope=what.wish.kind,
        )
