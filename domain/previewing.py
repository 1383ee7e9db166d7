"""What crosses the engine when a change is previewed, and where it would stand. Ids and codes.

Every message may gain fields with defaults; none may lose or rename one, since histories hold them.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, Final

from pydantic import Field

from domain.catalogue import Wish
from domain.messages import CheckResult, FailureDetails, Message, Waiting
from domain.service_change import ChangeStatus, CheckOutcome

MOST_UNDER_WAY: Final = 4
"""Previews one caller may have under way: a person asks for one, and no portal can keep the lanes
before the vendors full with what nobody has submitted."""

PREVIEWED_WITHIN: Final = timedelta(seconds=20)
"""A vendor is asked for at most 15 s; with the rest a caller still has its answer in time."""


class PreviewName:
    """The engine's name for the workflow, written out once."""

    WORKFLOW = "PreviewServiceChangeWorkflow"


class PreviewInput(Message):
    """What the checks have to know of a change that nobody has submitted.

    `duplicate_of` is the change that asks for the same already; `document_version` is 0 without a
    document, whose bytes were judged before and stay where they are.
    """

    account_id: str
    wish: Wish
    requested_date: date
    correlation_id: str
    duplicate_of: str | None = None
    document_version: int = 0


class PreviewCheck(Message):
    """What a check says, and what it found out for the plan."""

    result: CheckResult
    facts: dict[str, Any] = Field(default_factory=dict)


class PreviewResult(Message):
    """All four checks; or why one of them could not be answered."""

    checks: tuple[PreviewCheck, ...] = ()
    failure: FailureDetails | None = None


def would_be(checks: Sequence[CheckResult]) -> ChangeStatus:
    """The status these checks lead to."""
    outcomes = {check.outcome for check in checks}
    if CheckOutcome.DENIED in outcomes:
        return ChangeStatus.REJECTED
    if CheckOutcome.BLOCKED in outcomes:
        return ChangeStatus.INCOMPLETE
    return ChangeStatus.AWAITING_APPROVAL


def missing(checks: Sequence[CheckResult]) -> list[Waiting]:
    """What somebody would have to bring; nothing where no bringing helps."""
    if would_be(checks) is not ChangeStatus.INCOMPLETE:
        return []
    blocked = [check for check in checks if check.outcome is CheckOutcome.BLOCKED]
    return [Waiting(party=check.party, what=check.sentence) for check in blocked]
