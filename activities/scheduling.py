"""Asks scheduling for the date, books the visit and gives it back."""

from temporalio import activity

from activities.calls import Effect, VendorCalls
from activities.checks import keep
from activities.intents import approved_plan, intent_for, reversal_of
from activities.judgements import facts_of_date, judge_date
from activities.ports import Scheduling
from activities.records import Records, RecordTransaction
from domain.catalogue import visit_for
from domain.identifiers import System
from domain.messages import CheckInput, CheckResult, EffectResult, StepInput
from domain.payloads import appointment_booking
from domain.records import ChangeRecord
from domain.steps import Step


class SchedulingActivities:
    """Scheduling owns dates and slots; we hold, confirm and release our own visits."""

    def __init__(self, records: Records, calls: VendorCalls, scheduling: Scheduling) -> None:
        self._records = records
        self._calls = calls
        self._scheduling = scheduling

    @activity.defn(name="check_date")
    async def check_date(self, check: CheckInput) -> CheckResult:
        """Whether the requested date can be had. A read; it holds no slot."""
        async with self._records.begin() as record:
            change = await record.load(check.change_id)
        answer, attempt = await self._calls.ask(
            change,
            System.SCHEDULING,
            "check_date",
            lambda call: self._scheduling.read_availability(
                call, change.account_id, change.requested_date, visit_for(change.wish)
            ),
        )
        result = judge_date(change.account_id, answer)
        facts = facts_of_date(answer, visit_for(change.wish))
        return await keep(self._records, check, result, facts, attempt)

    @activity.defn(name="book_appointment")
    async def book_appointment(self, step: StepInput) -> EffectResult:
        """Hold and confirm a slot on the approved date, once per key."""

        async def prepare(record: RecordTransaction, change: ChangeRecord) -> Effect:
            del record
            booking = appointment_booking(change, approved_plan(change))
            return Effect(
                intent_for(change, Step.BOOK_APPOINTMENT, step.attempt_group),
                lambda call: self._scheduling.book_appointment(call, booking),
                self._scheduling.find_appointment,
            )

        return await self._calls.perform(step, prepare)

    @activity.defn(name="release_appointment")
    async def release_appointment(self, step: StepInput) -> EffectResult:
        """Give the slot back, once."""
        booked = await self._calls.settle(
            step.change_id, Step.BOOK_APPOINTMENT, self._scheduling.find_appointment
        )
        if booked is None:
            return EffectResult(step=Step.BOOK_APPOINTMENT, vendor_reference="")

        async def prepare(record: RecordTransaction, change: ChangeRecord) -> Effect:
            del record
            reference = booked.vendor_reference
            return Effect(
                reversal_of(change, booked, step),
                lambda call: self._scheduling.release_appointment(call, reference),
                lambda call: self._scheduling.find_release(call, reference),
            )

        return await self._calls.perform(step, prepare)
