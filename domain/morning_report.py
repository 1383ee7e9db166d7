"""The morning report: its cut, its inputs, when it may call itself complete, its order. Pure.

What it is told from is the history on record, as of the cut: a job that finishes later, or a change
that goes on, makes no other report of that day.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from itertools import pairwise
from typing import Final
from zoneinfo import ZoneInfo

from domain.announcements import Announcement
from domain.contracts_reports import (
    ExceptionKind,
    JobState,
    JobView,
    MissingInputView,
    MorningReport,
    Proof,
    ReportExceptionView,
    Severity,
)
from domain.event_polling import polling_id
from domain.failure_policy import TEAMS
from domain.health import spoken
from domain.identifiers import System
from domain.report_messages import ReportName
from domain.service_change import READS_EVERYTHING, ChangeStatus
from domain.vendor_events import SENDERS

LAYOUT: Final = 1
"""Of the report; another one where fields of it are left out or mean something else."""

SETTLES_AFTER: Final = timedelta(minutes=2)
"""What was begun before the cut is on record by then: a statement ends within 15 seconds, and a
process shows every ten what it did."""

SLOT: Final = timedelta(minutes=15)
"""Runs of jobs are kept by quarters of an hour, at one of which every cut lies."""

MAY_BUILD: Final = READS_EVERYTHING
NAMED: Final = 20
"""Changes named with an exception; the console lists the rest."""

SHOWN: Final = 200
"""Changes that became active, one by one; all of them are counted."""


@dataclass(frozen=True, slots=True)
class ReportTime:
    """When the business begins its day."""

    at: time
    zone: str

    def cut(self, day: date) -> datetime:
        """The moment the report of that day is about, in UTC."""
        return datetime.combine(day, self.at, ZoneInfo(self.zone)).astimezone(UTC)

    def stretch(self, day: date) -> "Stretch":
        """What the report of that day is about."""
        return Stretch(day, self.zone, self.cut(day - timedelta(days=1)), self.cut(day))

    def due(self, now: datetime) -> date:
        """The latest day whose report can be built."""
        settled = now - SETTLES_AFTER
        today = settled.astimezone(ZoneInfo(self.zone)).date()
        return today if self.cut(today) <= settled else today - timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Stretch:
    """The day of a report: from the cut before to its own."""

    day: date
    zone: str
    since: datetime
    cut: datetime


@dataclass(frozen=True, slots=True)
class Input:
    """A job the report needs: for what, how long it may pause, whose work it is if it does."""

    job: str
    what: str
    needed_for: str
    late_after: timedelta
    owner: str
    next_action: str


RECONCILIATION: Final = "reconciliation"
_ENGINEERS: Final = TEAMS[System.THROUGHLINE]
_RELAY: Final = "Start the relay, or see why it cannot do its work; then look at the page Health."

INPUTS: Final = (
    *(
        Input(
            polling_id(system),
            f"Asking {system.spoken} for events that never came",
            f"What {system.spoken} told: a lost webhook is found by asking.",
            timedelta(minutes=15),
            TEAMS[system],
            f"See on the page Health whether {system.spoken} answers or is paused.",
        )
        for system in SENDERS
    ),
    Input(
        "relay",
        "The relay to the engine",
        "Changes accepted overnight: what is not delivered has not begun.",
        timedelta(minutes=15),
        _ENGINEERS,
        _RELAY,
    ),
    Input(
        "inbox",
        "Working off the inbox",
        "What vendors told overnight, and what of it was unrecognised.",
        timedelta(minutes=15),
        _ENGINEERS,
        _RELAY,
    ),
    Input(
        "sweeper",
        "The sweeper",
        "Changes without a workflow, and effects that were left open.",
        timedelta(minutes=15),
        _ENGINEERS,
        _RELAY,
    ),
)
"""Jobs that run all the time. A job that has run up to the cut is there; how long it paused before
is told beside it."""

NIGHTLY: Final = Input(
    RECONCILIATION,
    "The nightly comparison of all systems",
    "That the systems agree: what was not compared is not known to.",
    timedelta(hours=24),
    TEAMS[System.THROUGHLINE],
    "See on the page Disagreements why it did not end; run it again.",
)
"""It has to have ended, whole, between the cut before and this one."""


@dataclass(frozen=True, slots=True)
class Runs:
    """Runs of a job in one quarter of an hour."""

    first_at: datetime
    last_at: datetime
    longest_gap: timedelta


@dataclass(frozen=True, slots=True)
class NightRun:
    """A comparison of all accounts. `failed`: systems that could not be read whole."""

    started_at: datetime
    finished_at: datetime | None
    failed: tuple[str, ...] = ()


def judge_job(job: Input, runs: Sequence[Runs], stretch: Stretch) -> JobView:
    """How a job went, by its runs in the stretch in order of time."""
    if not runs:
        words = "It did not run at all."
        return _told(job, JobState.NOT_AT_ALL, words, None, None)
    last = runs[-1].last_at
    gaps = [runs[0].first_at - stretch.since, *(run.longest_gap for run in runs)]
    gaps += [later.first_at - earlier.last_at for earlier, later in pairwise(runs)]
    longest = max(gaps)
    silent = stretch.cut - last
    if silent > job.late_after:
        words = f"It last ran {_spoken(silent)} before the cut."
        return _told(job, JobState.STOPPED, words, last, max(longest, silent))
    if longest > job.late_after:
        words = f"It paused for {_spoken(longest)}, and ran up to the cut."
        return _told(job, JobState.LATE, words, last, longest)
    return _told(job, JobState.RAN, "It ran up to the cut.", last, longest)


def judge_night(runs: Sequence[NightRun], stretch: Stretch) -> JobView:
    """How the nightly comparison went: the best that ended in the stretch counts."""
    ended = [run for run in runs if run.finished_at and run.finished_at < stretch.cut]
    whole = [run.finished_at for run in ended if not run.failed and run.finished_at]
    if whole:
        return _told(NIGHTLY, JobState.RAN, "It compared all systems.", max(whole), None)
    if ended:
        systems = ", ".join(sorted({name for run in ended for name in run.failed}))
        words = f"It could not read all of {systems}."
        last = max(run.finished_at for run in ended if run.finished_at)
        return _told(NIGHTLY, JobState.INCOMPLETE, words, last, None)
    if runs:
        words = "It had begun and not ended by the cut."
        return _told(NIGHTLY, JobState.LATE, words, None, None)
    return _told(NIGHTLY, JobState.NOT_AT_ALL, "It did not run at all.", None, None)


def _told(
    job: Input, state: JobState, words: str, last: datetime | None, gap: timedelta | None
) -> JobView:
    return JobView(
        job=job.what,
        state=state,
        sentence=words,
        last_at=last,
        longest_gap_seconds=None if gap is None else int(gap.total_seconds()),
        late_after_seconds=int(job.late_after.total_seconds()),
        owner=job.owner,
    )


def _spoken(span: timedelta) -> str:
    return spoken(span.total_seconds())


ABSENT: Final = frozenset({JobState.STOPPED, JobState.INCOMPLETE, JobState.NOT_AT_ALL})


def missing(jobs: Sequence[JobView]) -> list[MissingInputView]:
    """The inputs that are not there; the report is complete while there is none.

    A job that is told late has nonetheless brought what was asked of it by the cut, but for the
    comparison, which brings nothing before it has ended.
    """
    inputs = {each.what: each for each in (*INPUTS, NIGHTLY)}
    return [
        MissingInputView(
            input=job.job,
            needed_for=inputs[job.job].needed_for,
            why=job.sentence,
            owner=job.owner,
            next_action=inputs[job.job].next_action,
        )
        for job in jobs
        if job.state in ABSENT or (job.state is JobState.LATE and job.last_at is None)
    ]


STANDS_AT_MOST: Final[Mapping[ChangeStatus, timedelta]] = {
    ChangeStatus.PENDING: timedelta(minutes=15),
    ChangeStatus.CHECKING: timedelta(hours=4),
    ChangeStatus.INCOMPLETE: timedelta(days=7),
    ChangeStatus.AWAITING_APPROVAL: timedelta(hours=24),
    ChangeStatus.APPLYING: timedelta(hours=4),
    ChangeStatus.COMPENSATING: timedelta(hours=4),
}
"""After this a change counts as overdue in its status. What stands still has its own time, by its
cause. A step is tried for two hours and a reminder to approve goes out after a day; half of the two
weeks that a document is waited for is when somebody should ask for it."""

WAITS_FOR: Final[Mapping[ChangeStatus, tuple[str, str]]] = {
    ChangeStatus.PENDING: (_ENGINEERS, "See that the relay and the engine run."),
    ChangeStatus.CHECKING: (_ENGINEERS, "See which system does not answer."),
    ChangeStatus.INCOMPLETE: (TEAMS[System.TICKETING], "Ask again for what is missing."),
    ChangeStatus.AWAITING_APPROVAL: ("operations", "Approve or reject them."),
    ChangeStatus.APPLYING: (_ENGINEERS, "See which system does not answer."),
    ChangeStatus.COMPENSATING: (_ENGINEERS, "See which system does not answer."),
}
"""Whose work a change is that has stood in a status for too long, and what to do."""

SEVERITY: Final[Mapping[ExceptionKind, Severity]] = {
    ExceptionKind.WITHOUT_APPROVAL: Severity.ALARM,
    ExceptionKind.NOT_APPLIED: Severity.ALARM,
    ExceptionKind.IN_DOUBT: Severity.ACT,
    ExceptionKind.STANDS_STILL: Severity.ACT,
    ExceptionKind.OVERDUE: Severity.ACT,
    ExceptionKind.SECOND_PERSON: Severity.WATCH,
}
_ORDER: Final = tuple(Severity)
_LATEST: Final = datetime.max.replace(tzinfo=UTC)


def in_order(found: Sequence[ReportExceptionView]) -> list[ReportExceptionView]:
    """What says most first: by severity, then what is past its time, then the oldest."""
    return sorted(
        found,
        key=lambda each: (
            _ORDER.index(each.severity),
            not each.overdue,
            each.oldest_at or _LATEST,
            each.kind,
            each.what,
        ),
    )


def canonical(report: MorningReport) -> str:
    """The report as the bytes that are kept and hashed."""
    return json.dumps(
        report.model_dump(mode="json"), sort_keys=True, separators=(",", ":"), ensure_ascii=False
    )


def hash_of(body: str) -> str:
    """The SHA-256 of a report's bytes."""
    return sha256(body.encode()).hexdigest()


