"""A canary's order, when it stops, and how a retry is judged: rules without a record."""

from collections import Counter
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.decisions import DecisionState
from domain.errors import FailureCode
from domain.identifiers import System, replay_decision_id, replay_of
from domain.permissions import Situation
from domain.replay_messages import Pace
from domain.replays import (
    Aftermath,
    Candidate,
    EligibilityRule,
    ItemState,
    Move,
    MoveKind,
    Progress,
    StageTally,
    eligibility,
    next_move,
    verdict,
)
from domain.service_change import ChangeStatus, Role

S = ChangeStatus
Is = ItemState


def progress(waiting: int, *stages: StageTally) -> Progress:
    return Progress(waiting, dict(enumerate(stages, start=1)))


def tally(good: int = 0, bad: int = 0, still: int = 0) -> StageTally:
    return StageTally(retrying=still, succeeded=good, failed=bad)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (progress(20), Move(MoveKind.RETRY, 1, 1)),
        (progress(19, tally(still=1)), Move(MoveKind.WAIT)),
        (progress(19, tally(good=1)), Move(MoveKind.RETRY, 2, 10)),
        (progress(12, tally(good=1), tally(good=3, still=4)), Move(MoveKind.RETRY, 2, 3)),
        (progress(9, tally(good=1), tally(good=9, still=1)), Move(MoveKind.WAIT)),
        (progress(9, tally(good=1), tally(good=9, bad=1)), Move(MoveKind.RETRY, 3)),
        (progress(0, tally(good=1), tally(good=9, still=1)), Move(MoveKind.WAIT)),
        (progress(0, tally(good=1), tally(good=9, bad=1)), Move(MoveKind.DONE)),
        (progress(0), Move(MoveKind.DONE)),
    ],
)
def test_one_then_ten_then_the_rest(now: Progress, expected: Move) -> None:
    assert next_move(now) == expected


@pytest.mark.parametrize(
    ("now", "stops"),
    [
        (progress(5, tally(bad=1)), True),
        (progress(0, tally(bad=1)), True),
        (progress(5, tally(good=1), tally(bad=1)), False),
        (progress(5, tally(good=1), tally(good=3, bad=2, still=5)), True),
        (progress(5, tally(good=1), tally(good=10), tally(bad=1)), False),
        (progress(5, tally(good=1), tally(good=10), tally(good=8, bad=2)), True),
        (progress(5, tally(good=1), tally(good=10), tally(good=18, bad=2)), False),
        (progress(5, tally(good=1), tally(good=10), tally(good=17, bad=3)), True),
        (progress(5, tally(good=1), tally(good=10), tally(good=97, bad=10, still=50)), False),
    ],
)
def test_it_stops_itself_on_one_of_one_two_of_ten_and_a_tenth_of_the_rest(
    now: Progress, *, stops: bool
) -> None:
    move = next_move(now)

    assert (move.kind is MoveKind.STOP) is stops
    assert move.sentence.startswith("Stopped by itself") is stops


@given(st.lists(st.booleans(), max_size=60), st.randoms(use_true_random=False))
def test_whatever_fails_and_in_whatever_order_it_is_judged_it_comes_to_an_end(
    outcomes: list[bool], random: Random
) -> None:
    waiting, retrying = list(outcomes), list[tuple[int, bool]]()
    counts: Counter[tuple[int, bool]] = Counter()
    for _ in range(1000):
        stages = {
            stage: tally(
                counts[stage, True], counts[stage, False], sum(s == stage for s, _ in retrying)
            )
            for stage in (1, 2, 3)
        }
        move = next_move(Progress(len(waiting), stages))
        if move.kind in {MoveKind.STOP, MoveKind.DONE}:
            break
        if move.kind is MoveKind.RETRY:
            assert move.stage is not None
            assert all(stage == move.stage for stage, _ in retrying)  # the others are judged
            retrying += [(move.stage, outcome) for outcome in waiting[: move.room]]
            waiting = waiting[move.room :] if move.room else []
        else:
            judged = retrying.pop(random.randrange(len(retrying)))
            counts[judged] += 1
    failed = not all(outcomes[:1]) or outcomes[1:11].count(False) > 1
    if failed:
        assert move.kind is MoveKind.STOP
        assert len(waiting) >= len(outcomes) - (11 if outcomes[0] else 1)
    if all(outcomes):
        assert move.kind is MoveKind.DONE
    assert move.kind in {MoveKind.STOP, MoveKind.DONE}


