"""Retry policies and time limits by name, and what follows a failure. No numbers elsewhere."""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Final

from temporalio.common import RetryPolicy

from domain.errors import FailureCode

ONE_TRY: Final = timedelta(seconds=45)
"""One try of a vendor step: a few HTTP calls of at most 10 s each, and two transactions."""

RECORD_TRY: Final = timedelta(seconds=20)
"""One try of a transaction of ours; the database ends statements after 15 s."""

HEARTBEAT: Final = timedelta(seconds=5)
"""A worker beats every 1.5 s; one that was killed is noticed within this, not after ONE_TRY."""

PAUSED_LOOKS: Final = (timedelta(minutes=1), timedelta(minutes=10))
"""How often a paused change looks whether it may go on, at first and at most, should the message
that says so be lost."""

VENDOR: Final = RetryPolicy(
    initial_interval=timedelta(seconds=1),
    backoff_coefficient=2.0,
    maximum_interval=timedelta(minutes=1),
)
"""Vendors come back within a minute of their recovery; 429 names its own wait."""

RECORD: Final = RetryPolicy(
    initial_interval=timedelta(milliseconds=200),
    backoff_coefficient=2.0,
    maximum_interval=timedelta(seconds=10),
)
"""Without end: when our own record is away nothing else may go on, nor be reported."""

NOTIFY: Final = RetryPolicy(
    initial_interval=timedelta(seconds=2),
    backoff_coefficient=2.0,
    maximum_interval=timedelta(minutes=5),
)
NOTIFY_LIMIT: Final = timedelta(hours=1)
"""A mail that cannot go out for an hour is given up; the queue in the console still holds it."""


class Consequence(StrEnum):
    """What follows when a step of the approved plan fails for good."""

    COMPENSATE = "compensate"
    PARK = "park"
    WAIT = "wait"


ON_STEP_FAILURE: Final[Mapping[FailureCode, Consequence]] = {
    FailureCode.REFUSED: Consequence.COMPENSATE,
    FailureCode.UNAVAILABLE: Consequence.PARK,
    FailureCode.THROTTLED: Consequence.PARK,
    FailureCode.OUTCOME_UNKNOWN: Consequence.PARK,
    FailureCode.UNRECOGNISED_PAYLOAD: Consequence.PARK,
    FailureCode.CREDENTIAL: Consequence.PARK,
    FailureCode.INTERNAL: Consequence.PARK,
    FailureCode.UNVERIFIABLE: Consequence.PARK,
    FailureCode.PAUSED: Consequence.WAIT,
}
"""A refusal is an answer, so the change is undone. What was paused goes on once it is resumed.
Everything else waits for a person."""

NEXT_ACTION: Final[Mapping[FailureCode, str]] = {
    FailureCode.REFUSED: "Read the refusal, then reject the change or retry it.",
    FailureCode.UNAVAILABLE: "Retry once the system answers again, or reject the change.",
    FailureCode.THROTTLED: "Retry once the system takes requests again, or reject the change.",
    FailureCode.OUTCOME_UNKNOWN: "Retry: the effect is looked up first and not done twice.",
    FailureCode.UNRECOGNISED_PAYLOAD: (
        "Compare the raw answer with what is expected; retry once the system answers as before."
    ),
    FailureCode.CREDENTIAL: "Renew the system's credential, then retry.",
    FailureCode.UNVERIFIABLE: (
        "Find out at the system whether it was done: it cannot be asked by us. Retry only what was "
        "not done; it is done again then."
    ),
    FailureCode.PAUSED: "Wait, or resume what was paused; it goes on by itself and needs no retry.",
    FailureCode.INTERNAL: "Retry; if it fails again, tell the engineers the correlation id.",
}
"""What a person should do about a change that is parked."""
