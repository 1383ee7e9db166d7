"""The only maker of engine failures: what a vendor's or rule's failure means to the engine."""

from datetime import timedelta

from temporalio.exceptions import ApplicationError

from domain.errors import FailureCode, VendorError, VendorThrottledError
from domain.failure_policy import rule_for
from domain.identifiers import System
from domain.messages import FailureDetails


def vendor_failure(error: VendorError, step: str) -> ApplicationError:
    """The engine failure for a vendor's. It names code, system and step, never their words."""
    delay = (
        timedelta(seconds=error.retry_after) if isinstance(error, VendorThrottledError) else None
    )
    return ApplicationError(
        f"{step}: {error.system} {error.code}",
        FailureDetails(code=error.code, system=error.system, step=step, reason=error.reason),
        type=error.code,
        non_retryable=not rule_for(error.code, step, error.system).retried,
        next_retry_delay=delay,
    )


def internal_failure(step: str, reason: str) -> ApplicationError:
    """A failure of ours that repeating will not cure, such as a broken ownership rule."""
    details = FailureDetails(
        code=FailureCode.INTERNAL, system=System.THROUGHLINE, step=step, reason=reason
    )
    return ApplicationError(
        f"{step}: {reason}", details, type=FailureCode.INTERNAL, non_retryable=True
    )
