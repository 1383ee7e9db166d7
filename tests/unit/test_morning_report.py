"""When a morning report is due, what it takes to call itself complete, and what comes first."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from domain.contracts_reports import ExceptionKind, JobState, ReportExceptionView
from domain.morning_report import (
    INPUTS,
    SETTLES_AFTER,
    SEVERITY,
    NightRun,
    ReportTime,
    Runs,
    in_order,
    judge_job,
    judge_night,
    missing,
)

BERLIN = ReportTime(time(6), "Europe/Berlin")
STRETCH = BERLIN.stretch(date(2026, 11, 28))
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
JOB = INPUTS[0]


def runs(*quarters: datetime) -> list[Runs]:
    """A job that ran throughout these quarters of an hour."""
    return [Runs(at, at + 14 * MINUTE, MINUTE) for at in quarters]


ALL_NIGHT = runs(*(STRETCH.since + 15 * MINUTE * n for n in range(96)))


def test_the_cut_follows_the_clocks_of_its_zone() -> None:
    assert BERLIN.cut(date(2026, 7, 1)) == datetime(2026, 7, 1, 4, tzinfo=UTC)
    assert BERLIN.cut(date(2026, 12, 1)) == datetime(2026, 12, 1, 5, tzinfo=UTC)
    spring = BERLIN.stretch(date(2026, 3, 29))
    assert spring.cut - spring.since == 23 * HOUR


def test_a_report_is_due_once_what_was_begun_before_its_cut_is_on_record() -> None:
    assert BERLIN.due(STRETCH.cut) == date(2026, 11, 27)
    assert BERLIN.due(STRETCH.cut + SETTLES_AFTER) == date(2026, 11, 28)


def test_a_job_that_ran_up_to_the_cut_is_there() -> None:
    assert judge_job(JOB, ALL_NIGHT, STRETCH).state is JobState.RAN


def test_a_job_that_paused_too_long_and_came_back_is_late_and_not_missing() -> None:
    told = judge_job(JOB, ALL_NIGHT[:20] + ALL_NIGHT[24:], STRETCH)

    assert told.state is JobState.LATE
    assert told.longest_gap_seconds == 61 * 60
    assert missing([told]) == []


@pytest.mark.parametrize(
    ("found", "state"),
    [(ALL_NIGHT[:80], JobState.STOPPED), ([], JobState.NOT_AT_ALL)],
)
def test_a_job_that_did_not_run_up_to_the_cut_is_missing(
    found: list[Runs], state: JobState
) -> None:
    told = judge_job(JOB, found, STRETCH)
    (absent,) = missing([told])

    assert told.state is state
    assert (absent.input, absent.owner) == (JOB.what, JOB.owner)
    assert absent.needed_for
    assert absent.next_action


def test_the_comparison_counts_once_it_has_ended_whole_before_the_cut() -> None:
    begun = STRETCH.cut - 4 * HOUR
    whole = NightRun(begun, begun + HOUR)
    partly = NightRun(begun, begun + HOUR, ("billing",))
    after = NightRun(begun, STRETCH.cut + MINUTE)

    assert judge_night([partly, whole], STRETCH).state is JobState.RAN
    assert missing([judge_night([whole], STRETCH)]) == []
    for found, words in ((partly, "billing"), (after, "not ended by the cut")):
        (absent,) = missing([judge_night([found], STRETCH)])
        assert words in absent.why
    assert judge_night([], STRETCH).state is JobState.NOT_AT_ALL


def exception(kind: ExceptionKind, hours: int, overdue: int = 0) -> ReportExceptionView:
    """Something that began so many hours before the cut."""
    return ReportExceptionView(
        kind=kind, severity=SEVERITY[kind], what=kind, count=1, overdue=overdue,
        oldest_at=STRETCH.cut - hours * HOUR, owner="operations", next_action="Look.",
        system=None, status=None, fingerprint=None, change_ids=[],
    )  # fmt: skip


def test_what_must_not_be_comes_before_what_is_late_and_that_before_what_is_old() -> None:
    second = exception(ExceptionKind.SECOND_PERSON, 99)
    old = exception(ExceptionKind.STANDS_STILL, 50)
    late = exception(ExceptionKind.STANDS_STILL, 3, overdue=1)
    alarm = exception(ExceptionKind.WITHOUT_APPROVAL, 1)

    assert in_order([second, old, late, alarm]) == [alarm, late, old, second]
