"""A service change: kinds, statuses, transitions, roles and actions. Rules only, as tables.

Who may act when stands in `permissions.py`.
"""

from collections.abc import Mapping
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
    DISCARDED = "discarded"


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
    SKIP = "skip"
    CORRECT = "correct"
    APPLY_REVISION = "apply_revision"
    DISCARD_REVISION = "discard_revision"


ABOUT_A_REVISION: Final = frozenset({Action.APPLY_REVISION, Action.DISCARD_REVISION})
"""Decisions that name the document version they are about."""


_S = ChangeStatus

TRANSITIONS: Final[Mapping[ChangeStatus, frozenset[ChangeStatus]]] = {
    _S.PENDING: frozenset({_S.CHECKING, _S.CANCELLED, _S.NEEDS_ATTENTION}),
    _S.CHECKING: frozenset(
        {
            _S.INCOMPLETE,
            _S.AWAITING_APPROVAL,
            _S.REJECTED,
            _S.CANCELLED,
            _S.COMPENSATING,
            _S.NEEDS_ATTENTION,
        }
    ),
    _S.INCOMPLETE: frozenset(
        {
            _S.CHECKING,
            _S.REJECTED,
            _S.CANCELLED,
            _S.EXPIRED,
            _S.COMPENSATING,
            _S.NEEDS_ATTENTION,
        }
    ),
    _S.AWAITING_APPROVAL: frozenset(
        {
            _S.CHECKING,
            _S.APPLYING,
            _S.REJECTED,
            _S.CANCELLED,
            _S.EXPIRED,
            _S.COMPENSATING,
            _S.NEEDS_ATTENTION,
        }
    ),
    _S.APPLYING: frozenset({_S.ACTIVE, _S.COMPENSATING, _S.NEEDS_ATTENTION}),
    _S.NEEDS_ATTENTION: frozenset(
        {_S.CHECKING, _S.APPLYING, _S.COMPENSATING, _S.REJECTED, _S.CANCELLED}
    ),
    _S.COMPENSATING: frozenset(
        {_S.CHECKING, _S.REJECTED, _S.CANCELLED, _S.EXPIRED, _S.NEEDS_ATTENTION}
    ),
    _S.ACTIVE: frozenset({_S.APPLYING}),
    _S.REJECTED: frozenset(),
    _S.CANCELLED: frozenset(),
    _S.EXPIRED: frozenset(),
}
"""Every status change there is; what is not here is refused. A change whose workflow was lost can
need attention from anywhere, and an active one is applied anew when a revised document asks so."""

FINAL: Final = frozenset({_S.ACTIVE, _S.REJECTED, _S.CANCELLED, _S.EXPIRED})
OPEN: Final = frozenset(ChangeStatus) - FINAL


def require_transition(current: ChangeStatus, following: ChangeStatus) -> None:
    """Pass if the table holds the step, else raise TransitionError naming both statuses."""
    if following not in TRANSITIONS[current]:
        raise TransitionError(f"a change that is {current} cannot become {following}")


BEFORE_APPROVAL: Final = frozenset({_S.PENDING, _S.CHECKING, _S.INCOMPLETE, _S.AWAITING_APPROVAL})
"""While nothing is approved yet, and nothing is parked."""


READS_EVERYTHING: Final = frozenset({Role.SUPPORT, Role.OPERATOR, Role.ADMIN})
MAY_SUBMIT: Final = frozenset({Role.PORTAL, Role.PARTNER, Role.OPERATOR, Role.ADMIN})
