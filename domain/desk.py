"""The dead-letter desk: by when what stands still has to move, and where a cause stands.

Rules only; see `failure_policy.py` for whose work a failure is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from domain.errors import FailureCode
from domain.failure_policy import TEAMS
from domain.identifiers import System


class CauseState(StrEnum):
    """Where a cause stands. One that stops a further change after it was resolved is open again."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    PUT_OFF = "put_off"
    RESOLVED = "resolved"


class HoldKind(StrEnum):
    """What may keep the calls back that a cause needs: a person, or the vendor."""

    PAUSE = "pause"
    GATE = "gate"


@dataclass(frozen=True, slots=True)
class Promise:
    """One row: within how many hours of the clock. None matches anything."""

    hours: int
    code: FailureCode | None = None
    owner: str | None = None

    def matches(self, code: FailureCode, owner: str) -> bool:
        """Whether the row is about this failure."""
        return self.code in {None, code} and self.owner in {None, owner}


PROMISES: Final[tuple[Promise, ...]] = (
    Promise(1, FailureCode.CREDENTIAL),
    Promise(2, FailureCode.WORKFLOW_LOST),
    Promise(2, FailureCode.STALLED),
    Promise(4, FailureCode.UNAVAILABLE),
    Promise(4, FailureCode.THROTTLED),
    Promise(4, FailureCode.OUTCOME_UNKNOWN),
    Promise(4, FailureCode.UNVERIFIABLE),
    Promise(8, FailureCode.UNRECOGNISED_PAYLOAD),
    Promise(8, FailureCode.INTERNAL),
    Promise(8, owner=TEAMS[System.SCHEDULING]),
    Promise(24),
)
"""The first row that matches counts. What stops everything at a system comes before what leaves a
customer in doubt, that before an answer nobody understands; a visit has a date, so it may not wait
as long as a refusal. The hours are this project's own; whoever runs it sets theirs here."""


def due_at(code: FailureCode, owner: str, opened_at: datetime) -> datetime:
    """By when a dead letter has to be moved on."""
    promise = next(row for row in PROMISES if row.matches(code, owner))
    return opened_at + timedelta(hours=promise.hours)


def is_overdue(due: datetime, closed_at: datetime | None, now: datetime) -> bool:
    """Whether it stood, or still stands, for longer than it should have."""
    return due < (closed_at or now)


def state_of(count: int, assignee: str | None, *, put_off: bool) -> CauseState:
    """Where a cause stands for which `count` changes stand still."""
    if not count:
        return CauseState.RESOLVED
    if put_off:
        return CauseState.PUT_OFF
    return CauseState.ACKNOWLEDGED if assignee else CauseState.OPEN


def standing(now: int, opened: Sequence[int], closed: Sequence[int]) -> list[int]:
    """How many stood still at the end of each stretch of time, the last of which ends now."""
    counted: list[int] = []
    for came, went in zip(reversed(opened), reversed(closed), strict=True):
        counted.append(now)
        now += went - came
    return counted[::-1]
