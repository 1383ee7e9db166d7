"""What the API answers of the steps the engine has under way. Shapes only, no rules."""

from datetime import datetime
from enum import StrEnum

from domain.contracts_failures import View
from domain.identifiers import System


class LiveState(StrEnum):
    """Where a step under way stands: being tried now, waiting for its next try, or about to be."""

    TRYING = "trying"
    BACKING_OFF = "backing_off"
    QUEUED = "queued"


class LiveAction(StrEnum):
    """What may be done to a step under way."""

    TRY_NOW = "try_now"
    CHANGE_TRIES = "change_tries"


class LiveStepView(View):
    """One step the engine has under way.

    `attempts_left` is None where tries are not counted: it is tried until `tried_until`, or, if
    that is None as well, without end. `interval_seconds` is the wait before the next try, at most
    `longest_interval_seconds`.
    """

    step: str
    system: System
    state: LiveState
    attempt: int
    attempts_left: int | None
    last_failure: str | None
    last_ended_at: datetime | None
    next_attempt_at: datetime | None
    tried_until: datetime | None
    interval_seconds: float | None
    longest_interval_seconds: float | None


class LiveStepsView(View):
    """The steps under way of one change; none once its workflow has ended or only waits.

    `may`: what the caller may do to them.
    """

    change_id: str
    may: list[LiveAction]
    steps: list[LiveStepView]
