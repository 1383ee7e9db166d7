"""Each step's point of no return, and what of a change can still be undone."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from domain.service_change import EffectStatus
from domain.steps import APPLY_ORDER, Step
from domain.wording import words


class Reversibility(StrEnum):
    """Whether a step can still be undone."""

    NOT_BEGUN = "not_begun"
    UNDOABLE = "undoable"
    PASSED = "passed"
    STAYS = "stays"


@dataclass(frozen=True, slots=True)
class PointOfNoReturn:
    """Until when a step can be undone. `fact`: the effect's fact that holds the hard time."""

    sentence: str
    fact: str | None = None
    undone: bool = True


POINTS: Final[Mapping[Step, PointOfNoReturn]] = {
    Step.POST_BILLING_CHANGE: PointOfNoReturn(
        "Reversed by a line of its own; both lines stay on the invoice."
    ),
    Step.BOOK_APPOINTMENT: PointOfNoReturn(
        "Released until the visit begins; afterwards the work is done and takes a new change.",
        fact="starts_at",
    ),
    Step.UPDATE_SERVICES: PointOfNoReturn(
        "Restored by a further order; the customer notices both changes."
    ),
    Step.CLOSE_TICKET: PointOfNoReturn(
        "A closed ticket stays closed; the conversation stands.", undone=False
    ),
}
"""Soft for money and services, hard for a visit, none needed for a conversation."""


@dataclass(frozen=True, slots=True)
class DoneStep:
    """An effect as far as undoing it goes."""

    step: str
    status: EffectStatus
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class StepOutlook:
    """What undoing would do to one step."""

    step: Step
    state: Reversibility
    sentence: str


_STANDS: Final = frozenset({EffectStatus.APPLIED, EffectStatus.UNKNOWN, EffectStatus.SKIPPED})


def outlook(effects: Iterable[DoneStep], now: datetime) -> list[StepOutlook]:
    """For each step in order of application, whether it can be undone now."""
    standing = {effect.step: effect for effect in effects if effect.status in _STANDS}
    return [_step_outlook(step, standing.get(step), now) for step in APPLY_ORDER]


def _step_outlook(step: Step, effect: DoneStep | None, now: datetime) -> StepOutlook:
    point = POINTS[step]
    if effect is None:
        return StepOutlook(step, Reversibility.NOT_BEGUN, "Nothing stands; nothing to undo.")
    if not point.undone:
        return StepOutlook(step, Reversibility.STAYS, point.sentence)
    until = effect.facts.get(point.fact) if point.fact else None
    if until is not None and datetime.fromisoformat(until) <= now:
        return StepOutlook(step, Reversibility.PASSED, point.sentence)
    return StepOutlook(step, Reversibility.UNDOABLE, point.sentence)


def passed(outlooks: Iterable[StepOutlook]) -> str | None:
    """Why the change cannot be undone any more, naming the step; None if it can."""
    for each in outlooks:
        if each.state is Reversibility.PASSED:
            name = words(each.step)
            return f"Past the point of no return ({name}): {each.sentence} Submit a new change."
    return None
