"""What the model of a change knows: people, steps, and where statuses lead."""

from collections.abc import Mapping
from typing import Final

from hypothesis import strategies as st

from domain.service_change import (
    TRANSITIONS,
    Action,
    ChangeStatus,
    Role,
)

S = ChangeStatus
A = Action

PEOPLE: Final[Mapping[str, Role]] = {
    "paul": Role.PORTAL,
    "petra": Role.PARTNER,
    "sara": Role.SUPPORT,
    "olga": Role.OPERATOR,
    "oskar": Role.OPERATOR,
    "ada": Role.ADMIN,
}
DIFFERENT: Final = ("paul", "sara", "olga", "oskar")
"""Callers enough to meet every rule: whose own it is, who may little, and two who may much."""

STAFF: Final = frozenset({"olga", "oskar", "ada"})
PLACES: Final = (
    "accepted",
    "incomplete",
    "asked for",
    "applying",
    "parked",
    "active",
    "revised",
)
"""Where a history may begin."""

SUBMITTERS: Final = sorted(set(PEOPLE) - {"sara"})
GO_ON_TO_APPLY: Final = frozenset({S.AWAITING_APPROVAL, S.NEEDS_ATTENTION, S.ACTIVE})
ENDS: Final = frozenset({S.ACTIVE, S.REJECTED, S.CANCELLED, S.EXPIRED})
STEPS: Final = ("post_billing_change", "book_appointment", "update_services")
MONEY: Final = STEPS[0]
UNDOES: Final = {
    "post_billing_change": "reverse_billing_change",
    "book_appointment": "release_appointment",
    "update_services": "restore_services",
}
AFTER_CHECKS: Final = {
    "passed": S.AWAITING_APPROVAL,
    "blocked": S.INCOMPLETE,
    "denied": S.REJECTED,
}
ABOUT_A_REVISION: Final = frozenset({A.APPLY_REVISION, A.DISCARD_REVISION})

goes_wrong = st.sampled_from([False, False, False, True])


def ways_out(status: ChangeStatus) -> set[ChangeStatus]:
    """Everything a status can lead to."""
    found, ahead = set[ChangeStatus](), [status]
    while ahead:
        for following in TRANSITIONS[ahead.pop()] - found:
            found.add(following)
            ahead.append(following)
    return found
