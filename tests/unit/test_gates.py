"""The gate before a vendor: closed by its word or its silence, probed by one, opened gradually."""

import heapq
import itertools
from datetime import datetime, timedelta

import pytest

from domain.credentials import PROBER
from domain.errors import (
    CredentialError,
    CredentialFaultError,
    FailureCode,
    OutcomeUnknownError,
    UnrecognisedPayloadError,
    VendorError,
    VendorRejectedError,
    VendorThrottledError,
    VendorUnavailableError,
)
from domain.gates import (
    CREDENTIAL_LOOK,
    FAILURES_IN_A_ROW,
    LONGEST_PAUSE,
    PROBE_LEASE,
    RAMP_SECONDS,
    Gate,
    admit,
    after,
    spread,
)
from domain.identifiers import System
from tests.support.clock import START

OPEN = Gate(System.BILLING)
AWAY = VendorUnavailableError(System.BILLING, "503", http_status=503)
NO = VendorRejectedError(System.BILLING, "no", http_status=422)


def throttled(seconds: float) -> VendorError:
    return VendorThrottledError(System.BILLING, "429", retry_after=seconds, http_status=429)


def later(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def closed_for(seconds: float) -> Gate:
    return after(OPEN, "a", START, throttled(seconds))


def may(gate: Gate, caller: str, at: datetime) -> bool:
    return admit(gate, caller, at)[1] is None


def test_one_throttled_caller_closes_the_gate_for_everybody_until_the_time_named() -> None:
    gate = closed_for(30)

    assert (gate.closed_until, gate.cause, gate.since) == (
        later(30),
        FailureCode.THROTTLED,
        START,
    )
    assert not may(gate, "a", later(29.9))
    assert not may(gate, "b", later(29.9))
    assert may(gate, "b", later(30))


def test_a_later_word_keeps_it_closed_longer_and_an_earlier_one_not_shorter() -> None:
    gate = closed_for(30)

    assert after(gate, "b", later(1), throttled(60)).closed_until == later(61)
    assert after(gate, "b", later(1), throttled(2)).closed_until == later(30)


def test_one_probes_and_the_others_wait() -> None:
    gate, _ = admit(closed_for(30), "a", later(30))

    assert may(gate, "a", later(31))
    assert not may(gate, "b", later(31))


def test_a_probe_that_was_never_heard_of_again_is_taken_over() -> None:
    gate, _ = admit(closed_for(30), "a", later(30))

    assert may(gate, "b", later(30) + PROBE_LEASE)


@pytest.mark.parametrize(
    "answer",
    [
        None,
        NO,
        CredentialError(System.BILLING, "401"),
        UnrecognisedPayloadError(System.BILLING, "<html>"),
    ],
)
def test_a_vendor_that_answers_its_probe_is_opened_in_doubling_numbers(
    answer: VendorError | None,
) -> None:
    gate, _ = admit(closed_for(30), "a", later(30))
    gate = after(gate, "a", later(30), answer)

    admitted = []
    for second in range(RAMP_SECONDS):
        count = 0
        while may(gate, f"{count}", later(30 + second)):
            gate, _ = admit(gate, f"{count}", later(30 + second))
            count += 1
        admitted.append(count)

    assert admitted == [2, 4, 8, 16, 32, 64, 128, 256]
    gate, wait = admit(gate, "x", later(30 + RAMP_SECONDS))
    assert (gate, wait) == (OPEN, None)


def test_a_probe_that_fails_closes_it_again() -> None:
    gate, _ = admit(closed_for(30), "a", later(30))
    gate = after(gate, "a", later(30), throttled(30))

    assert gate.closed_until == later(60)
    assert gate.since == START


def test_an_answer_to_an_older_call_opens_nothing() -> None:
    gate = closed_for(30)

    assert after(gate, "b", later(1), None) == gate


def test_a_vendor_that_always_says_one_second_is_asked_less_and_less() -> None:
    gate, at, pauses = OPEN, START, []
    for _ in range(12):
        gate = after(gate, "a", at, throttled(1))
        assert gate.closed_until is not None
        pauses.append((gate.closed_until - at).total_seconds())
        at = gate.closed_until

    assert pauses == [1, 1, 1, 2, 4, 8, 16, 32, 60, 60, 60, 60]


def test_five_failures_in_a_row_close_it_for_a_doubling_time() -> None:
    gate = OPEN
    for _ in range(FAILURES_IN_A_ROW - 1):
        gate = after(gate, "a", START, AWAY)
    assert gate.stands_open

    at, pauses = START, []
    for _ in range(9):
        gate = after(gate, "a", at, OutcomeUnknownError(System.BILLING, "reset"))
        assert gate.closed_until is not None
        pauses.append((gate.closed_until - at).total_seconds())
        at = gate.closed_until

    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert gate.cause is FailureCode.UNAVAILABLE


@pytest.mark.parametrize("answer", [None, NO])
def test_an_answer_between_failures_keeps_it_open(answer: VendorError | None) -> None:
    gate = OPEN
    for _ in range(3 * FAILURES_IN_A_ROW):
        gate = after(gate, "a", START, AWAY)
        gate = after(gate, "a", START, answer)

    assert gate == OPEN


def test_a_vendor_that_says_not_now_to_one_request_is_there() -> None:
    busy = VendorUnavailableError(System.BILLING, "in use", http_status=409, reason="key_in_use")
    gate = OPEN
    for _ in range(3 * FAILURES_IN_A_ROW):
        gate = after(gate, "a", START, busy)

    assert gate == OPEN


def test_a_failure_while_it_opens_closes_it_at_once() -> None:
    gate, _ = admit(closed_for(1), "a", later(1))
    gate = after(gate, "a", later(1), None)

    assert after(gate, "b", later(2), AWAY).closed_until == later(3)


def test_everybody_comes_back_at_a_time_of_their_own_and_the_same_one_each_time() -> None:
    minute = timedelta(minutes=1)
    shares = {spread(f"chg_{n}", minute) for n in range(200)}

    assert len(shares) > 150
    assert max(shares) <= timedelta(seconds=10)
    assert spread("chg_1", minute) == spread("chg_1", minute)


@pytest.mark.parametrize("told", [5, 30, 600])
def test_a_ten_minute_outage_costs_one_call_in_ten_more_at_most_and_none_early(told: int) -> None:
    """300 changes, one a second while the vendor is away; it answers in 50 ms."""
    outage, needed = 600.0, 300
    gate, calls, done, allowed_from = OPEN, 0, [], 0.0
    order = itertools.count()
    events: list[tuple[float, int, str, str]] = []
    for number in range(needed):
        heapq.heappush(events, (number * 1.0, next(order), "comes", f"chg_{number}"))
    while events:
        at, _, what, name = heapq.heappop(events)
        now = later(at)
        if what == "comes":
            gate, wait = admit(gate, name, now)
            if wait is None:
                assert at >= allowed_from - 1e-5, "called before the time named"
                calls += 1
                heapq.heappush(events, (at + 0.05, next(order), "answered", name))
                continue
        elif at < outage:
            gate = after(gate, name, now, throttled(told))
            allowed_from = max(allowed_from, at + told)
            assert gate.closed_until is not None
            _, wait = admit(gate, name, now)
        else:
            gate, wait = after(gate, name, now, None), None
            done.append(at)
            continue
        assert wait is not None
        left = wait.until - now
        again = at + (left + spread(name, left)).total_seconds()
        heapq.heappush(events, (again, next(order), "comes", name))

    assert len(done) == needed
    assert calls / needed <= 1.10
    assert max(done) - outage <= LONGEST_PAUSE + 30


def refused(gate: Gate, at: datetime) -> Gate:
    return after(gate, "a", at, CredentialFaultError(System.BILLING, "401", http_status=401))


def test_a_vendor_that_accepts_no_secret_is_called_by_nobody() -> None:
    gate = refused(OPEN, START)
    assert gate.cause is FailureCode.CREDENTIAL
    assert not may(gate, "b", later(1))
    assert after(gate, "b", later(1), None) == gate  # a call from before the fault


def test_a_right_that_is_lacking_for_one_call_closes_nothing() -> None:
    forbidden = CredentialError(System.BILLING, "403", http_status=403)
    assert after(OPEN, "a", START, forbidden).stands_open


def test_the_probe_opens_the_gate_at_once_when_it_is_let_in() -> None:
    gate = refused(OPEN, START)
    assert after(gate, PROBER, later(5), AWAY) == gate
    assert after(gate, PROBER, later(5), None).stands_open
    assert after(gate, PROBER, later(5), NO).stands_open


def test_a_probe_that_is_refused_keeps_the_gate_closed_for_longer() -> None:
    gate = refused(refused(OPEN, START), later(50))
    assert gate.closed_until == later(50 + CREDENTIAL_LOOK)
    assert gate.since == START


def test_without_a_probe_whoever_comes_after_the_time_is_one() -> None:
    gate = refused(OPEN, START)
    gate, wait = admit(gate, "b", later(CREDENTIAL_LOOK))
    assert wait is None
    assert after(gate, "b", later(CREDENTIAL_LOOK + 1), None).stands_open
