"""The only maker of engine failures: what a vendor's or rule's failure means to the engine."""

from datetime import timedelta

from temporalio.exceptions import ApplicationError

from domain.errors import FailureCode, VendorError, VendorThrottledError
from domain.failure_policy import rule_for
from domain.identifiers import System
from domain.messages import FailureDetails


def vendor_failure(
    error: VendorError,
    step: str,
    *,
    closed_for: timedelta | None = None,
    code: FailureCode | None = None,
) -> ApplicationError:
    """The engine failure for a vendor's. It names code, system and step, never their words.

    `closed_for`: how long the vendor's gate stays closed now; it is not tried again before.
    `code`: what it means for the step, where that is more than what the vendor did.
    """
    told = error.retry_after if isinstance(error, VendorThrottledError) else None
    delay = closed_for or (timedelta(seconds=told) if told is not None else None)
    code = code or error.code
    return ApplicationError(
        f"{step}: {error.system} {code}",
        FailureDetails(code=code, system=error.system, step=step, reason=error.reason),
        type=code,
        non_retryable=not rule_for(code, step, error.system).retried,
        next_retry_delay=delay,
    )


def not_called(code: FailureCode, system: System, step: str, delay: timedelta) -> ApplicationError:
    """The engine failure of a step that waits: the gate is closed, or others are before it."""
    return ApplicationError(
        f"{step}: {system} {code}, not called",
        FailureDetails(code=code, system=system, step=step, reason="not_called"),
        type=code,
        next_retry_delay=delay,
    )


def no_credential(system: System, step: str) -> ApplicationError:
    """The engine failure of a step whose vendor accepts no secret; the workflow waits for one."""
    code = FailureCode.CREDENTIAL_FAULT
    return ApplicationError(
        f"{step}: {system} {code}, not called",
        FailureDetails(code=code, system=system, step=step, reason="not_called"),
        type=code,
        non_retryable=True,
    )


def paused(system: System, step: str) -> ApplicationError:
    """The engine failure of a step that somebody paused; the workflow waits, not the engine."""
    return ApplicationError(
        f"{step}: paused",
        FailureDetails(code=FailureCode.PAUSED, system=system, step=step),
        type=FailureCode.PAUSED,
        non_retryable=True,
    )


def unverifiable(system: System, step: str) -> ApplicationError:
    """The engine failure of an effect nobody can look up: a person finds out, nothing repeats."""
    return ApplicationError(
        f"{step}: {system} {FailureCode.UNVERIFIABLE}",
        FailureDetails(code=FailureCode.UNVERIFIABLE, system=system, step=step),
        type=FailureCode.UNVERIFIABLE,
        non_retryable=True,
    )


def internal_failure(step: str, reason: str) -> ApplicationError:
    """A failure of ours that repeating will not cure, such as a broken ownership rule."""
    details = FailureDetails(
        code=FailureCode.INTERNAL, system=System.THROUGHLINE, step=step, reason=reason
    )
    return ApplicationError(
        f"{step}: {reason}", details, type=FailureCode.INTERNAL, non_retryable=True
    )
