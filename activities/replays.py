"""What a replay needs of our record and of the changes it retries. Ports only."""

from typing import Protocol

from domain.messages import Decision, DecisionResult
from domain.replay_messages import Advance, AdvanceInput, ItemTurn, RetryInput


class Replays(Protocol):
    """Replays on record. Each call is one transaction and safe to repeat."""

    async def advance(self, step: AdvanceInput) -> Advance:
        """Give what verdicts there are, and say what comes next.

        Items whose turn came after `step.after` and is not over are named again: their turn was
        not heard of.
        """
        ...

    async def go_on_by_further_run(self, turn: ItemTurn) -> None:
        """Have a further run of the change take the retry; it has no workflow now.

        Raises NobodyAnswersError while the change has not begun.
        """
        ...

    async def refused(self, turn: ItemTurn, why: str) -> None:
        """The change's workflow did not take the retry."""
        ...

    async def give_up(self, retry: RetryInput) -> None:
        """Nobody took the retry, however often it was brought: the item has failed."""
        ...


class Changes(Protocol):
    """The workflows of service changes."""

    async def decide(self, change_id: str, decision: Decision) -> DecisionResult | None:
        """Have a decision taken, once per decision id; None while it is not yet on record.

        Raises DecisionRefusedError and the engine's errors.
        """
        ...
