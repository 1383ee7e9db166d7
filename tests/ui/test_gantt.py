"""The picture of a change's story: one axis for milliseconds and days; lanes of all kinds."""

from datetime import timedelta

from domain.contracts import TimelineEntry, TimelineKind
from domain.errors import FailureCode
from domain.identifiers import System
from domain.service_change import ChangeStatus
from support_ui import charts
from support_ui.view_models import gantt
from support_ui.view_models.timeline import Tone
from tests.ui.samples import NOW

DAY = 86_400.0


def entry(
    number: int, seconds: float, to_status: str | None = None, **values: object
) -> TimelineEntry:
    """One line of a timeline; times are from the submission on."""
    return TimelineEntry.model_validate(
        {
            "id": f"audit:{number}",
            "at": NOW - timedelta(days=2) + timedelta(seconds=seconds),
            "kind": TimelineKind.STATUS,
            "title": "a → b",
            "detail": "",
            "actor": "throughline",
            "system": None,
            "outcome": "done",
            "duration_ms": None,
            "facts": {"to_status": to_status},
            **values,
        }
    )


def attempt(number: int, seconds: float, try_: int, outcome: str = "ok") -> TimelineEntry:
    """One try at billing of 40 ms."""
    return entry(
        number,
        seconds,
        kind=TimelineKind.ATTEMPT,
        title=f"Post billing change, attempt {try_}",
        system=System.BILLING,
        outcome=outcome,
        duration_ms=40,
    )


STORY = [
    entry(1, 0, "pending"),
    entry(2, 0.2, "checking"),
    entry(3, 0.9, "awaiting_approval"),
    entry(4, DAY, "applying", kind=TimelineKind.DECISION, actor="operator"),
    attempt(5, DAY + 0.1, 1, FailureCode.UNAVAILABLE),
    attempt(6, DAY + 8, 2),
    entry(7, DAY + 8.5, "active"),
]


def test_a_day_and_an_attempt_of_milliseconds_are_both_to_be_seen() -> None:
    told = gantt.picture(STORY, NOW)
    tries = [bar for bar in told.bars if bar.lane == "Post billing change (Billing)"]
    day = next(bar for bar in told.bars if bar.title == "Awaiting approval")
    assert [bar.lasted for bar in tries] == ["40 ms", "40 ms"]
    assert all(bar.end - bar.start >= told.width / 50 for bar in tries)
    assert told.width / 5 < day.end - day.start < told.width * 0.7


def test_the_length_of_a_long_stretch_is_written_above_it() -> None:
    told = gantt.picture(STORY, NOW)
    assert [length.label for length in told.lengths] == ["23 h 59 min", "7.9 s"]
    assert told.lanes[0] == gantt.LENGTH


def test_what_waits_for_people_stands_in_their_lane_beside_what_they_decided() -> None:
    told = gantt.picture(STORY, NOW)
    (waited,) = [bar for bar in told.bars if bar.lane == gantt.PEOPLE]
    assert waited.title == "Awaiting approval: waits for people"
    assert waited.label == "waited 23 h 59 min"
    (decided,) = [point for point in told.points if point.lane == gantt.PEOPLE]
    assert (decided.at, decided.detail) == (waited.end, "operator")


def test_how_long_people_were_waited_for_is_written_clear_of_what_they_did_meanwhile() -> None:
    bring = entry(9, DAY / 2, "", kind=TimelineKind.DOCUMENT, actor="portal")
    told = gantt.picture([*STORY[:3], bring, *STORY[3:]], NOW)
    (waited,) = [bar for bar in told.bars if bar.lane == gantt.PEOPLE]
    brought = min(point.at for point in told.points if point.lane == gantt.PEOPLE)
    assert waited.start < brought < waited.end
    assert waited.label == "waited 23 h 59 min"
    assert abs(waited.middle - brought) > told.width / 10


def test_a_wait_joins_an_attempt_that_failed_to_the_next_one() -> None:
    told = gantt.picture(STORY, NOW)
    (wait,) = told.waits
    assert (wait.lasted, wait.outcome) == ("7.9 s", "Unavailable")
    ends = [point for point in told.points if point.lane == wait.lane]
    assert [point.tone for point in ends] == [Tone.WAITS, Tone.GOOD]


def test_a_change_that_is_open_lasts_until_now_and_one_that_ended_does_not() -> None:
    open_ = gantt.picture(STORY[:3], NOW)
    assert open_.bars[-2].end == open_.width
    assert open_.bars[-2].outcome == "until now"
    ended = gantt.picture(STORY, NOW)
    assert ended.ticks[-1][0] == ended.width
    assert "until now" not in {bar.outcome for bar in ended.bars if bar.title == "Checking"}


def test_a_long_story_shows_its_end_and_says_what_is_left_out() -> None:
    many = [STORY[0], *(attempt(10 + n, 10 + n, n, FailureCode.UNAVAILABLE) for n in range(1, 401))]
    told = gantt.picture(many, NOW)
    assert told.left_out == 401 - gantt.DRAWN
    assert len([point for point in told.points if point.lane.startswith("Post")]) == gantt.DRAWN


def test_one_event_is_a_picture_too() -> None:
    told = gantt.picture([entry(1, 0, ChangeStatus.PENDING)], NOW)
    assert told.lanes == (gantt.LENGTH, gantt.STATUS)
    ended = gantt.picture([entry(1, 0, ChangeStatus.REJECTED)], NOW)
    assert ended.width == 1


def test_the_chart_draws_every_lane_in_order() -> None:
    told = gantt.picture(STORY, NOW)
    drawn = charts.timeline(told).to_dict()
    lanes = drawn["layer"][0]["encoding"]["y"]["scale"]["domain"]
    assert lanes == [
        gantt.LENGTH, gantt.STATUS, gantt.PEOPLE, "Post billing change (Billing)",
    ]  # fmt: skip
