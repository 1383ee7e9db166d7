"""What the API answers of a failure and of a decision that waits. Shapes only, no rules."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from domain.errors import FailureCode
from domain.identifiers import System
from domain.service_change import Action


class View(BaseModel):
    """Base of everything the API answers."""

    model_config = ConfigDict(frozen=True)


class ErrorView(View):
    """One failed try. `words` are the vendor's."""

    at: datetime
    code: FailureCode
    reason: str
    words: str
    http_status: int | None


class FailureView(View):
    """Why a change does not go on, in a person's words. `words` are the vendor's.

    `fingerprint` is equal for failures that one repair would cure; `owner` is the team whose work
    it is; `dead_letter` is set once automatic tries have ended.
    """

    system: System
    step: str
    code: FailureCode
    cause: str
    reason: str
    words: str
    http_status: int | None
    attempts: int
    fingerprint: str
    owner: str
    next_action: str
    first_seen_at: datetime
    last_seen_at: datetime
    first_error: ErrorView
    last_error: ErrorView
    dead_letter: str | None = None
    drift: str | None = None
    """What the vendor's answer differs in, by its id in the drift inbox."""


class FieldDifferenceView(View):
    """One field before and after."""

    field: str
    before: Any
    after: Any


class PendingDecisionView(View):
    """A decision that waits for a second person.

    `sha256` covers the decision and everything shown of the change; a confirmation names it, so
    that it counts only for what was really seen.
    """

    id: str
    action: Action
    proposed_by: str
    reason: str
    proposed_at: datetime
    expires_at: datetime
    differences: list[FieldDifferenceView]
    evidence: dict[str, str]
    sha256: str
