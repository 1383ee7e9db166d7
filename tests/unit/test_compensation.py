"""What is undone, in which order."""

import itertools

import pytest

from domain.steps import APPLY_ORDER, REVERSAL_OF, SYSTEM_OF, Step
from workflows.compensation import reversals

FORWARD = {Step.POST_BILLING_CHANGE, Step.BOOK_APPOINTMENT, Step.UPDATE_SERVICES}


@pytest.mark.parametrize("count", range(len(APPLY_ORDER) + 1))
def test_exactly_what_was_begun_is_undone_last_first(count: int) -> None:
    begun = APPLY_ORDER[:count]

    undone = reversals(begun)

    assert undone == [REVERSAL_OF[step] for step in reversed(begun) if step in FORWARD]


def test_a_whole_change_is_undone_from_the_crm_back_to_billing() -> None:
    assert reversals(APPLY_ORDER) == [
        Step.RESTORE_SERVICES,
        Step.RELEASE_APPOINTMENT,
        Step.REVERSE_BILLING_CHANGE,
    ]


def test_a_reversal_happens_where_the_effect_happened() -> None:
    assert all(SYSTEM_OF[step] is SYSTEM_OF[undo] for step, undo in REVERSAL_OF.items())


def test_no_two_steps_share_a_reversal_and_none_is_reversed_itself() -> None:
    assert set(REVERSAL_OF) == FORWARD
    for one, other in itertools.combinations(REVERSAL_OF.values(), 2):
        assert one is not other
    assert not set(REVERSAL_OF) & set(REVERSAL_OF.values())
