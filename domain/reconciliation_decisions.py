"""What may be decided about a difference, by whom, and what it becomes. The one table for it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from domain.identifiers import System
from domain.reconciliation import RepairKind, compared
from domain.service_change import Role
from domain.wording import words


class DifferenceState(StrEnum):
    """Where a difference stands."""

    OPEN = "open"
    EXPLAINED = "explained"
    REVIEWED = "reviewed"
    REPAIR_PROPOSED = "repair_proposed"
    REPAIRING = "repairing"
    REPAIRED = "repaired"
    DISMISSED = "dismissed"
    AGREES_AGAIN = "agrees_again"


_S = DifferenceState

OVER: Final = frozenset({_S.REPAIRED, _S.AGREES_AGAIN})
"""Found again, it is another difference."""

STANDING: Final = frozenset(DifferenceState) - OVER
"""The two systems differ, as far as is known; one that was dismissed is known, and stays so."""

WORK: Final = frozenset({_S.OPEN, _S.REVIEWED, _S.REPAIR_PROPOSED, _S.REPAIRING})
"""What somebody still has to deal with."""

MOVED_BY_VALUES: Final = frozenset({_S.REVIEWED, _S.REPAIR_PROPOSED, _S.DISMISSED})
"""What was said of other values does not hold for new ones: it is open again."""


class RunState(StrEnum):
    """Where a run stands; `incomplete`: a system could not be read whole."""

    RUNNING = "running"
    DONE = "done"
    INCOMPLETE = "incomplete"


class DifferenceAction(StrEnum):
    """What a person may say of a difference."""

    REVIEW = "review"
    REPAIR = "repair"
    DISMISS = "dismiss"
    CONFIRM = "confirm"
    DECLINE = "decline"


PROPOSAL_LIFE: Final = timedelta(hours=24)
"""How long a proposed repair waits for a second person."""


@dataclass(frozen=True, slots=True)
class DifferenceFacts:
    """What decides whether an action fits."""

    field: str
    system: System
    state: DifferenceState
    proposed_by: str | None = None

    @property
    def repair(self) -> RepairKind | None:
        """How it could be repaired, if we may."""
        return compared(self.field, self.system).repair

    @property
    def money(self) -> bool:
        """Whether a repair moves money, or says what money stands."""
        return compared(self.field, self.system).money


def _repairable(now: DifferenceFacts, _: str) -> str | None:
    if now.repair is None:
        return f"Only {now.system.spoken} may change this; ask for it there."
    return None


def _anothers(now: DifferenceFacts, principal: str) -> str | None:
    if principal == now.proposed_by:
        return "Nobody confirms what they proposed; ask a colleague."
    return None


@dataclass(frozen=True, slots=True)
class DifferenceRule:
    """In which states an action exists, for which roles, what it becomes, and what else holds."""

    states: frozenset[DifferenceState]
    roles: frozenset[Role]
    becomes: DifferenceState
    fits: Callable[[DifferenceFacts, str], str | None] = lambda _, __: None


_STAFF: Final = frozenset({Role.OPERATOR, Role.ADMIN})

RULES: Final[Mapping[DifferenceAction, DifferenceRule]] = {
    DifferenceAction.REVIEW: DifferenceRule(
        frozenset({_S.OPEN, _S.EXPLAINED}), _STAFF | {Role.SUPPORT}, _S.REVIEWED
    ),
    DifferenceAction.REPAIR: DifferenceRule(
        frozenset({_S.OPEN, _S.REVIEWED}), _STAFF, _S.REPAIRING, _repairable
    ),
    DifferenceAction.DISMISS: DifferenceRule(
        frozenset({_S.OPEN, _S.EXPLAINED, _S.REVIEWED}), _STAFF, _S.DISMISSED
    ),
    DifferenceAction.CONFIRM: DifferenceRule(
        frozenset({_S.REPAIR_PROPOSED}), _STAFF, _S.REPAIRING, _anothers
    ),
    DifferenceAction.DECLINE: DifferenceRule(
        frozenset({_S.REPAIR_PROPOSED}), _STAFF, _S.REVIEWED, _anothers
    ),
}
"""What is explained goes away with its change and is not repaired meanwhile."""

MAY_START: Final = _STAFF | {Role.SUPPORT}
"""Who may have systems compared now."""


@dataclass(frozen=True, slots=True)
class DifferencePermission:
    """Whether a caller may act; if not, why. `rights`: it is the caller's role that forbids it."""

    action: DifferenceAction
    allowed: bool
    reason: str | None = None
    rights: bool = False


def may_decide(
    action: DifferenceAction, now: DifferenceFacts, *, role: Role, principal: str
) -> DifferencePermission:
    """May this caller do this now? Rights are judged first."""
    rule = RULES[action]
    if role not in rule.roles:
        allowed = ", ".join(sorted(rule.roles))
        why = f"{action.capitalize()} needs one of the roles: {allowed}."
        return DifferencePermission(action, allowed=False, reason=why, rights=True)
    if now.state not in rule.states:
        why = f"{action.capitalize()} is not possible while it is {words(now.state)}."
        return DifferencePermission(action, allowed=False, reason=why)
    why_not = rule.fits(now, principal)
    return DifferencePermission(
        action,
        allowed=why_not is None,
        reason=why_not,
        rights=why_not is not None
        and action in {DifferenceAction.CONFIRM, DifferenceAction.DECLINE},
    )


def becomes(action: DifferenceAction, now: DifferenceFacts) -> DifferenceState:
    """Where an action leads; a repair of money waits for a second person first."""
    if needs_second_person(action, now):
        return DifferenceState.REPAIR_PROPOSED
    return RULES[action].becomes


def needs_second_person(action: DifferenceAction, now: DifferenceFacts) -> bool:
    """Whether it takes effect only once a colleague has confirmed it."""
    return action is DifferenceAction.REPAIR and now.money
