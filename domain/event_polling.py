"""What crosses the engine when a vendor is asked for events that never came. Ids and counts only.

Every model may gain fields with defaults; none may lose or rename one, since histories hold them.
"""

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


def polling_id(system: System) -> str:
    """The id of the schedule, and the beginning of those of its workflows."""
    return f"event-polling/{system}"
