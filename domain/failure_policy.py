"""What happens on which failure, who owns it and what a person should do: one table as data."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from domain.errors import FailureCode
from domain.identifiers import System, fingerprint
from domain.shapes import shape_of
from domain.wording import words


class Consequence(StrEnum):
    """What follows once a step has failed for good."""

    COMPENSATE = "compensate"
    PARK = "park"
    WAIT = "wait"


class Phase(StrEnum):
    """What a change was about when a step of it failed."""

    CHECKING = "checking"
    APPLYING = "applying"
    REVISING = "revising"
    UNDOING = "undoing"


@dataclass(frozen=True, slots=True)
class Rule:
    """One row. None matches anything. `retried`: first tried again by itself, up to its limit."""

    code: FailureCode
    consequence: Consequence
    next_action: str
    retried: bool = False
    phase: Phase | None = None
    step: str | None = None
    system: System | None = None
    owner: str | None = None
    """Whose work it is; None: the team of the system that failed."""

    def matches(self, code: FailureCode, step: str, system: System, phase: Phase | None) -> bool:
        """Whether the row is about this failure."""
        return (
            self.code is code
            and self.phase in {None, phase}
            and self.step in {None, step}
            and self.system in {None, system}
        )


TEAMS: Final[Mapping[System, str]] = {
    System.CRM: "customer data",
    System.BILLING: "billing operations",
    System.SCHEDULING: "field planning",
    System.TICKETING: "service desk",
    System.THROUGHLINE: "integration engineers",
}
"""Who looks after what a system refuses or does not answer."""

_ENGINEERS: Final = TEAMS[System.THROUGHLINE]
_OPERATIONS: Final = "operations"

RULES: Final[tuple[Rule, ...]] = (
    Rule(
        FailureCode.REFUSED,
        Consequence.COMPENSATE,
        "Nothing to do: what was applied is being undone.",
        phase=Phase.APPLYING,
    ),
    Rule(
        FailureCode.REFUSED,
        Consequence.PARK,
        "Read the refusal, then correct, reject or retry the change.",
    ),
    Rule(
        FailureCode.UNAVAILABLE,
        Consequence.PARK,
        "Retry once the system answers again, or reject the change.",
        retried=True,
    ),
    Rule(
        FailureCode.THROTTLED,
        Consequence.PARK,
        "Retry once the system takes requests again, or reject the change.",
        retried=True,
    ),
    Rule(
        FailureCode.OUTCOME_UNKNOWN,
        Consequence.PARK,
        "Retry: the effect is looked up first and not done twice.",
        retried=True,
    ),
    Rule(
        FailureCode.UNRECOGNISED_PAYLOAD,
        Consequence.PARK,
        "Open the drift inbox: map what is new to what is known, and it goes on; or retry once the "
        "system answers as before.",
        owner=_ENGINEERS,
    ),
    Rule(
        FailureCode.CREDENTIAL,
        Consequence.PARK,
        "Ask the system's owner for the right that our credential lacks, then retry.",
        owner=_ENGINEERS,
    ),
    Rule(
        FailureCode.CREDENTIAL_FAULT,
        Consequence.WAIT,
        "Stage a new secret for the system, try it and have it promoted; it goes on by itself.",
        owner=_ENGINEERS,
    ),
    Rule(
        FailureCode.UNVERIFIABLE,
        Consequence.PARK,
        "Find out at the system whether it was done: it cannot be asked by us. Retry only what was "
        "not done, which is done again then; skip what was, with its reference.",
    ),
    Rule(
        FailureCode.PAUSED,
        Consequence.WAIT,
        "Wait, or resume what was paused; it goes on by itself and needs no retry.",
    ),
    Rule(
        FailureCode.REVISION_PENDING,
        Consequence.PARK,
        "Read the new document version, then apply the revision or discard it.",
        owner=_OPERATIONS,
    ),
    Rule(
        FailureCode.WORKFLOW_LOST,
        Consequence.PARK,
        "Retry: a further run goes on from what is on record. Or reject the change.",
    ),
    Rule(
        FailureCode.STALLED,
        Consequence.WAIT,
        "Look at the workers: one that has the code of this change must run. It goes on by itself.",
        owner=_ENGINEERS,
    ),
    Rule(
        FailureCode.INTERNAL,
        Consequence.PARK,
        "Retry; if it fails again, tell the engineers the correlation id.",
        owner=_ENGINEERS,
    ),
)
"""The first row that matches counts. A refusal is an answer, so a change that is being applied is
undone; what was paused goes on once it is resumed, and what no secret opens once one does;
everything else waits for a person once automatic attempts have ended."""


SELF_HEALING: Final = frozenset(rule.code for rule in RULES if rule.retried)
"""Codes that time may cure: the step is tried again by itself, looking up an unknown outcome."""


def rule_for(code: FailureCode, step: str, system: System, phase: Phase | None = None) -> Rule:
    """The row for a failure."""
    return next(rule for rule in RULES if rule.matches(code, step, system, phase))


def owner_of(code: FailureCode, step: str, system: System) -> str:
    """The team whose work a failure is."""
    return rule_for(code, step, system).owner or TEAMS[system]


CAUSES: Final[Mapping[FailureCode, str]] = {
    FailureCode.REFUSED: "refused by {system}",
    FailureCode.UNAVAILABLE: "{system} does not answer",
    FailureCode.THROTTLED: "{system} takes no more requests",
    FailureCode.OUTCOME_UNKNOWN: "{system} did not say whether it was done",
    FailureCode.UNRECOGNISED_PAYLOAD: "{system} answered something we do not act on",
    FailureCode.CREDENTIAL: "{system} does not accept our credential",
    FailureCode.CREDENTIAL_FAULT: "{system} accepts no secret of ours",
    FailureCode.UNVERIFIABLE: "{system} did not say whether it was done and cannot be asked",
    FailureCode.PAUSED: "somebody has paused it",
    FailureCode.REVISION_PENDING: "a revised document waits for a decision",
    FailureCode.WORKFLOW_LOST: "its workflow ended without an end",
    FailureCode.STALLED: "it is due and does not move",
    FailureCode.INTERNAL: "an error of ours",
}


def cause_of(code: FailureCode, step: str, system: System) -> str:
    """A failure's cause in a person's words, such as `Post billing change: refused by billing`."""
    return f"{words(step).capitalize()}: {CAUSES[code].format(system=system.spoken)}"


def failure_fingerprint(
    *,
    system: System,
    code: FailureCode,
    step: str,
    reason: str = "",
    answer: Any = None,  # noqa: ANN401 - JSON is any of six types
) -> str:
    """One name for one cause: equal for failures that one repair would cure.

    System, error class, step, the vendor's machine-readable reason and the shape of its last
    answer; never a value, so that accounts and words do not split a cause. An answer that is not
    understood has the drift it shows for its reason, which then says more than the shape. Sixteen
    hex digits.
    """
    by_shape = code is FailureCode.UNRECOGNISED_PAYLOAD and not reason
    shape = list(shape_of(answer)) if by_shape else []
    parts = {"system": system, "code": code, "step": step, "reason": reason, "shape": shape}
    return fingerprint(parts)[:16]
