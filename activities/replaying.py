"""Takes a replay further on record, and brings each retry to its change."""

from temporalio import activity

from activities.replays import Changes, Replays
from domain.errors import DecisionRefusedError, NoWorkflowError
from domain.replay_messages import Advance, AdvanceInput, RetryInput


class ReplayActivities:
    """The steps of a replay. All are safe to repeat: a retry is one decision under one id."""

    def __init__(self, replays: Replays, changes: Changes) -> None:
        self._replays = replays
        self._changes = changes

    @activity.defn(name="advance_replay")
    async def advance_replay(self, step: AdvanceInput) -> Advance:
        """Give what verdicts there are and put the next retries on record, if it is time."""
        return await self._replays.advance(step)

    @activity.defn(name="retry_dead_letter")
    async def retry_dead_letter(self, retry: RetryInput) -> None:
        """Bring one retry to its change; by a further run where the workflow is gone.

        Raises the engine's errors while nobody takes it.
        """
        turn = retry.turn
        try:
            await self._changes.decide(turn.change_id, turn.decision)
        except NoWorkflowError:
            await self._replays.go_on_by_further_run(turn)
        except DecisionRefusedError as error:
            await self._replays.refused(turn, str(error))

    @activity.defn(name="give_up_retry")
    async def give_up_retry(self, retry: RetryInput) -> None:
        """Put on record that nobody took the retry."""
        await self._replays.give_up(retry)
