"""What is said when a vendor is asked for events that never came. Ids and counts only.

Every message may gain fields with defaults; none may lose or rename one, since histories hold them.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from domain.identifiers import System
from domain.messages import Message

POLLING_WORKFLOW: Final = "EventPollingWorkflow"
"""The engine's name of the workflow, written out."""


class PollInput(Message):
    """Ask one vendor once."""

    system: System


class PollResult(Message):
    """What came of it: events that were missing, and whether the vendor could be asked."""

    missed: int
    asked: bool


@dataclass(frozen=True, slots=True)
class Feed:
    """How far a vendor has been asked. `cursor` is its own place in its list; None: nowhere.

    Before `retry_at` it does not want to be asked again; `held`: somebody paused it, or its gate is
    closed, so that nobody calls it.
    """

    cursor: str | None = None
    retry_at: datetime | None = None
    held: bool = False


def polling_id(system: System) -> str:
    """The id of the schedule, and the beginning of those of its workflows."""
    return f"event-polling/{system}"
