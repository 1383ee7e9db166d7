"""A service change: kinds, statuses, transitions and who may act when. Rules only, as tables."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from domain.errors import TransitionError


class ChangeKind(StrEnum):
    """What a customer may ask to have changed."""

    CHANGE_INTERNET_SERVICE = "change_internet_service"
    ADD_SERVICE = "add_service"
    REMOVE_SERVICE = "remove_service"
    CHANGE_CONTRACT = "change_contract"
    CHANGE_PAYMENT_METHOD = "change_payment_method"
    CHANGE_BILLING_ADDRESS = "change_billing_address"


class ChangeStatus(StrEnum):
    """Where a change stands."""

    PENDING = "pending"
    CHECKING = "checking"
    INCOMPLETE = "incomplete"
    AWAITING_APPROVAL = "awaiting_approval"
    APPLYING = "applying"
    ACTIVE = "active"
    NEEDS_ATTENTION = "needs_attention"
    COMPENSATING = "compensating"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class EffectStatus(StrEnum):
    """What is known about one thing done at a vendor."""

    INTENDED = "intended"
    APPLIED = "applied"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    REVERSED = "reversed"
    SKIPPED = "skipped"


class CheckOutcome(StrEnum):
    """What a check says: go on, wait for somebody, or never."""

    PASSED = "passed"
    BLOCKED = "blocked"
    DENIED = "denied"


class CheckName(StrEnum):
    """The four questions asked before anybody is asked to approve."""

    ENTITLEMENT = "entitlement"
    STANDING = "standing"
    DATE = "date"
    COMPLETENESS = "completeness"


class DocumentState(StrEnum):
    """Whether a document version is the one the change is judged by."""

    CURRENT = "current"
    SUPERSEDED = "superseded"
    PENDING_REVIEW = "pending_review"


class Role(StrEnum):
    """What a caller is allowed to be."""

    PORTAL = "portal"
    PARTNER = "partner"
    SUPPORT = "support"
    OPERATOR = "operator"
    ADMIN = "admin"


class Action(StrEnum):
    """What a person may do to a change."""

    APPROVE = "approve"
    REJECT = "reject"
    CANCEL = "cancel"
    RETRY = "retry"


_S = ChangeStatus

TRANSITIONS: Final[Mapping[ChangeStatus, frozenset[ChangeStatus]]] = {
    _S.PENDING: frozenset({_S.CHECKING, _S.CANCELLED, _S.NEEDS_ATTENTION}),
    _S.CHECKING: frozenset(
        {_S.INCOMPLETE, _S.AWAITING_APPROVAL, _S.REJECTED, _S.CANCELLED, _S.NEEDS_ATTENTION}
    ),
    _S.INCOMPLETE: frozenset({_S.CHECKING, _S.REJECTED, _S.CANCELLED, _S.EXPIRED}),
    _S.AWAITING_APPROVAL: frozenset(
        {_S.CHECKING, _S.APPLYING, _S.REJECTED, _S.CANCELLED, _S.EXPIRED}
    ),
    _S.APPLYING: frozenset({_S.ACTIVE, _S.COMPENSATING, _S.NEEDS_ATTENTION}),
    _S.NEEDS_ATTENTION: frozenset(
        {_S.CHECKING, _S.APPLYING, _S.COMPENSATING, _S.REJECTED, _S.CANCELLED}
    ),
    _S.COMPENSATING: frozenset({_S.REJECTED, _S.CANCELLED, _S.NEEDS_ATTENTION}),
    _S.ACTIVE: frozenset(),
    _S.REJECTED: frozenset(),
    _S.CANCELLED: frozenset(),
    _S.EXPIRED: frozenset(),
}
"""Every status change there is. What is not here is refused."""

FINAL: Final = frozenset(status for status, following in TRANSITIONS.items() if not following)
OPEN: Final = frozenset(ChangeStatus) - FINAL


def require_transition(current: ChangeStatus, following: ChangeStatus) -> None:
    """Pass if the table holds the step, else raise TransitionError naming both statuses."""
    if following not in TRANSITIONS[current]:
        raise TransitionError(f"a change that is {current} cannot become {following}")


_BEFORE_APPROVAL = frozenset({_S.PENDING, _S.CHECKING, _S.INCOMPLETE, _S.AWAITING_APPROVAL})
_STAFF = frozenset({Role.OPERATOR, Role.ADMIN})
_SUBMITTERS = frozenset({Role.PORTAL, Role.PARTNER})


@dataclass(frozen=True, slots=True)
class ActionRule:
    """In which statuses an action exists, and for which roles."""

    statuses: frozenset[ChangeStatus]
    roles: frozenset[Role]
    submitter_may: bool = True


ACTION_RULES: Final[Mapping[Action, ActionRule]] = {
    Action.APPROVE: ActionRule(frozenset({_S.AWAITING_APPROVAL}), _STAFF, submitter_may=False),
    Action.REJECT: ActionRule(
        frozenset({_S.INCOMPLETE, _S.AWAITING_APPROVAL, _S.APPLYING, _S.NEEDS_ATTENTION}), _STAFF
    ),
    Action.CANCEL: ActionRule(
        _BEFORE_APPROVAL | {_S.APPLYING, _S.NEEDS_ATTENTION}, _STAFF | _SUBMITTERS
    ),
    Action.RETRY: ActionRule(
        frozenset({_S.INCOMPLETE, _S.NEEDS_ATTENTION}), _STAFF | {Role.SUPPORT}
    ),
}


def words(name: StrEnum) -> str:
    """A name as people read it."""
    return name.replace("_", " ")


class Refusal(StrEnum):
    """Why a caller may not act: the caller's rights, or the change's status."""

    FORBIDDEN = "forbidden"
    NOT_APPLICABLE = "not_applicable"


@dataclass(frozen=True, slots=True)
class Permission:
    """Whether one caller may take one action now, and if not, the sentence that says why."""

    action: Action
    allowed: bool
    reason: str | None = None
    refusal: Refusal | None = None


def permission(
    action: Action, *, role: Role, principal: str, submitted_by: str, status: ChangeStatus
) -> Permission:
    """May this caller do this now? Rights are judged before status, so nothing leaks by order."""
    rule = ACTION_RULES[action]

    def no(refusal: Refusal, reason: str) -> Permission:
        return Permission(action, allowed=False, reason=reason, refusal=refusal)

    if role not in rule.roles:
        allowed = ", ".join(sorted(rule.roles))
        return no(Refusal.FORBIDDEN, f"{action} needs one of the roles: {allowed}.")
    if role in _SUBMITTERS and principal != submitted_by:
        return no(Refusal.FORBIDDEN, "This change was submitted by somebody else.")
    if not rule.submitter_may and principal == submitted_by:
        return no(Refusal.FORBIDDEN, "Nobody approves what they submitted; ask a colleague.")
    if status not in rule.statuses:
        return no(
            Refusal.NOT_APPLICABLE,
            f"{action.capitalize()} is not possible while the status is {words(status)}.",
        )
    if role in _SUBMITTERS and status not in _BEFORE_APPROVAL:
        return no(
            Refusal.NOT_APPLICABLE,
            f"The status is {words(status)}; after approval only operations can cancel it.",
        )
    return Permission(action, allowed=True)


READS_EVERYTHING: Final = frozenset({Role.SUPPORT, Role.OPERATOR, Role.ADMIN})
MAY_SUBMIT: Final = frozenset({Role.PORTAL, Role.PARTNER, Role.OPERATOR, Role.ADMIN})
