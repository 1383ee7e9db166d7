"""Asks billing for the account's standing, posts a change's lines and reverses them."""

from temporalio import activity

from activities.calls import Effect, VendorCalls
from activities.checks import keep
from activities.intents import approved_plan, intent_for, reversal_of
from activities.judgements import facts_of_standing, judge_standing
from activities.ports import Billing
from activities.records import Records, RecordTransaction
from domain.identifiers import System
from domain.messages import CheckInput, CheckResult, EffectResult, StepInput
from domain.payloads import billing_posting
from domain.records import ChangeRecord
from domain.steps import Step


class BillingActivities:
    """Billing owns prices, invoices and standing; we post and reverse a change's own lines."""

    def __init__(self, records: Records, calls: VendorCalls, billing: Billing) -> None:
        self._records = records
        self._calls = calls
        self._billing = billing

    @activity.defn(name="check_standing")
    async def check_standing(self, check: CheckInput) -> CheckResult:
        """Whether the account owes nothing overdue. A read; safe to repeat."""
        async with self._records.begin() as record:
            change = await record.load(check.change_id)
        standing, attempt = await self._calls.ask(
            change,
            System.BILLING,
            "check_standing",
            lambda call: self._billing.read_standing(call, change.account_id),
        )
        result = judge_standing(change.account_id, standing)
        return await keep(self._records, check, result, facts_of_standing(standing), attempt)

    @activity.defn(name="post_billing_change")
    async def post_billing_change(self, step: StepInput) -> EffectResult:
        """Post the approved lines, once per key. Raises vendor failures."""

        async def prepare(record: RecordTransaction, change: ChangeRecord) -> Effect:
            del record
            posting = billing_posting(change, approved_plan(change))
            return Effect(
                intent_for(change, Step.POST_BILLING_CHANGE, step.attempt_group),
                lambda call: self._billing.post_change(call, posting),
                self._billing.find_posting,
            )

        return await self._calls.perform(step, prepare)

    @activity.defn(name="reverse_billing_change")
    async def reverse_billing_change(self, step: StepInput) -> EffectResult:
        """Undo the posting by a new line, once. Raises vendor failures."""
        posted = await self._calls.settle(
            step.change_id, Step.POST_BILLING_CHANGE, self._billing.find_posting
        )
        if posted is None:
            return EffectResult(step=Step.POST_BILLING_CHANGE, vendor_reference="")

        async def prepare(record: RecordTransaction, change: ChangeRecord) -> Effect:
            del record
            reference = posted.vendor_reference
            return Effect(
                reversal_of(change, posted, step),
                lambda call: self._billing.reverse_posting(call, reference, step.reason),
                lambda call: self._billing.find_reversal(call, reference),
            )

        return await self._calls.perform(step, prepare)
