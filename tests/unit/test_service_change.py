"""The tables of statuses and rights, against a second statement of them."""

import itertools

import pytest

from domain.errors import TransitionError
from domain.service_change import (
    ACTION_RULES,
    FINAL,
    OPEN,
    TRANSITIONS,
    Action,
    ChangeStatus,
    Refusal,
    Role,
    permission,
    require_transition,
)

S = ChangeStatus

ALLOWED = {
    (S.PENDING, S.CHECKING),
    (S.PENDING, S.CANCELLED),
    (S.PENDING, S.NEEDS_ATTENTION),
    (S.CHECKING, S.INCOMPLETE),
    (S.CHECKING, S.AWAITING_APPROVAL),
    (S.CHECKING, S.REJECTED),
    (S.CHECKING, S.CANCELLED),
    (S.CHECKING, S.NEEDS_ATTENTION),
    (S.INCOMPLETE, S.CHECKING),
    (S.INCOMPLETE, S.REJECTED),
    (S.INCOMPLETE, S.CANCELLED),
    (S.INCOMPLETE, S.EXPIRED),
    (S.AWAITING_APPROVAL, S.CHECKING),
    (S.AWAITING_APPROVAL, S.APPLYING),
    (S.AWAITING_APPROVAL, S.REJECTED),
    (S.AWAITING_APPROVAL, S.CANCELLED),
    (S.AWAITING_APPROVAL, S.EXPIRED),
    (S.APPLYING, S.ACTIVE),
    (S.APPLYING, S.COMPENSATING),
    (S.APPLYING, S.NEEDS_ATTENTION),
    (S.NEEDS_ATTENTION, S.CHECKING),
    (S.NEEDS_ATTENTION, S.APPLYING),
    (S.NEEDS_ATTENTION, S.COMPENSATING),
    (S.NEEDS_ATTENTION, S.REJECTED),
    (S.NEEDS_ATTENTION, S.CANCELLED),
    (S.COMPENSATING, S.REJECTED),
    (S.COMPENSATING, S.CANCELLED),
    (S.COMPENSATING, S.NEEDS_ATTENTION),
}


@pytest.mark.parametrize(("current", "following"), sorted(ALLOWED))
def test_a_step_of_the_table_passes(current: ChangeStatus, following: ChangeStatus) -> None:
    require_transition(current, following)


@pytest.mark.parametrize(("current", "following"), sorted(set(itertools.product(S, S)) - ALLOWED))
def test_every_other_step_is_refused_naming_both(
    current: ChangeStatus, following: ChangeStatus
) -> None:
    with pytest.raises(TransitionError, match=f"{current} cannot become {following}"):
        require_transition(current, following)


def test_active_is_reached_through_applying_alone() -> None:
    assert [status for status in S if S.ACTIVE in TRANSITIONS[status]] == [S.APPLYING]


def test_four_statuses_are_final_and_the_rest_is_open() -> None:
    assert {S.ACTIVE, S.REJECTED, S.CANCELLED, S.EXPIRED} == FINAL
    assert set(S) == OPEN | FINAL


def test_every_open_status_has_a_way_to_an_end() -> None:
    reachable = set(FINAL)
    for _ in S:
        reachable |= {status for status in S if TRANSITIONS[status] & reachable}
    assert reachable == set(S)


STAFF = {Role.OPERATOR, Role.ADMIN}
SUBMITTERS = {Role.PORTAL, Role.PARTNER}
BEFORE_APPROVAL = {S.PENDING, S.CHECKING, S.INCOMPLETE, S.AWAITING_APPROVAL}
CASES = list(itertools.product(Action, Role, S, (True, False)))


def expected(action: Action, role: Role, status: ChangeStatus, *, own: bool) -> bool:
    """Who may do what, as the contract says it in words."""
    staff = role in STAFF
    return {
        Action.APPROVE: staff and not own and status is S.AWAITING_APPROVAL,
        Action.REJECT: staff
        and status in {S.INCOMPLETE, S.AWAITING_APPROVAL, S.APPLYING, S.NEEDS_ATTENTION},
        Action.CANCEL: (staff and status in BEFORE_APPROVAL | {S.APPLYING, S.NEEDS_ATTENTION})
        or (role in SUBMITTERS and own and status in BEFORE_APPROVAL),
        Action.RETRY: (staff or role is Role.SUPPORT)
        and status in {S.INCOMPLETE, S.NEEDS_ATTENTION},
    }[action]


@pytest.mark.parametrize(("action", "role", "status", "own"), CASES)
def test_who_may_act_when(action: Action, role: Role, status: ChangeStatus, own: bool) -> None:
    may = permission(
        action,
        role=role,
        principal="me",
        submitted_by="me" if own else "somebody",
        status=status,
    )

    assert may.allowed is expected(action, role, status, own=own)
    assert may.allowed is (may.reason is None) is (may.refusal is None)


def test_every_action_has_a_rule() -> None:
    assert set(ACTION_RULES) == set(Action)


@pytest.mark.parametrize("status", S)
def test_missing_rights_are_named_before_the_status(status: ChangeStatus) -> None:
    may = permission(
        Action.APPROVE, role=Role.SUPPORT, principal="s", submitted_by="portal", status=status
    )

    assert (may.refusal, may.reason) == (
        Refusal.FORBIDDEN,
        "approve needs one of the roles: admin, operator.",
    )


def test_a_stranger_learns_nothing_of_the_status_of_a_change() -> None:
    reasons = {
        permission(
            Action.CANCEL, role=Role.PARTNER, principal="a", submitted_by="b", status=status
        ).reason
        for status in S
    }

    assert reasons == {"This change was submitted by somebody else."}


def test_a_submitter_is_told_who_can_cancel_after_approval() -> None:
    may = permission(
        Action.CANCEL, role=Role.PORTAL, principal="p", submitted_by="p", status=S.APPLYING
    )

    assert may.refusal is Refusal.NOT_APPLICABLE
    assert "only operations can cancel" in (may.reason or "")