def notice_id(day: date) -> str:
    """Equal for every mail about the same day, so that a repeat can be recognised."""
    return f"{ReportName.SCHEDULE}:{day.isoformat()}"


def headline(report: MorningReport) -> str:
    """The report in a line; what is missing is said before anything else."""
    day = f"Morning report {report.day:%Y-%m-%d}"
    if not report.complete:
        count = len(report.missing)
        return f"{day}: INCOMPLETE, {count} input{'s' if count > 1 else ''} missing"
    count = sum(each.count for each in report.exceptions)
    return f"{day}: {count:,} exception{'' if count == 1 else 's'}"


def short(report: MorningReport) -> list[str]:
    """The report in some lines, exceptions first."""
    missing_ = [f"Missing: {each.input}. {each.why} {each.needed_for}" for each in report.missing]
    exceptions = [
        f"{each.severity.upper()}: {each.what}: {each.count:,}"
        + (f", {each.overdue:,} past their time" if each.overdue else "")
        + f" ({each.owner})"
        for each in report.exceptions
    ]
    unrecognised = sum(each.count for each in report.unrecognised)
    ended = sum(each.count for each in report.ended_otherwise)
    return [
        *(missing_ or ["Complete: every input is there."]),
        *(exceptions or ["No exceptions."]),
        f"Not recognised: {unrecognised:,}.",
        f"Active, approved and applied: {report.active.get(Proof.PROVEN, 0):,}.",
        f"Became active since the report before: {report.became_active_count:,}.",
        f"Ended otherwise: {ended:,}.",
    ]


def announcement(report: MorningReport, sha256: str) -> Announcement:
    """What the business is told: counts and names of inputs, nothing of any customer."""
    lines = short(report)
    return Announcement(
        id=notice_id(report.day),
        kind="report.morning",
        sentence=headline(report),
        path=f"report?day={report.day.isoformat()}",
        lines=(*lines, f"SHA-256 {sha256}"),
        facts={
            "day": report.day.isoformat(),
            "complete": report.complete,
            "missing": [each.input for each in report.missing],
            "lines": lines,
            "sha256": sha256,
        },
    )
