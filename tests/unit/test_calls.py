"""Intent before, evidence after, look-up before a repeat: the bookkeeping of every vendor call."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from temporalio.exceptions import ApplicationError

from activities.calls import Effect, Prepare, VendorCalls
from activities.intents import make_intent, reversal_of
from activities.records import RecordTransaction
from domain.catalogue import Visit
from domain.errors import (
    CredentialError,
    FailureCode,
    OutcomeUnknownError,
    UnrecognisedPayloadError,
    VendorError,
    VendorRejectedError,
    VendorThrottledError,
    VendorUnavailableError,
)
from domain.identifiers import EffectKey, System
from domain.messages import StepInput
from domain.records import ChangeRecord
from domain.service_change import EffectStatus
from domain.steps import WRITES, Step
from domain.vendor_values import AppointmentBooking, EffectEvidence, Exchange, VendorCall
from tests.support.clock import START, Clock
from tests.support.factories import ACCOUNT, CHANGE, REQUESTED, change
from tests.support.memory_records import MemoryRecords

DO = StepInput(change_id=CHANGE)
KEY = str(EffectKey(CHANGE, Step.BOOK_APPOINTMENT, 1))
UNDO_KEY = str(EffectKey(CHANGE, Step.RELEASE_APPOINTMENT, 1))
BOOKING = AppointmentBooking(ACCOUNT, CHANGE, REQUESTED, Visit.TECHNICIAN)

LOST = OutcomeUnknownError(System.SCHEDULING, "connection reset")
AWAY = VendorUnavailableError(System.SCHEDULING, "503")
NO = VendorRejectedError(System.SCHEDULING, "the day is gone", reason="slot_full")
ODD = UnrecognisedPayloadError(System.SCHEDULING, "{}")
KEYLESS = CredentialError(System.SCHEDULING, "401")
SLOW = VendorThrottledError(System.SCHEDULING, "429", retry_after=30)


class Book:
    """A vendor with one page: what was booked under which key, and the errors still to come."""

    def __init__(self, records: MemoryRecords) -> None:
        self._records = records
        self.booked: dict[str, str] = {}
        self.on_record_when_called: list[EffectStatus] = []
        self.errors: list[VendorError | None] = []
        self.stands_although: tuple[VendorError, ...] = ()

    async def apply(self, call: VendorCall) -> EffectEvidence:
        """Book under the key, or raise the next error; a lost answer leaves the booking."""
        key = call.idempotency_key or ""
        self.on_record_when_called.append(self._records.memory.effects[key].status)
        error = self.errors.pop(0) if self.errors else None
        if error is None or error in self.stands_although:
            self.booked[key] = f"apt-{len(self.booked) + 1}"
        if error is not None:
            raise error
        return EffectEvidence(self.booked[key], {"at": "08:00"})

    async def find(self, call: VendorCall) -> EffectEvidence | None:
        """What stands under the key."""
        found = self.booked.get(call.idempotency_key or "")
        return EffectEvidence(found, {"at": "08:00"}) if found else None

    async def prepare(self, record: RecordTransaction, change: ChangeRecord) -> Effect:
        """The effect."""
        del record
        return Effect(
            make_intent(change, Step.BOOK_APPOINTMENT, 1, "Visit", BOOKING), self.apply, self.find
        )


@pytest.fixture
def records() -> MemoryRecords:
    return MemoryRecords(change())


@pytest.fixture
def book(records: MemoryRecords) -> Book:
    return Book(records)


@pytest.fixture
def calls(records: MemoryRecords, clock: Clock) -> VendorCalls:
    return VendorCalls(records, clock)


async def failed(calls: VendorCalls, prepare: Prepare) -> ApplicationError:
    with pytest.raises(ApplicationError) as caught:
        await calls.perform(DO, prepare)
    return caught.value


async def test_the_intent_is_on_record_before_the_vendor_is_called(
    calls: VendorCalls, book: Book, records: MemoryRecords
) -> None:
    result = await calls.perform(DO, book.prepare)

    assert book.on_record_when_called == [EffectStatus.INTENDED]
    assert (result.step, result.vendor_reference) == (Step.BOOK_APPOINTMENT, "apt-1")
    effect = records.memory.effects[KEY]
    assert (effect.status, effect.attempts, effect.vendor_reference, effect.facts) == (
        EffectStatus.APPLIED,
        1,
        "apt-1",
        {"at": "08:00"},
    )
    (attempt,) = records.memory.attempts
    assert (attempt.code, attempt.effect_key, attempt.step) == (None, KEY, "book_appointment")
    assert attempt.finished_at > attempt.started_at > START


async def test_an_applied_effect_is_answered_from_the_record(
    calls: VendorCalls, book: Book, records: MemoryRecords
) -> None:
    first = await calls.perform(DO, book.prepare)

    second = await calls.perform(DO, book.prepare)

    assert second == first
    assert book.booked == {KEY: "apt-1"}
    assert len(records.memory.attempts) == len(book.on_record_when_called) == 1


@pytest.mark.parametrize("error", [LOST, ODD])
async def test_a_repeat_looks_the_effect_up_and_does_not_do_it_twice(
    calls: VendorCalls, book: Book, records: MemoryRecords, error: VendorError
) -> None:
    book.errors, book.stands_although = [error], (error,)

    await failed(calls, book.prepare)
    before = records.memory.effects[KEY].status
    result = await calls.perform(DO, book.prepare)

    assert before is EffectStatus.UNKNOWN
    assert result.vendor_reference == "apt-1"
    assert book.booked == {KEY: "apt-1"}
    assert len(book.on_record_when_called) == 1
    assert records.memory.effects[KEY].status is EffectStatus.APPLIED
    assert [attempt.code for attempt in records.memory.attempts] == [error.code, None]


async def test_a_repeat_does_what_the_look_up_did_not_find(
    calls: VendorCalls, book: Book, records: MemoryRecords
) -> None:
    book.errors = [LOST]

    await failed(calls, book.prepare)
    await calls.perform(DO, book.prepare)

    assert book.booked == {KEY: "apt-1"}
    assert records.memory.effects[KEY].attempts == 2


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NO, EffectStatus.REFUSED),
        (LOST, EffectStatus.UNKNOWN),
        (ODD, EffectStatus.UNKNOWN),
        (AWAY, EffectStatus.INTENDED),
        (SLOW, EffectStatus.INTENDED),
        (KEYLESS, EffectStatus.INTENDED),
    ],
)
async def test_after_a_failure_the_record_says_what_is_known_of_the_effect(
    calls: VendorCalls,
    book: Book,
    records: MemoryRecords,
    error: VendorError,
    status: EffectStatus,
) -> None:
    book.errors = [error]

    raised = await failed(calls, book.prepare)

    assert raised.type == error.code
    assert records.memory.effects[KEY].status is status
    (attempt,) = records.memory.attempts
    assert (attempt.code, attempt.words, attempt.reason) == (error.code, error.words, error.reason)
    assert attempt.retry_at == (
        attempt.finished_at + timedelta(seconds=30) if error is SLOW else None
    )


async def test_a_foreign_field_stops_the_write_before_anything_is_recorded_or_sent(
    calls: VendorCalls, book: Book, records: MemoryRecords, monkeypatch: pytest.MonkeyPatch
) -> None:
    foreign = {**WRITES, Step.BOOK_APPOINTMENT: frozenset({"slot_capacity"})}
    monkeypatch.setattr("activities.calls.WRITES", foreign)

    raised = await failed(calls, book.prepare)

    assert (raised.type, raised.non_retryable) == (FailureCode.INTERNAL, True)
    assert "slot_capacity is owned by scheduling" in raised.message
    assert (book.booked, records.memory.effects) == ({}, {})


async def test_what_else_is_recorded_shares_the_transaction_of_the_evidence(
    calls: VendorCalls, book: Book, records: MemoryRecords
) -> None:
    async def then(record: RecordTransaction, evidence: EffectEvidence) -> None:
        del record, evidence
        raise RuntimeError("the database went away")

    async def prepare(record: RecordTransaction, change: ChangeRecord) -> Effect:
        effect = await book.prepare(record, change)
        return Effect(effect.intent, effect.apply, effect.find, then)

    with pytest.raises(RuntimeError):
        await calls.perform(DO, prepare)

    assert records.memory.effects[KEY].status is EffectStatus.INTENDED
    assert records.memory.attempts == []
    result = await calls.perform(DO, book.prepare)
    assert (result.vendor_reference, book.booked) == ("apt-1", {KEY: "apt-1"})


async def test_an_answer_comes_with_its_attempt_for_the_transaction_that_keeps_it(
    calls: VendorCalls, records: MemoryRecords
) -> None:
    exchange = Exchange("GET", "/slots", None, 200, {}, "req-1", START, 4)

    async def question(call: VendorCall) -> str:
        call.exchanges.append(exchange)
        assert (call.correlation_id, call.idempotency_key) == ("correlation-1", None)
        return "open"

    answer, attempt = await calls.ask(change(), System.SCHEDULING, "check_date", question)

    assert (answer, attempt.code, attempt.exchanges) == ("open", None, [exchange])
    assert records.memory.attempts == []


async def test_a_question_that_failed_is_on_record_at_once(
    calls: VendorCalls, records: MemoryRecords
) -> None:
    async def question(call: VendorCall) -> str:
        del call
        raise AWAY

    with pytest.raises(ApplicationError) as caught:
        await calls.ask(change(), System.SCHEDULING, "check_date", question)

    assert (caught.value.type, caught.value.non_retryable) == (FailureCode.UNAVAILABLE, False)
    assert [attempt.code for attempt in records.memory.attempts] == [FailureCode.UNAVAILABLE]


async def intended(
    book: Book, calls: VendorCalls, *errors: VendorError, stands: bool
) -> Callable[[VendorCall], Awaitable[EffectEvidence | None]]:
    """Bring the effect to where the errors leave it."""
    book.errors = list(errors)
    book.stands_although = errors if stands else ()
    for _ in errors:
        await failed(calls, book.prepare)
    return book.find


async def test_settling_what_never_began_finds_nothing(calls: VendorCalls, book: Book) -> None:
    assert await calls.settle(CHANGE, Step.BOOK_APPOINTMENT, book.find) is None


async def test_settling_what_was_refused_asks_nobody(
    calls: VendorCalls, book: Book, records: MemoryRecords
) -> None:
    find = await intended(book, calls, NO, stands=False)

    assert await calls.settle(CHANGE, Step.BOOK_APPOINTMENT, find) is None
    assert len(records.memory.attempts) == 1


@pytest.mark.parametrize("error", [LOST, ODD, AWAY])
async def test_settling_completes_the_record_of_an_effect_that_turns_out_to_stand(
    calls: VendorCalls, book: Book, records: MemoryRecords, error: VendorError
) -> None:
    find = await intended(book, calls, error, stands=True)

    settled = await calls.settle(CHANGE, Step.BOOK_APPOINTMENT, find)

    assert settled is not None
    assert (settled.key, settled.vendor_reference) == (KEY, "apt-1")
    assert records.memory.effects[KEY].status is EffectStatus.APPLIED
    assert await calls.settle(CHANGE, Step.BOOK_APPOINTMENT, find) == settled
    assert len(records.memory.attempts) == 2


async def test_settling_marks_what_never_took_place_as_skipped(
    calls: VendorCalls, book: Book, records: MemoryRecords
) -> None:
    find = await intended(book, calls, LOST, stands=False)

    assert await calls.settle(CHANGE, Step.BOOK_APPOINTMENT, find) is None
    assert records.memory.effects[KEY].status is EffectStatus.SKIPPED


async def test_settling_that_cannot_look_leaves_the_effect_unknown(
    calls: VendorCalls, book: Book, records: MemoryRecords
) -> None:
    await intended(book, calls, LOST, stands=True)

    async def away(call: VendorCall) -> EffectEvidence | None:
        del call
        raise AWAY

    with pytest.raises(ApplicationError):
        await calls.settle(CHANGE, Step.BOOK_APPOINTMENT, away)

    assert records.memory.effects[KEY].status is EffectStatus.UNKNOWN
    assert records.memory.attempts[-1].code is FailureCode.UNAVAILABLE


async def test_a_reversal_is_an_effect_of_its_own_and_marks_what_it_reversed(
    calls: VendorCalls, book: Book, records: MemoryRecords
) -> None:
    await calls.perform(DO, book.prepare)
    done = await calls.settle(CHANGE, Step.BOOK_APPOINTMENT, book.find)
    assert done is not None

    async def prepare(record: RecordTransaction, change: ChangeRecord) -> Effect:
        del record
        return Effect(reversal_of(change, done, DO), book.apply, book.find)

    await calls.perform(DO, prepare)

    assert records.memory.intents[UNDO_KEY].reverses == KEY
    assert records.memory.effects[UNDO_KEY].status is EffectStatus.APPLIED
    assert records.memory.effects[KEY].status is EffectStatus.REVERSED
    assert await calls.settle(CHANGE, Step.BOOK_APPOINTMENT, book.find) == done
