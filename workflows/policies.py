"""Retry policies and time limits by name. No numbers elsewhere."""

from datetime import timedelta
from typing import Final

from temporalio.common import RetryPolicy

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

OURS: Final = (
    "AttributeError",
    "DataError",
    "IntegrityError",
    "KeyError",
    "NoResultFound",
    "TypeError",
    "ValidationError",
    "ValueError",
)
"""Errors that say that our code or our data is wrong, by the names the engine has for them. Time
cures none: the run fails, is found, and its change is parked for a person."""

RECORD: Final = RetryPolicy(
    initial_interval=timedelta(milliseconds=200),
    backoff_coefficient=2.0,
    maximum_interval=timedelta(seconds=10),
    non_retryable_error_types=OURS,
)
"""Without end: when our own record is away nothing else may go on, nor be reported."""

POLL_TRY: Final = timedelta(minutes=2)
"""One poll of a vendor: at most a hundred tickets, or twenty pages of events."""

POLL_LIMIT: Final = timedelta(minutes=4)
"""Over all tries; then the next poll of the schedule takes over."""

READ_LIMIT: Final = timedelta(hours=2)
"""How long one page, or one repair, is tried over all; then it is said that it could not be."""

COMPARE_TRY: Final = timedelta(minutes=3)
"""One comparison of everything read: some statements over all accounts, of at most 15 s each."""

BRING: Final = RetryPolicy(
    initial_interval=timedelta(seconds=1),
    backoff_coefficient=2.0,
    maximum_interval=timedelta(seconds=10),
    maximum_attempts=40,
)
"""A retry of a replay that no worker takes: some ten minutes of asking, each for five seconds."""

NOTIFY: Final = RetryPolicy(
    initial_interval=timedelta(seconds=2),
    backoff_coefficient=2.0,
    maximum_interval=timedelta(minutes=5),
)
NOTIFY_LIMIT: Final = timedelta(hours=1)
"""A mail that cannot go out for an hour is given up; the queue in the console still holds it."""

PREVIEW: Final = RetryPolicy(initial_interval=timedelta(milliseconds=500), maximum_attempts=2)
"""Somebody waits for the answer: a busy lane is tried once more, a vendor that is away is told."""

PREVIEW_LIMIT: Final = timedelta(seconds=15)
"""One question and its repeat: a call of at most 10 s, and the little that is waited before."""

CREDENTIAL_TRY: Final = timedelta(seconds=20)
"""One harmless call of at most 15 s with a token had for it, and a transaction of ours."""

ONCE_MORE: Final = RetryPolicy(initial_interval=timedelta(milliseconds=500), maximum_attempts=2)
"""Somebody waits; only our own record being away is tried again."""

PROBE: Final = RetryPolicy(
    initial_interval=timedelta(seconds=1),
    backoff_coefficient=2.0,
    maximum_interval=timedelta(seconds=10),
)
"""Without end: until a secret works nobody else calls the vendor, and then it is noticed within
ten seconds. A vendor that locks out whoever asks wrongly is paused by a person."""
