"""Who may do what to a change, and when, against a second statement of the table."""

import itertools

import pytest

from domain.errors import FailureCode
from domain.permissions import (
    ACTION_RULES,
    Refusal,
    Situation,
    needs_second_person,
    permission,
)
from domain.service_change import Action, ChangeStatus, Role

S = ChangeStatus


def situation(status: ChangeStatus, submitted_by: str = "portal") -> Situation:
    """A change that stands still at billing, if it does, and has a revision to decide upon."""
    return Situation(
        status,
        submitted_by,
        parked_step="post_billing_change",
        parked_code=FailureCode.CREDENTIAL,
        revision=2,
    )


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
        Action.SKIP: staff and status is S.NEEDS_ATTENTION,
        Action.CORRECT: staff and status in {S.INCOMPLETE, S.AWAITING_APPROVAL, S.NEEDS_ATTENTION},
        Action.APPLY_REVISION: staff and not own and status in {S.NEEDS_ATTENTION, S.ACTIVE},
        Action.DISCARD_REVISION: staff and status in {S.NEEDS_ATTENTION, S.ACTIVE},
    }[action]


@pytest.mark.parametrize(("action", "role", "status", "own"), CASES)
def test_who_may_act_when(action: Action, role: Role, status: ChangeStatus, own: bool) -> None:
    may = permission(
        action,
        role=role,
        principal="me",
        now=situation(status, "me" if own else "somebody"),
    )

    assert may.allowed is expected(action, role, status, own=own)
    assert may.allowed is (may.reason is None) is (may.refusal is None)


def test_every_action_has_a_rule() -> None:
    assert set(ACTION_RULES) == set(Action)


@pytest.mark.parametrize("status", S)
def test_missing_rights_are_named_before_the_status(status: ChangeStatus) -> None:
    may = permission(Action.APPROVE, role=Role.SUPPORT, principal="s", now=situation(status))

    assert (may.refusal, may.reason) == (
        Refusal.FORBIDDEN,
        "Approve needs one of the roles: admin, operator.",
    )


def test_a_stranger_learns_nothing_of_the_status_of_a_change() -> None:
    reasons = {
        permission(
            Action.CANCEL, role=Role.PARTNER, principal="a", now=situation(status, "b")
        ).reason
        for status in S
    }

    assert reasons == {"This change was submitted by somebody else."}


def test_a_submitter_is_told_who_can_cancel_after_approval() -> None:
    may = permission(Action.CANCEL, role=Role.PORTAL, principal="p", now=situation(S.APPLYING, "p"))

    assert may.refusal is Refusal.NOT_APPLICABLE
    assert "only operations can cancel" in (may.reason or "")


def why_not(action: Action, now: Situation) -> str:
    may = permission(action, role=Role.OPERATOR, principal="olga", now=now)
    assert may.refusal in {None, Refusal.NOT_APPLICABLE}
    return may.reason or ""


@pytest.mark.parametrize(
    ("action", "alone"),
    [
        (Action.REJECT, True),
        (Action.CANCEL, True),
        (Action.CORRECT, True),
        (Action.RETRY, True),
        (Action.APPROVE, True),
        (Action.APPLY_REVISION, True),
        (Action.DISCARD_REVISION, True),
        (Action.SKIP, False),
    ],
)
def test_before_billing_only_skipping_takes_two_persons(action: Action, alone: bool) -> None:
    assert needs_second_person(action, Situation(S.NEEDS_ATTENTION, "portal")) is not alone


def test_after_billing_whatever_gives_money_back_takes_two_persons() -> None:
    billed = Situation(S.NEEDS_ATTENTION, "portal", billed=True)

    assert {action for action in Action if needs_second_person(action, billed)} == {
        Action.REJECT,
        Action.CANCEL,
        Action.CORRECT,
        Action.SKIP,
    }


def test_a_withdrawal_that_races_with_the_completion_waits_for_nobody() -> None:
    billed = Situation(S.APPLYING, "portal", billed=True)

    assert not needs_second_person(Action.CANCEL, billed)
    assert needs_second_person(Action.REJECT, billed)


@pytest.mark.parametrize("action", Action)
def test_while_a_change_is_undone_only_retry_and_skip_help(action: Action) -> None:
    now = Situation(
        S.NEEDS_ATTENTION,
        "portal",
        parked_step="reverse_billing_change",
        parked_code=FailureCode.CREDENTIAL,
        undoing=True,
        revision=2,
    )

    if action in {Action.RETRY, Action.SKIP, Action.DISCARD_REVISION}:
        assert why_not(action, now) == ""
    elif action is not Action.APPROVE:
        assert "already being undone" in why_not(action, now)


def test_a_revision_is_decided_upon_before_anything_is_retried_or_skipped() -> None:
    now = Situation(
        S.NEEDS_ATTENTION,
        "portal",
        parked_step="review_revision",
        parked_code=FailureCode.REVISION_PENDING,
        revision=3,
    )

    assert "version 3 waits for a decision" in why_not(Action.RETRY, now)
    assert "Only an effect" in why_not(Action.SKIP, now)
    assert why_not(Action.APPLY_REVISION, now) == ""


def test_a_check_cannot_be_skipped() -> None:
    now = Situation(
        S.NEEDS_ATTENTION,
        "portal",
        parked_step="check_standing",
        parked_code=FailureCode.CREDENTIAL,
    )

    assert "Only an effect" in why_not(Action.SKIP, now)


def test_without_a_pending_version_there_is_no_revision_to_decide_upon() -> None:
    now = Situation(S.ACTIVE, "portal")

    for action in (Action.APPLY_REVISION, Action.DISCARD_REVISION):
        assert why_not(action, now) == "No document version is pending review."


@pytest.mark.parametrize("action", [Action.CANCEL, Action.REJECT, Action.CORRECT])
def test_past_the_point_of_no_return_a_change_is_not_undone(action: Action) -> None:
    now = Situation(S.NEEDS_ATTENTION, "portal", passed="The visit has begun.")

    assert why_not(action, now) == "The visit has begun."
