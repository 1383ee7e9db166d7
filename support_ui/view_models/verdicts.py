"""Whether trying a step again is safe, as it stands beside the button that does it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from domain.contracts import SafeToRetryAnswer, ServiceChangeView
from domain.service_change import Action
from domain.verdicts import Outcome
from domain.wording import upper_first
from support_ui.view_models import text, words
from support_ui.view_models.words import Look

ABOUT_A_STEP: Final = frozenset({Action.RETRY, Action.SKIP})
"""Actions that are about the step the change stands at."""

VERDICT: Final[Mapping[Outcome, str]] = {
    Outcome.APPLIED: "applied",
    Outcome.NOT_APPLIED: "not applied",
    Outcome.UNKNOWN: "outcome unknown",
}
SAFE: Final = Look("Safe to retry", "green", "verified_user")
UNSAFE: Final = Look("Not safe to retry", "red", "gpp_maybe")


@dataclass(frozen=True, slots=True)
class StepVerdict:
    """The verdict as Markdown, and the step as its button names it."""

    line: str
    step: str


def of_the_step(
    change: ServiceChangeView, verdicts: Iterable[SafeToRetryAnswer]
) -> StepVerdict | None:
    """The verdict on the step the change stands at; None where it stands at no effect."""
    if change.failure is None:
        return None
    for each in verdicts:
        if each.step == change.failure.step:
            look = SAFE if each.safe else UNSAFE
            step = f"{text.humanise(each.step).lower()} at {words.SYSTEM[each.system]}"
            line = (
                f"{look.badge} **{text.plain(upper_first(step))}**: {VERDICT[each.verdict]}. "
                f"{text.plain(each.sentence)}"
            )
            return StepVerdict(line, step)
    return None
