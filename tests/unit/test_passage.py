"""What stands before a call: gates and pauses. Where the way is barred nobody is called."""

from datetime import timedelta

import pytest
from temporalio.exceptions import ApplicationError

from activities.calls import Effect, VendorCalls
from activities.intents import make_intent
from activities.look_ups import LookUps
from activities.records import RecordTransaction
from domain.catalogue import Visit
from domain.errors import (
    FailureCode,
    OutcomeUnknownError,
    UnrecognisedPayloadError,
    VendorError,
    VendorThrottledError,
    VendorUnavailableError,
)
from domain.identifiers import EffectKey, System
from domain.messages import FailureDetails, StepInput
from domain.pauses import EVERYTHING, Pause
from domain.records import ChangeRecord
from domain.service_change import EffectStatus
from domain.steps import Step
from domain.vendor_values import AppointmentBooking, EffectEvidence, Exchange, VendorCall
from domain.verdicts import Repeatability
from tests.support.clock import START, Clock
from tests.support.factories import ACCOUNT, CHANGE, REQUESTED, change
from tests.support.memory_records import MemoryRecords

OTHER = "chg_bbbbbbbbbbbbbbbb"
DO = StepInput(change_id=CHANGE)
KEY = str(EffectKey(CHANGE, Step.BOOK_APPOINTMENT, 1))
BOOKING = AppointmentBooking(ACCOUNT, CHANGE, REQUESTED, Visit.TECHNICIAN)

LOST = OutcomeUnknownError(System.SCHEDULING, "connection reset")
AWAY = VendorUnavailableError(System.SCHEDULING, "503", http_status=503)
SLOW = VendorThrottledError(System.SCHEDULING, "429", retry_after=30, http_status=429)
ODD = UnrecognisedPayloadError(System.SCHEDULING, "{}")
WROTE = Exchange("POST", "/appointments", {}, 201, {}, None, START, 4)


