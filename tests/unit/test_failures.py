"""What each failure means to the engine, and what follows for a person."""

from datetime import timedelta

import pytest
from temporalio.exceptions import ActivityError, ApplicationError, RetryState

from activities.failures import internal_failure, vendor_failure
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
from domain.identifiers import System
from domain.messages import FailureDetails
from workflows.steps import failure_of

WORDS = "Mr Example of 1 Example Street may not"
STEP = "post_billing_change"

RETRIED = [
    (VendorUnavailableError(System.BILLING, WORDS), FailureCode.UNAVAILABLE),
    (VendorThrottledError(System.BILLING, WORDS, retry_after=7.5), FailureCode.THROTTLED),
    (OutcomeUnknownError(System.BILLING, WORDS), FailureCode.OUTCOME_UNKNOWN),
]
FINAL = [
    (VendorRejectedError(System.BILLING, WORDS, reason="past_due"), FailureCode.REFUSED),
    (UnrecognisedPayloadError(System.BILLING, WORDS), FailureCode.UNRECOGNISED_PAYLOAD),
    (CredentialError(System.BILLING, WORDS), FailureCode.CREDENTIAL),
    (CredentialFaultError(System.BILLING, WORDS), FailureCode.CREDENTIAL_FAULT),
]


@pytest.mark.parametrize(("error", "code"), RETRIED)
def test_what_time_may_cure_is_tried_again(error: VendorError, code: FailureCode) -> None:
    failure = vendor_failure(error, STEP)

    assert (failure.type, failure.non_retryable) == (code, False)


@pytest.mark.parametrize(("error", "code"), FINAL)
def test_what_repeating_cannot_cure_is_final(error: VendorError, code: FailureCode) -> None:
    failure = vendor_failure(error, STEP)

    assert (failure.type, failure.non_retryable) == (code, True)


def test_every_code_a_vendor_can_cause_is_tested() -> None:
    codes = {code for _, code in RETRIED + FINAL}
    ours = {
        FailureCode.INTERNAL,
        FailureCode.PAUSED,
        FailureCode.REVISION_PENDING,
        FailureCode.STALLED,
        FailureCode.UNVERIFIABLE,
        FailureCode.WORKFLOW_LOST,
    }

    assert codes | ours == set(FailureCode)


@pytest.mark.parametrize(("error", "code"), RETRIED + FINAL)
def test_a_failure_names_code_system_and_step_but_never_their_words(
    error: VendorError, code: FailureCode
) -> None:
    failure = vendor_failure(error, STEP)

    assert failure.details == (
        FailureDetails(code=code, system=System.BILLING, step=STEP, reason=error.reason),
    )
    assert "Example" not in f"{failure!r} {failure.details!r}"


def test_a_throttled_try_waits_as_long_as_was_asked() -> None:
    throttled, _ = RETRIED[1]

    assert vendor_failure(throttled, STEP).next_retry_delay == timedelta(seconds=7.5)
    assert vendor_failure(RETRIED[0][0], STEP).next_retry_delay is None


def test_a_failure_of_ours_is_final_and_internal() -> None:
    failure = internal_failure(STEP, "no plan")

    assert (failure.type, failure.non_retryable) == (FailureCode.INTERNAL, True)


def wrapped(cause: BaseException | None) -> ActivityError:
    error = ActivityError(
        "Activity task failed",
        scheduled_event_id=5,
        started_event_id=6,
        identity="worker",
        activity_type=STEP,
        activity_id="1",
        retry_state=RetryState.NON_RETRYABLE_FAILURE,
    )
    error.__cause__ = cause
    return error


def test_the_workflow_reads_a_failure_beneath_the_engines_wrappers() -> None:
    error, code = FINAL[0]
    details = FailureDetails(code=code, system=System.BILLING, step=STEP, reason="past_due")
    sent = ApplicationError("x", details.model_dump(mode="json"))

    assert failure_of(wrapped(sent)) == details
    assert vendor_failure(error, STEP).details == (details,)


@pytest.mark.parametrize("cause", [None, ApplicationError("boom"), TimeoutError()])
def test_what_carries_no_details_is_internal(cause: BaseException | None) -> None:
    assert failure_of(wrapped(cause)) == FailureDetails(
        code=FailureCode.INTERNAL, system=System.THROUGHLINE, step=STEP
    )
