"""What crosses the engine for a replay: ids, positions and decisions. Nothing personal.

As in `messages.py`, a model may gain fields with defaults; none may lose or rename one.
"""

import math
from collections.abc import Mapping
from typing import Final

from domain.identifiers import System
from domain.messages import Decision, Message

RETRIES_PER_SECOND: Final = 5.0
"""What a vendor is asked at most by a replay unless a setting says otherwise."""


class Pace(Message):
    """Retries a second: in general, and where a system takes more or less."""

    retries_per_second: float = RETRIES_PER_SECOND
    systems: Mapping[System, float] = {}

    def seconds_after(self, system: System) -> float:
        """How long to wait after an item of a system."""
        return 1 / self.systems.get(system, self.retries_per_second)

    @property
    def in_a_second(self) -> int:
        """How many items, of whatever system, a second has room for; at least one."""
        return max(1, int(min(self.retries_per_second, *self.systems.values(), math.inf)))


class ReplayInput(Message):
    """Starts the workflow of one replay, or goes on with it after the item at `after`."""

    replay_id: str
    pace: Pace = Pace()
    after: int = 0


class AdvanceInput(Message):
    """Take a replay one step further. `after` is the last item whose turn was heard of."""

    replay_id: str
    after: int
    most: int = 1
    """How many items may have their turn at once."""


class ItemTurn(Message):
    """An item whose retry is on record and has to reach its change."""

    position: int
    change_id: str
    system: System
    decision: Decision


class Advance(Message):
    """What a replay does next: retry some items, wait, or nothing more.

    `wait`: seconds a vendor wants to be left alone, if one does.
    """

    finished: bool = False
    turns: tuple[ItemTurn, ...] = ()
    wait: float | None = None


class RetryInput(Message):
    """Bring the retry of one item to its change."""

    replay_id: str
    turn: ItemTurn


class ReplayName:
    """The engine's names for the workflow of a replay and its messages, written out once."""

    WORKFLOW = "ReplayWorkflow"
    STEERED = "steered"
