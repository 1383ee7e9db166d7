"""Retries dead letters as a canary. What comes next is on record; this keeps the time."""

import asyncio
from datetime import timedelta
from typing import Final

from temporalio import workflow
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from activities.replaying import ReplayActivities
    from domain.replay_messages import (
        Advance,
        AdvanceInput,
        ItemTurn,
        ReplayInput,
        ReplayName,
        RetryInput,
    )
    from workflows.policies import BRING, ONE_TRY, RECORD, RECORD_TRY

LOOKS: Final = (timedelta(milliseconds=500), timedelta(seconds=15))
"""How soon it is looked again for verdicts: at first, and at most. Each look doubles it."""


@workflow.defn(name=ReplayName.WORKFLOW)
class ReplayWorkflow:
    """Advances the replay step by step: verdicts, then the next item's turn.

    All state is on record, so that a run may end anywhere and a further one go on. Signal
    `steered` says that a person suspended, resumed or cancelled it, which the record tells.
    """

    @workflow.init
    def __init__(self, replay: ReplayInput) -> None:
        self._replay = replay
        self._steered = False
        self._look = LOOKS[0]
        self._brought: list[asyncio.Task[None]] = []
        """Retries on their way to their changes."""

    @workflow.signal(name=ReplayName.STEERED)
    def steered(self) -> None:
        """Look at the record at once."""
        self._steered = True

    @workflow.run
    async def run(self, replay: ReplayInput) -> None:
        """Go on until everything retried has come to a verdict and nothing more is retried."""
        after = replay.after
        while not (step := await self._advance(after)).finished:
            for turn in step.turns:
                after = turn.position
                self._brought.append(asyncio.create_task(self._bring(turn)))
            await self._pause(step)
            if workflow.info().is_continue_as_new_suggested():
                await asyncio.gather(*self._brought)
                workflow.continue_as_new(replay.model_copy(update={"after": after}))
        await asyncio.gather(*self._brought)

    async def _pause(self, step: Advance) -> None:
        """As long as the vendors' pace asks; ever longer while only verdicts are awaited.

        The engine's timers are good to about a second, so a second's worth of retries goes out
        at once and then the second passes.
        """
        if step.turns:
            self._look = LOOKS[0]
            pace = self._replay.pace
            await workflow.sleep(sum(pace.seconds_after(turn.system) for turn in step.turns))
            return
        wait = self._look if step.wait is None else timedelta(seconds=step.wait)
        self._look = min(self._look * 2, LOOKS[1])
        try:
            await workflow.wait_condition(lambda: self._steered, timeout=wait)
        except TimeoutError:
            return
        self._steered = False
        self._look = LOOKS[0]

    async def _advance(self, after: int) -> Advance:
        step = AdvanceInput(
            replay_id=self._replay.replay_id, after=after, most=self._replay.pace.in_a_second
        )
        return await workflow.execute_activity_method(
            ReplayActivities.advance_replay,
            step,
            start_to_close_timeout=RECORD_TRY,
            retry_policy=RECORD,
        )

    async def _bring(self, turn: ItemTurn) -> None:
        """Have the change take its retry; an item that no worker takes has failed."""
        retry = RetryInput(replay_id=self._replay.replay_id, turn=turn)
        try:
            await workflow.execute_activity_method(
                ReplayActivities.retry_dead_letter,
                retry,
                start_to_close_timeout=ONE_TRY,
                retry_policy=BRING,
                summary=turn.change_id,
            )
        except ActivityError:
            await workflow.execute_activity_method(
                ReplayActivities.give_up_retry,
                retry,
                start_to_close_timeout=RECORD_TRY,
                retry_policy=RECORD,
            )
