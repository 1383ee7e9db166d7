"""What begins to fire, what is over, and what is told of it."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.alert_turns import (
    Standing,
    Subject,
    Tellable,
    Transition,
    Turn,
    announcement,
    due,
    grouped,
    judge,
)
from domain.alerts import (
    QUIET,
    RULE,
    RULES,
    TOLD_AGAIN_AFTER,
    AlertState,
    RuleName,
    Unit,
    rank,
    spoken,
)
from domain.identifiers import System

NOW = datetime(2026, 11, 28, 9, tzinfo=UTC)
DEPTH = Subject(RuleName.DEAD_LETTER_DEPTH, System.BILLING)
HOLDS = RULE[DEPTH.rule].holds
LIMITS = {rule.name: rule.threshold for rule in RULES}


def turns(
    value: float | None, held: Standing | None = None, now: datetime = NOW
) -> list[Transition]:
    readings = {DEPTH.rule: {} if value is None else {DEPTH: value}}
    return judge(readings, LIMITS, {DEPTH: held} if held else {}, now)


def standing(state: AlertState, since: timedelta, seen: timedelta = timedelta()) -> Standing:
    return Standing(state, NOW - since, NOW - seen)


def test_a_threshold_that_is_met_is_not_crossed() -> None:
    assert turns(10) == []


def test_what_has_to_hold_first_waits_and_then_fires() -> None:
    assert [each.turn for each in turns(11)] == [Turn.CROSSED]
    early = standing(AlertState.PENDING, HOLDS - timedelta(seconds=1))
    assert [each.turn for each in turns(11, early)] == [Turn.SEEN]
    late = standing(AlertState.PENDING, HOLDS)
    assert [each.turn for each in turns(11, late)] == [Turn.FIRED]


def test_what_need_not_hold_fires_at_once() -> None:
    subject = Subject(RuleName.DRIFT, System.CRM, "orders")
    found = judge({RuleName.DRIFT: {subject: 1.0}}, LIMITS, {}, NOW)
    assert found == [Transition(subject, Turn.FIRED, 1.0)]


def test_what_was_over_too_briefly_is_forgotten() -> None:
    held = standing(AlertState.PENDING, timedelta(seconds=30))
    assert turns(2, held) == [Transition(DEPTH, Turn.DROPPED, 2)]


@pytest.mark.parametrize("value", [3.0, None])
def test_it_is_over_after_a_time_in_order_and_not_by_a_flicker(value: float | None) -> None:
    hour = timedelta(hours=1)
    flicker = standing(AlertState.FIRING, hour, QUIET - timedelta(seconds=1))
    assert turns(value, flicker) == []
    calm = standing(AlertState.FIRING, hour, QUIET)
    assert turns(value, calm) == [Transition(DEPTH, Turn.RESOLVED, value)]


def test_what_could_not_be_measured_stays_as_it_is() -> None:
    held = {DEPTH: standing(AlertState.FIRING, timedelta(hours=1), timedelta(hours=1))}
    assert judge({}, LIMITS, held, NOW) == []


def test_a_rule_may_fire_below_its_threshold() -> None:
    ours = Subject(RuleName.WORKERS, System.THROUGHLINE)
    none = judge({RuleName.WORKERS: {ours: 0.0}}, LIMITS, {}, NOW)
    one = judge({RuleName.WORKERS: {ours: 1.0}}, LIMITS, {}, NOW)
    assert ([each.turn for each in none], one) == ([Turn.CROSSED], [])


def tellable(
    detail: str = "",
    state: AlertState = AlertState.FIRING,
    told: timedelta | None = None,
    *,
    silent_for: timedelta | None = None,
    acknowledged: bool = False,
) -> Tellable:
    return Tellable(
        id=f"alert_{detail}",
        subject=Subject(RuleName.DIFFERENCES, System.BILLING, detail),
        state=state,
        value=12,
        threshold=0,
        told=None if told is None else NOW - told,
        silenced_until=None if silent_for is None else NOW + silent_for,
        acknowledged=acknowledged,
    )


AN_HOUR = timedelta(hours=1)
RESOLVED = AlertState.RESOLVED


@pytest.mark.parametrize(
    ("alert", "expected"),
    [
        (tellable(), True),
        (tellable(told=AN_HOUR), False),
        (tellable(told=TOLD_AGAIN_AFTER), True),
        (tellable(told=TOLD_AGAIN_AFTER, acknowledged=True), False),
        (tellable(silent_for=AN_HOUR), False),
        (tellable(silent_for=-AN_HOUR), True),
        (tellable(state=RESOLVED), False),
        (tellable(state=RESOLVED, told=AN_HOUR), True),
        (tellable(state=RESOLVED, told=AN_HOUR, silent_for=AN_HOUR), False),
    ],
)
def test_it_is_told_once_again_while_nobody_takes_it_and_once_that_it_is_over(
    alert: Tellable, expected: bool
) -> None:
    assert due(alert, NOW) is expected


def test_one_message_tells_of_a_rule_at_a_system() -> None:
    over = tellable("tickets", RESOLVED, AN_HOUR)
    (first, second) = grouped([tellable("services_held"), over, tellable("charge")])
    assert [each.subject.detail for each in first] == ["charge", "services_held"]
    assert second == [over]
    told = announcement(first, "r1")
    assert told.sentence == "Warning: Systems disagree and nobody has looked: billing"
    assert told.path == "alerts?alert=alert_charge"
    assert "charge: 12" in told.lines
    assert told.facts["count"] == 2
    assert announcement(second, "r1").kind == "alert.resolved"
    assert told.id != announcement(second, "r1").id


def test_a_message_of_many_says_how_many_more_there_are() -> None:
    told = announcement([tellable(str(number)) for number in range(25)], "r1")
    assert "and 5 more" in told.lines
    assert len(told.facts["alerts"]) == 20


def test_every_rule_says_what_a_person_needs() -> None:
    assert {rule.name for rule in RULES} == set(RuleName)
    assert len({rule.metric for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert rule.title
        assert rule.measures.endswith(".")
        assert rule.held_back.endswith(".")
        assert rule.owner_for(System.THROUGHLINE)


def test_a_list_begins_with_what_is_most_urgent_and_ends_with_what_is_over() -> None:
    firing = [rank(rule.name, AlertState.FIRING) for rule in RULES]
    assert set(firing) == {0, 1, 2}
    assert all(rank(rule.name, RESOLVED) > max(firing) for rule in RULES)


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [
        (1234, Unit.COUNT, "1,234"),
        (90, Unit.SECONDS, "90 s"),
        (900, Unit.SECONDS, "15 min"),
        (93_600, Unit.SECONDS, "26 h"),
        (604_800, Unit.SECONDS, "7 d"),
    ],
)
def test_a_reading_is_said_in_one_unit(value: float, unit: Unit, words: str) -> None:
    assert spoken(value, unit) == words
