"""Who may say what a drift is, and when: the table API and console go by. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from domain.drift import NOTED, DriftAction, DriftKind, DriftState
from domain.mappings import MAPPED_AS
from domain.permissions import Refusal
from domain.service_change import Role
from domain.wording import words

MAY_DECIDE: Final = frozenset({Role.OPERATOR, Role.ADMIN})
MAY_RETIRE: Final = frozenset({Role.ADMIN})
"""What is retired parks again what it let through, so it is a matter of who looks after it."""


@dataclass(frozen=True, slots=True)
class DriftSituation:
    """What decides whether an action fits. `choices`: whether there is anything to map it to."""

    kind: DriftKind
    state: DriftState
    choices: bool
    pending: bool
    """A mapping waits for a second person."""


@dataclass(frozen=True, slots=True)
class DriftPermission:
    """Whether one caller may take one action now, and if not, the sentence that says why."""

    action: DriftAction
    allowed: bool
    reason: str | None = None
    refusal: Refusal | None = None


def _map_fits(now: DriftSituation) -> str | None:
    if now.kind not in MAPPED_AS:
        return f"{words(now.kind).capitalize()} cannot be mapped; what reads it has to change."
    return None if now.choices else "There is nothing known here that it could be mapped to."


def _accept_fits(now: DriftSituation) -> str | None:
    if now.kind in NOTED:
        return None
    return "It concerns what is acted on: map it, or dismiss it once the vendor has mended it."


_FITS: Final[Mapping[DriftAction, Callable[[DriftSituation], str | None]]] = {
    DriftAction.MAP: _map_fits,
    DriftAction.ACCEPT: _accept_fits,
    DriftAction.DISMISS: lambda _: None,
}
"""Why an action does not fit an open drift; None if it does."""


def drift_permission(action: DriftAction, *, role: Role, now: DriftSituation) -> DriftPermission:
    """May this caller do this to a drift as it stands?"""
    if role not in MAY_DECIDE:
        allowed = ", ".join(sorted(MAY_DECIDE))
        reason = f"{action.capitalize()} needs one of the roles: {allowed}."
        return DriftPermission(action, allowed=False, reason=reason, refusal=Refusal.FORBIDDEN)
    if now.state is not DriftState.OPEN:
        why: str | None = f"It is {now.state} already."
    elif now.pending:
        why = "A mapping waits for a second person; confirm or decline it first."
    else:
        why = _FITS[action](now)
    return DriftPermission(
        action, allowed=why is None, reason=why, refusal=Refusal.NOT_APPLICABLE if why else None
    )


def objection_to_second(
    *, role: Role, principal: str, proposed_by: str, proposer: Role
) -> str | None:
    """Why this caller may not confirm or decline a mapping; None if they may.

    Mappings are an administrator's matter: one of the two is one.
    """
    if role not in MAY_DECIDE:
        return f"A second approval needs one of the roles: {', '.join(sorted(MAY_DECIDE))}."
    if principal == proposed_by:
        return "Nobody confirms what they proposed; ask a colleague."
    if Role.ADMIN not in {role, proposer}:
        return "One of the two has to be an administrator; ask one."
    return None
