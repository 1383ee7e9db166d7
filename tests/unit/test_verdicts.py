"""What is known of an effect, and whether it may be tried again."""

import pytest

from domain.errors import FailureCode
from domain.service_change import EffectStatus
from domain.verdicts import Outcome, Repeatability, leaves_doubt, verdict

E = EffectStatus
O = Outcome  # noqa: E741 - a table reads better with it
R = Repeatability


@pytest.mark.parametrize(
    ("status", "in_doubt", "repeatability", "outcome", "safe"),
    [
        (E.APPLIED, 0, R.LOOK_UP, O.APPLIED, True),
        (E.REVERSED, 0, R.NEITHER, O.APPLIED, True),
        (E.INTENDED, 0, R.LOOK_UP, O.NOT_APPLIED, True),
        (E.INTENDED, 0, R.NEITHER, O.NOT_APPLIED, True),
        (E.INTENDED, 1, R.LOOK_UP, O.UNKNOWN, True),
        (E.INTENDED, 1, R.IDEMPOTENCY_KEY, O.UNKNOWN, True),
        (E.INTENDED, 1, R.NEITHER, O.UNKNOWN, False),
        (E.REFUSED, 0, R.LOOK_UP, O.NOT_APPLIED, True),
        (E.SKIPPED, 0, R.LOOK_UP, O.NOT_APPLIED, True),
        (E.UNKNOWN, 1, R.LOOK_UP, O.UNKNOWN, True),
        (E.UNKNOWN, 0, R.NEITHER, O.UNKNOWN, False),
    ],
)
def test_the_verdict_follows_from_what_is_on_record(
    status: EffectStatus, in_doubt: int, repeatability: Repeatability, outcome: Outcome, safe: bool
) -> None:
    judged = verdict(status, in_doubt, repeatability)

    assert (judged.outcome, judged.safe) == (outcome, safe)
    assert judged.sentence.endswith(".")


@pytest.mark.parametrize("status", EffectStatus)
@pytest.mark.parametrize("repeatability", Repeatability)
def test_only_what_nobody_can_find_out_is_unsafe(
    status: EffectStatus, repeatability: Repeatability
) -> None:
    for in_doubt in (0, 1, 2):
        judged = verdict(status, in_doubt, repeatability)
        unknown = judged.outcome is Outcome.UNKNOWN
        assert judged.safe is not (unknown and repeatability is Repeatability.NEITHER)


@pytest.mark.parametrize("code", FailureCode)
def test_a_vendor_that_says_itself_that_it_did_nothing_leaves_no_doubt(code: FailureCode) -> None:
    certain = code in {FailureCode.REFUSED, FailureCode.THROTTLED}

    assert leaves_doubt(code, Repeatability.LOOK_UP, partly_done=False) is not certain
    assert leaves_doubt(code, Repeatability.LOOK_UP, partly_done=True)
    assert not leaves_doubt(code, Repeatability.NEITHER, partly_done=True)