TAKEN = Aftermath(
    decision=DecisionState.TAKEN,
    why="",
    letter_closed=True,
    resumes=S.APPLYING,
    status=S.APPLYING,
    ended=False,
)


@pytest.mark.parametrize(
    ("after", "state", "words"),
    [
        (replace(TAKEN, decision=DecisionState.GIVEN, letter_closed=False), None, ""),
        (replace(TAKEN, decision=DecisionState.GIVEN), Is.PASSED_OVER, "Somebody"),
        (replace(TAKEN, decision=DecisionState.REFUSED, why="No."), Is.PASSED_OVER, "No."),
        (TAKEN, None, ""),
        (replace(TAKEN, step_done=True), Is.SUCCEEDED, "Past the step."),
        (
            replace(TAKEN, step_done=True, then=S.NEEDS_ATTENTION, stands_still="for another: x"),
            Is.SUCCEEDED,
            "stands still again for another: x",
        ),
        (
            replace(TAKEN, then=S.NEEDS_ATTENTION, stands_still="for the same cause: x"),
            Is.FAILED,
            "Stands still again for the same cause: x.",
        ),
        (replace(TAKEN, then=S.ACTIVE), Is.SUCCEEDED, "active"),
        (replace(TAKEN, then=S.COMPENSATING), Is.FAILED, "refused"),
        (replace(TAKEN, then=S.COMPENSATING, then_by="olga"), Is.PASSED_OVER, "olga decided"),
        (replace(TAKEN, resumes=S.COMPENSATING, then=S.REJECTED), Is.SUCCEEDED, "rejected"),
        (replace(TAKEN, status=S.REJECTED, ended=True), Is.SUCCEEDED, "Came to its end: rejected"),
    ],
)
def test_a_retry_is_judged_by_what_is_on_record(
    after: Aftermath, state: ItemState | None, words: str
) -> None:
    said = verdict(after)

    assert (said.state if said else None) is state
    assert words in (said.detail if said else "")


PARKED = Situation(
    S.NEEDS_ATTENTION,
    "portal",
    parked_step="post_billing_change",
    parked_code=FailureCode.CREDENTIAL,
)


@pytest.mark.parametrize(
    ("candidate", "role", "rule"),
    [
        (Candidate(PARKED, still_open=True), Role.OPERATOR, EligibilityRule.MAY_BE_RETRIED),
        (Candidate(PARKED, still_open=True), Role.SUPPORT, EligibilityRule.MAY_BE_RETRIED),
        (Candidate(PARKED, still_open=True), Role.PORTAL, EligibilityRule.NOT_PERMITTED),
        (Candidate(PARKED, still_open=False), Role.OPERATOR, EligibilityRule.MOVED_ON),
        (
            Candidate(PARKED, still_open=True, other_replay="rpl_1"),
            Role.OPERATOR,
            EligibilityRule.IN_ANOTHER_REPLAY,
        ),
        (
            Candidate(PARKED, still_open=True, unverifiable=True),
            Role.ADMIN,
            EligibilityRule.UNVERIFIABLE,
        ),
        (
            Candidate(
                replace(PARKED, parked_code=FailureCode.REVISION_PENDING, revision=2),
                still_open=True,
            ),
            Role.OPERATOR,
            EligibilityRule.REVISION_PENDING,
        ),
        (
            Candidate(replace(PARKED, status=S.APPLYING), still_open=True),
            Role.OPERATOR,
            EligibilityRule.MOVED_ON,
        ),
    ],
)
def test_the_rule_by_which_a_dead_letter_may_be_retried_or_not(
    candidate: Candidate, role: Role, rule: EligibilityRule
) -> None:
    found = eligibility(candidate, role=role, principal="olga")

    assert found.rule is rule
    assert found.eligible is (rule is EligibilityRule.MAY_BE_RETRIED) is (found.sentence == "")


def test_a_decision_of_a_replay_names_it_and_one_of_a_person_does_not() -> None:
    decision = replay_decision_id("rpl_1", 7)

    assert decision == "replay/rpl_1/7"
    assert (replay_of(decision), replay_of("3f2a")) == ("rpl_1", None)


def test_a_pace_goes_by_the_slowest_system_and_is_never_nothing() -> None:
    pace = Pace(retries_per_second=5, systems={System.CRM: 0.5})

    assert (pace.seconds_after(System.BILLING), pace.seconds_after(System.CRM)) == (0.2, 2)
    assert (pace.in_a_second, Pace(retries_per_second=5).in_a_second) == (1, 5)
