"""Calls about no change: the same gates and pauses as for every change, and nothing kept."""

from datetime import timedelta

import pytest
from temporalio.exceptions import ApplicationError

from activities.unrecorded import UnrecordedCalls
from domain.errors import FailureCode, VendorError, VendorThrottledError, VendorUnavailableError
from domain.gates import Gate
from domain.identifiers import System
from domain.pauses import Pause
from domain.vendor_values import VendorCall
from tests.support.clock import START
from tests.support.memory_records import MemoryRecords

B = System.BILLING


async def ask(records: MemoryRecords, error: VendorError | None = None) -> str:
    """Ask billing something, which answers or fails."""

    async def question(_: VendorCall) -> str:
        if error is not None:
            raise error
        return "answer"

    return await UnrecordedCalls(records).ask(
        VendorCall("c"), B, "check_standing", question, caller="preview/1", scope="add_service"
    )


async def test_a_free_way_leaves_no_trace() -> None:
    records = MemoryRecords()

    assert await ask(records) == "answer"
    assert records.memory == MemoryRecords().memory


async def test_a_throttled_vendor_closes_its_gate_for_everybody_and_no_attempt_is_kept() -> None:
    records = MemoryRecords()

    with pytest.raises(ApplicationError) as told:
        await ask(records, VendorThrottledError(B, "Slow down.", retry_after=30))

    assert told.value.type == FailureCode.THROTTLED
    assert told.value.next_retry_delay == timedelta(seconds=30)
    assert records.memory.gates[B].closed_until == START + timedelta(seconds=30)
    assert records.memory.attempts == []


async def test_a_closed_gate_is_not_passed() -> None:
    records = MemoryRecords()
    until = START + timedelta(seconds=30)
    records.memory.gates[B] = Gate(B, closed_until=until, cause=FailureCode.UNAVAILABLE)

    with pytest.raises(ApplicationError, match="not called") as told:
        await ask(records)

    assert told.value.next_retry_delay == timedelta(seconds=30)


async def test_an_answer_opens_a_gate_whose_time_is_over() -> None:
    records = MemoryRecords()
    records.memory.gates[B] = Gate(B, closed_until=START, cause=FailureCode.UNAVAILABLE)

    await ask(records)

    assert records.memory.gates[B].opened_at == START


async def test_an_answer_ends_a_row_of_failures() -> None:
    records = MemoryRecords()
    with pytest.raises(ApplicationError):
        await ask(records, VendorUnavailableError(B, "Away."))
    assert records.memory.gates[B].failures == 1

    await ask(records)

    assert records.memory.gates[B] == Gate(B)


async def test_what_is_paused_is_not_called() -> None:
    records = MemoryRecords()
    records.memory.pauses.append(Pause(B, "petra", "Month-end.", START))

    with pytest.raises(ApplicationError) as told:
        await ask(records)

    assert told.value.type == FailureCode.PAUSED
    assert told.value.non_retryable