class Vendor:
    """Scheduling as a list of what it is asked; errors are planned."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.booked: set[str] = set()
        self.errors: list[VendorError | None] = []
        self.stands_although = False
        self.wrote_before_failing = False

    async def apply(self, call: VendorCall) -> EffectEvidence:
        """Book, or raise the next error."""
        self.asked.append("apply")
        error = self.errors.pop(0) if self.errors else None
        if error is not None and self.wrote_before_failing:
            call.exchanges.append(WROTE)
        if error is None or self.stands_although:
            self.booked.add(call.idempotency_key or "")
        if error is not None:
            raise error
        return EffectEvidence("apt-1")

    async def find(self, call: VendorCall) -> EffectEvidence | None:
        """What was booked under the key."""
        self.asked.append("find")
        return EffectEvidence("apt-1") if call.idempotency_key in self.booked else None

    async def prepare(self, record: RecordTransaction, change: ChangeRecord) -> Effect:
        """The effect."""
        del record
        intent = make_intent(change, Step.BOOK_APPOINTMENT, 1, "Visit", BOOKING)
        return Effect(intent, self.apply, self.find)

    async def prepare_release(self, record: RecordTransaction, change: ChangeRecord) -> Effect:
        """Another effect at the same vendor."""
        del record
        intent = make_intent(change, Step.RELEASE_APPOINTMENT, 1, "Undo", BOOKING)
        return Effect(intent, self.apply, self.find)


@pytest.fixture
def records() -> MemoryRecords:
    return MemoryRecords(change(), change(id=OTHER))


@pytest.fixture
def vendor() -> Vendor:
    return Vendor()


@pytest.fixture
def calls(records: MemoryRecords, vendor: Vendor, clock: Clock) -> VendorCalls:
    return VendorCalls(records, clock, look_ups(vendor, Repeatability.LOOK_UP))


def look_ups(vendor: Vendor, repeatability: Repeatability) -> LookUps:
    return LookUps(
        {Step.BOOK_APPOINTMENT: lambda _: vendor.find},
        {Step.BOOK_APPOINTMENT: repeatability},
    )


async def failed(calls: VendorCalls, vendor: Vendor, change_id: str = CHANGE) -> ApplicationError:
    with pytest.raises(ApplicationError) as caught:
        await calls.perform(StepInput(change_id=change_id), vendor.prepare)
    return caught.value


async def test_after_one_429_no_change_calls_and_no_attempt_is_counted(
    calls: VendorCalls, vendor: Vendor, records: MemoryRecords
) -> None:
    vendor.errors = [SLOW]
    first = await failed(calls, vendor)

    second = await failed(calls, vendor, OTHER)

    assert vendor.asked == ["apply"]
    assert len(records.memory.attempts) == 1
    assert list(records.memory.effects) == [KEY]
    assert (second.type, second.non_retryable) == (FailureCode.THROTTLED, False)
    for delay in (first.next_retry_delay, second.next_retry_delay):
        assert delay is not None
        assert timedelta(seconds=30) <= delay <= timedelta(seconds=40)
    assert first.next_retry_delay != second.next_retry_delay
    assert (
        "nobody calls it before 2026-11-24 09:00:30 UTC"
        in (records.memory.waits[OTHER, System.SCHEDULING])
    )


async def test_a_question_waits_at_the_same_gate(
    calls: VendorCalls, vendor: Vendor, records: MemoryRecords
) -> None:
    vendor.errors = [SLOW]
    await failed(calls, vendor)
    async with records.begin() as record:
        other = await record.load(OTHER)

    with pytest.raises(ApplicationError) as caught:
        await calls.ask(other, System.SCHEDULING, "check_date", vendor.find)

    assert caught.value.type == FailureCode.THROTTLED
    assert vendor.asked == ["apply"]


async def test_after_the_time_one_probes_and_its_success_lets_the_others_in(
    calls: VendorCalls, vendor: Vendor, records: MemoryRecords
) -> None:
    vendor.errors = [SLOW]
    await failed(calls, vendor)
    records.memory.now += timedelta(seconds=30)

    await calls.perform(DO, vendor.prepare)
    await calls.perform(StepInput(change_id=OTHER), vendor.prepare)

    assert vendor.asked == ["apply", "apply", "apply"]  # nothing was done: no look-up was needed
    assert records.memory.waits == {}


async def test_a_vendor_that_is_dead_meets_no_storm(
    calls: VendorCalls, vendor: Vendor, records: MemoryRecords
) -> None:
    vendor.errors = [AWAY] * 100

    for _ in range(20):
        raised = await failed(calls, vendor)

    assert vendor.asked.count("apply") == 5
    assert raised.type == FailureCode.UNAVAILABLE
    assert "does not answer" in records.memory.waits[CHANGE, System.SCHEDULING]


async def test_a_finished_effect_is_answered_although_the_gate_is_closed(
    calls: VendorCalls, vendor: Vendor
) -> None:
    await calls.perform(DO, vendor.prepare)
    vendor.errors = [SLOW]
    await failed(calls, vendor, OTHER)

    result = await calls.perform(DO, vendor.prepare)

    assert result.vendor_reference == "apt-1"


@pytest.mark.parametrize("scope", [EVERYTHING, "scheduling", CHANGE])
async def test_what_is_paused_is_not_called_and_says_who_paused_it(
    calls: VendorCalls, vendor: Vendor, records: MemoryRecords, scope: str
) -> None:
    records.memory.pauses = [Pause(scope, "olga", "Month-end at the vendor.", START)]

    raised = await failed(calls, vendor)

    assert (raised.type, raised.non_retryable) == (FailureCode.PAUSED, True)
    assert raised.details == (
        FailureDetails(
            code=FailureCode.PAUSED, system=System.SCHEDULING, step=Step.BOOK_APPOINTMENT
        ),
    )
    assert "olga paused: Month-end at the vendor." in records.memory.waits[CHANGE, scope]
    assert (vendor.asked, records.memory.effects, records.memory.attempts) == ([], {}, [])


async def test_a_pause_of_another_system_stops_nothing_here(
    calls: VendorCalls, vendor: Vendor, records: MemoryRecords
) -> None:
    records.memory.pauses = [Pause("billing", "olga", "Month-end.", START)]

    await calls.perform(DO, vendor.prepare)

    assert vendor.asked == ["apply"]


async def test_what_is_resumed_goes_on_and_waits_for_nobody(
    calls: VendorCalls, vendor: Vendor, records: MemoryRecords
) -> None:
    records.memory.pauses = [Pause(EVERYTHING, "olga", "Month-end.", START)]
    await failed(calls, vendor)
    records.memory.pauses = []

    await calls.perform(DO, vendor.prepare)

    assert records.memory.waits == {}


@pytest.mark.parametrize("error", [LOST, ODD])
async def test_what_nobody_can_look_up_is_not_repeated_but_left_to_a_person(
    records: MemoryRecords, vendor: Vendor, clock: Clock, error: VendorError
) -> None:
    calls = VendorCalls(records, clock, look_ups(vendor, Repeatability.NEITHER))
    vendor.errors = [error]

    raised = await failed(calls, vendor)

    assert (raised.type, raised.non_retryable) == (FailureCode.UNVERIFIABLE, True)
    assert records.memory.effects[KEY].status is EffectStatus.UNKNOWN
    assert [attempt.code for attempt in records.memory.attempts] == [FailureCode.UNVERIFIABLE]
    await calls.perform(DO, vendor.prepare)  # a person found out that it was not done
    assert vendor.asked == ["apply", "apply"]


async def test_what_nobody_can_look_up_is_not_repeated_after_a_crash_either(
    records: MemoryRecords, vendor: Vendor, clock: Clock
) -> None:
    calls = VendorCalls(records, clock, look_ups(vendor, Repeatability.NEITHER))
    async with records.begin() as record:  # a try of which nothing more is on record
        intent = (await vendor.prepare(record, await record.load(CHANGE))).intent
        await record.intend(intent, Repeatability.NEITHER)

    raised = await failed(calls, vendor)

    assert raised.type == FailureCode.UNVERIFIABLE
    assert vendor.asked == []
    assert "cut off" in records.memory.attempts[-1].words
    await calls.perform(DO, vendor.prepare)
    assert vendor.asked == ["apply"]


async def test_what_nobody_can_look_up_is_retried_when_the_vendor_did_nothing(
    records: MemoryRecords, vendor: Vendor, clock: Clock
) -> None:
    calls = VendorCalls(records, clock, look_ups(vendor, Repeatability.NEITHER))
    vendor.errors = [AWAY]

    raised = await failed(calls, vendor)
    await calls.perform(DO, vendor.prepare)

    assert not raised.non_retryable
    assert vendor.asked == ["apply", "apply"]


async def test_a_key_that_the_vendor_honours_is_repeated_without_a_look_up(
    records: MemoryRecords, vendor: Vendor, clock: Clock
) -> None:
    calls = VendorCalls(records, clock, look_ups(vendor, Repeatability.IDEMPOTENCY_KEY))
    vendor.errors = [LOST]

    await failed(calls, vendor)
    await calls.perform(DO, vendor.prepare)

    assert vendor.asked == ["apply", "apply"]


@pytest.mark.parametrize("error", [AWAY, SLOW])
async def test_a_failure_after_a_part_was_done_is_looked_up_before_anything_is_repeated(
    calls: VendorCalls, vendor: Vendor, records: MemoryRecords, error: VendorError
) -> None:
    vendor.errors, vendor.wrote_before_failing = [error], True

    await failed(calls, vendor)
    records.memory.now += timedelta(minutes=1)

    assert records.memory.effects[KEY].status is EffectStatus.UNKNOWN
    await calls.perform(DO, vendor.prepare)
    assert vendor.asked == ["apply", "find", "apply"]


@pytest.mark.parametrize("stands", [True, False])
async def test_another_unknown_effect_at_the_vendor_is_settled_before_a_further_one(
    calls: VendorCalls, vendor: Vendor, records: MemoryRecords, stands: bool
) -> None:
    vendor.errors, vendor.stands_although = [LOST], stands
    await failed(calls, vendor)

    await calls.perform(DO, vendor.prepare_release)

    assert vendor.asked == ["apply", "find", "apply"]
    expected = EffectStatus.APPLIED if stands else EffectStatus.SKIPPED
    assert records.memory.effects[KEY].status is expected


async def test_the_probe_itself_settles_what_has_to_be_settled_first(
    calls: VendorCalls, vendor: Vendor, records: MemoryRecords
) -> None:
    vendor.errors = [LOST, SLOW]
    await failed(calls, vendor)
    await failed(calls, vendor, OTHER)
    records.memory.now += timedelta(seconds=30)

    await calls.perform(DO, vendor.prepare_release)

    assert vendor.asked == ["apply", "apply", "find", "apply"]


async def test_a_throttled_effect_is_known_not_to_stand_and_nobody_is_asked(
    calls: VendorCalls, vendor: Vendor, records: MemoryRecords
) -> None:
    vendor.errors = [SLOW]
    await failed(calls, vendor)

    assert await calls.settle(CHANGE, Step.BOOK_APPOINTMENT, vendor.find) is None
    assert vendor.asked == ["apply"]
    assert records.memory.effects[KEY].status is EffectStatus.SKIPPED
