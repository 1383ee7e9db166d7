"""The table of statuses, against a second statement of it."""

import itertools

import pytest

from domain.errors import TransitionError
from domain.service_change import FINAL, OPEN, TRANSITIONS, ChangeStatus, require_transition

S = ChangeStatus

ALLOWED = {
    (S.PENDING, S.CHECKING),
    (S.PENDING, S.CANCELLED),
    (S.PENDING, S.NEEDS_ATTENTION),
    (S.CHECKING, S.INCOMPLETE),
    (S.CHECKING, S.AWAITING_APPROVAL),
    (S.CHECKING, S.REJECTED),
    (S.CHECKING, S.CANCELLED),
    (S.CHECKING, S.COMPENSATING),
    (S.CHECKING, S.NEEDS_ATTENTION),
    (S.INCOMPLETE, S.CHECKING),
    (S.INCOMPLETE, S.COMPENSATING),
    (S.INCOMPLETE, S.NEEDS_ATTENTION),
    (S.AWAITING_APPROVAL, S.COMPENSATING),
    (S.AWAITING_APPROVAL, S.NEEDS_ATTENTION),
    (S.ACTIVE, S.APPLYING),
    (S.COMPENSATING, S.CHECKING),
    (S.COMPENSATING, S.EXPIRED),
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


def test_of_the_final_statuses_only_an_active_change_is_ever_taken_up_again() -> None:
    assert {status for status in FINAL if TRANSITIONS[status]} == {S.ACTIVE}


def test_every_open_status_has_a_way_to_an_end() -> None:
    reachable = set(FINAL)
    for _ in S:
        reachable |= {status for status in S if TRANSITIONS[status] & reachable}
    assert reachable == set(S)
