"""The desk in words: clocks, holds, trends, and how a retry by cause goes."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.contracts_desk import HoldView, ReplayStageView, ReplayView
from domain.desk import HoldKind
from domain.replays import EligibilityRule, ItemState, ReplayState
from domain.trend import TrendUnit
from support_ui.view_models import dead_letters, desk_trend, pauses, replays, words
from tests.ui import samples_desk, samples_replays
from tests.ui.samples_desk import PARKED

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
LETTERS = samples_desk.letters([PARKED] * 14)


def counted(state: ReplayState, stages: list[tuple[int, int, int]], **counts: int) -> ReplayView:
    """A replay with so many retrying, succeeded and failed in each stage."""
    made = samples_replays.replay(LETTERS, state)
    sizes = [each.size for each in made.stages]
    return made.model_copy(
        update={
            "counts": {each: counts.get(each, 0) for each in ItemState},
            "stages": [
                ReplayStageView(stage=n, size=size, retrying=r, succeeded=s, failed=f)
                for n, (size, (r, s, f)) in enumerate(zip(sizes, stages, strict=True), start=1)
            ],
        }
    )


@pytest.mark.parametrize(
    ("away", "clock", "told"),
    [
        (timedelta(hours=3), dead_letters.IN_TIME, "due in 3 h"),
        (timedelta(minutes=40), dead_letters.DUE_SOON, "due in 40 min"),
        (timedelta(seconds=3), dead_letters.DUE_SOON, "due now"),
        (-timedelta(hours=2), dead_letters.OVERDUE, "overdue by 2 h"),
    ],
)
def test_a_clock_has_a_word_and_an_icon(away: timedelta, clock: str, told: str) -> None:
    assert dead_letters.clock(NOW + away, NOW) == clock
    assert dead_letters.due(NOW + away, NOW) == told
    assert dead_letters.CLOCK[clock].icon in dead_letters.due_badge(NOW + away, NOW)


def test_a_hold_says_who_or_until_when() -> None:
    pause = HoldView(kind=HoldKind.PAUSE, scope="everything", since=NOW, until=None, by="olga",
                     reason="Month end.")  # fmt: skip
    later = NOW + timedelta(seconds=40)
    gate = HoldView(kind=HoldKind.GATE, scope="crm", since=NOW, until=later, by=None,
                    reason="crm takes no more requests")  # fmt: skip
    assert "Everything was paused by **olga**" in dead_letters.hold(pause, NOW)
    assert "Crm takes no more requests" in dead_letters.hold(gate, NOW)
    assert "in 40 s" in dead_letters.hold(gate, NOW)


def test_what_is_paused_is_named_as_people_name_it() -> None:
    assert pauses.scope("everything") == "Everything"
    assert pauses.scope("crm") == "CRM"
    assert pauses.scope("add_service") == "Changes of the kind “Add a service”"
    assert pauses.scope("chg_1") == "Change `chg_1`"


def test_every_part_of_the_desk_has_its_empty_state() -> None:
    assert dead_letters.NOTHING.keys() == dead_letters.WORK.keys()
    assert dead_letters.work_of("Mine", "olga") == {"put_off": "false", "assignee": "olga"}


@pytest.mark.parametrize("unit", TrendUnit)
def test_a_trend_is_told_in_numbers_and_in_words(unit: TrendUnit) -> None:
    trend = samples_replays.trend(LETTERS, unit, "UTC", [LETTERS[0].fingerprint])
    points = desk_trend.points(trend, NOW)
    assert {each.what for each in points} == {desk_trend.CAME, desk_trend.WENT, desk_trend.STOOD}
    assert len(points) == 3 * len(trend.starts) == 3 * len(desk_trend.labels(trend, NOW))
    assert "14 came to a standstill, 0 were ended, 14 stand still now" in desk_trend.summary(trend)
    assert desk_trend.of_causes(trend)[LETTERS[0].fingerprint][-1] == 14
    assert not desk_trend.is_quiet(trend)
    assert desk_trend.is_quiet(samples_replays.trend([], unit, "UTC", []))


def test_stages_are_told_as_they_begin() -> None:
    first = counted(ReplayState.RUNNING, [(1, 0, 0), (0, 0, 0), (0, 0, 0)], waiting=13, retrying=1)
    rows = replays.stage_rows(first)
    assert [row["Stage"] for row in rows] == [
        "Stage 1: the first one", "Stage 2: the next ten", "Stage 3: the rest",
    ]  # fmt: skip
    assert rows[0]["Standing"] == words.REPLAY[ReplayState.RUNNING].badge
    assert rows[1]["Standing"] == words.REPLAY_ITEM[ItemState.WAITING].badge

    stopped = counted(
        ReplayState.STOPPED, [(0, 0, 1), (0, 0, 0), (0, 0, 0)], failed=1, not_reached=13
    )
    (row,) = replays.stage_rows(stopped)
    assert row["Standing"] == words.REPLAY_ITEM[ItemState.FAILED].badge


def test_how_far_a_retry_is_counts_what_has_an_end() -> None:
    half = counted(
        ReplayState.RUNNING, [(0, 1, 0), (3, 6, 0), (0, 0, 0)], succeeded=7, retrying=3, waiting=4
    )
    assert replays.share_done(half) == 0.5
    assert replays.result(half) == "7 succeeded, 3 being retried, 4 waiting"
    nothing = counted(ReplayState.DONE, [(0, 0, 0)] * 3, not_eligible=2)
    assert (replays.share_done(nothing), replays.result(nothing)) == (1.0, "nothing to retry")


def test_a_dry_run_says_how_many_and_whether_a_second_person_is_needed() -> None:
    dry = samples_replays.replay(LETTERS, ReplayState.DRY_RUN)
    assert replays.would_do(dry).startswith("**14 changes would be retried: one first")
    two = dry.model_copy(update={"needs_second_person": True})
    assert "Each retry waits for a second person" in replays.would_do(two)
    none = samples_replays.replay(
        LETTERS[:1], ReplayState.DRY_RUN, refused=[EligibilityRule.UNVERIFIABLE]
    )
    assert replays.would_do(none) == "**None of them may be retried now.**"


def test_what_failed_comes_first() -> None:
    items = samples_replays.replay(LETTERS[:3], ReplayState.STOPPED).items
    told = replays.in_order(reversed(items))
    assert told[0].state is ItemState.FAILED
    assert [each.position for each in told] == [1, 2, 3]


@pytest.mark.parametrize("rule", EligibilityRule)
def test_every_rule_has_its_words(rule: EligibilityRule) -> None:
    assert words.ELIGIBILITY[rule]
