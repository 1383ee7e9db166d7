"""What crosses the engine when an effect that was left open is settled. Ids and codes only."""

from typing import Final

from domain.messages import Message
from domain.service_change import FINAL, ChangeStatus
from domain.steps import REVERSAL_OF, Step
from domain.verdicts import Outcome

_WORKFLOW_PREFIX: Final = "settle/"

ENDED_WITHOUT: Final = FINAL - {ChangeStatus.ACTIVE}
"""Ends after which nothing of a change may stand."""

SETTLED_BY: Final = {**REVERSAL_OF, Step.OPEN_TICKET: Step.CLOSE_TICKET}
"""What is done about an effect that stands although its change ended without it."""


class SettleInput(Message):
    """One effect that was begun and never closed."""

    change_id: str
    effect_key: str


class SettleResult(Message):
    """What it turned out to be, and the step that undoes it where it should not stand."""

    outcome: Outcome
    undo: Step | None = None


class SettleName:
    """The engine's name for the workflow, written out once."""

    WORKFLOW = "SettleEffectWorkflow"


def settle_workflow_id(effect_key: str) -> str:
    """The id of the workflow that settles one effect; it may run again once it has ended."""
    return _WORKFLOW_PREFIX + effect_key
