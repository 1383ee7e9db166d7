"""How a change waits while somebody has paused it: not parked, still taking decisions."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

from temporalio import workflow
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from domain.failure_policy import Consequence, rule_for
    from domain.messages import EngineName, ServiceChangeInput
    from workflows import steps
    from workflows.conversation import Conversation
    from workflows.policies import PAUSED_LOOKS

T = TypeVar("T")


async def _by_the_clock(pause: timedelta) -> bool:
    await workflow.sleep(pause)
    return False


async def outlast_pauses(
    work: Callable[[], Awaitable[T]],
    woken: Callable[[timedelta], Awaitable[bool]] = _by_the_clock,
) -> T:
    """Do it, and do it again as long as it was held back by a pause.

    `woken` waits no longer than it is told and says whether somebody spoke meanwhile.
    """
    pause, longest = PAUSED_LOOKS
    while True:
        try:
            return await work()
        except ActivityError as error:
            failure = steps.failure_of(error)
            rule = rule_for(failure.code, failure.step, failure.system)
            if rule.consequence is not Consequence.WAIT:
                raise
        if not await woken(pause):
            pause = min(pause * 2, longest)


class Pausing(Conversation):
    """Signal `resumed` says that a pause was lifted; the step that was held back is done again."""

    def __init__(self, change: ServiceChangeInput) -> None:
        super().__init__(change)
        self._resumed = False

    @workflow.signal(name=EngineName.RESUMED)
    def resumed(self) -> None:
        """A pause was lifted; another may still stand, which the next try finds out."""
        self._resumed = True

    async def _unpaused(self, work: Callable[[], Awaitable[T]]) -> T:
        """Do it, waiting as long as it is paused. A decision that ends the change ends this."""
        return await outlast_pauses(work, self._resumed_or_decided)

    async def _resumed_or_decided(self, within: timedelta) -> bool:
        try:
            await workflow.wait_condition(
                lambda: self._resumed or self._pending is not None, timeout=within
            )
        except TimeoutError:
            return False
        self._resumed = False
        self._taken()
        return True
