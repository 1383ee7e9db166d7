"""The page somebody keeps open: what waits, what is late, what broke, how much was done."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from domain.assignments import SubjectKind, subject_of
from domain.contracts import ServiceChangeSummary
from domain.contracts_assignments import AssignmentView
from domain.contracts_today import BrokenCauseView, HourView, TodayView
from domain.service_change import ChangeStatus
from support_ui.view_models import lists, places, text, words
from support_ui.view_models.places import Place

WAITING_FOR_PEOPLE: Final = (
    ChangeStatus.NEEDS_ATTENTION,
    ChangeStatus.AWAITING_APPROVAL,
    ChangeStatus.INCOMPLETE,
)
MOVING: Final = (
    ChangeStatus.PENDING,
    ChangeStatus.CHECKING,
    ChangeStatus.APPLYING,
    ChangeStatus.COMPENSATING,
)
ENDED: Final = (
    ChangeStatus.ACTIVE,
    ChangeStatus.REJECTED,
    ChangeStatus.CANCELLED,
    ChangeStatus.EXPIRED,
)
"""Statuses in which something is due by a time."""

_LATE: Final = words.Look("Past its time", "red", "schedule")
_NONE_LATE: Final = words.Look("None is late", "green", "check_circle")
NEW_CAUSE: Final = words.Look("New", "red", "new_releases")
KNOWN_CAUSE: Final = words.Look("Known", "gray", "history")


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of the day, what it counts, and where the list behind it is."""

    title: str
    value: str
    link: str
    place: Place
    look: words.Look | None = None


def figures(day: TodayView) -> list[Figure]:
    """What waits for the reader and what is late; what is not theirs to see is left out."""
    waits, late = day.waits_for_me, day.overdue
    counted = (
        ("Wait for your approval", waits.approvals, "Decide them", places.APPROVALS, False),
        (
            "Wait for a second person",
            waits.second_approvals,
            "Confirm or decline",
            places.SECOND_APPROVALS,
            False,
        ),
        (
            "Changes past their time",
            late.changes,
            "See who is waited for",
            places.OVERDUE,
            True,
        ),
        (
            "Dead letters past their time",
            late.dead_letters,
            "See what stands still",
            places.DEAD_LETTERS,
            True,
        ),
    )
    found = [
        Figure(title, f"{count:,}", link, place, _late(count) if due else None)
        for title, count, link, place, due in counted
        if count is not None
    ]
    if day.oldest:
        oldest = day.oldest[0]
        age = text.duration(day.as_of - oldest.submitted_at)
        found.append(Figure("Oldest open change", age, oldest.account_id, places.change(oldest.id)))
    return found


def _late(count: int) -> words.Look:
    return _LATE if count else _NONE_LATE


@dataclass(frozen=True, slots=True)
class StatusCount:
    """How many changes are in one status."""

    status: ChangeStatus
    count: int


@dataclass(frozen=True, slots=True)
class StatusGroup:
    """Statuses that mean the same to somebody who plans a day."""

    title: str
    total: int
    counts: tuple[StatusCount, ...]


def status_groups(day: TodayView) -> list[StatusGroup]:
    """Every status once, grouped; a status nobody counted is zero."""
    return [
        _group("Waiting for people", WAITING_FOR_PEOPLE, day.open),
        _group("Moving by themselves", MOVING, day.open),
        _group("Ended today", ENDED, day.ended_today),
    ]


def _group(
    title: str, statuses: Sequence[ChangeStatus], counts: Mapping[ChangeStatus, int]
) -> StatusGroup:
    counted = tuple(StatusCount(status, counts.get(status, 0)) for status in statuses)
    return StatusGroup(title, sum(each.count for each in counted), counted)


def late_row(change: ServiceChangeSummary, now: datetime) -> lists.Row:
    """One of the changes that are past their time."""
    late = text.duration(now - change.due_at) if change.due_at else text.DASH
    return _waiting_row(change, now, {"Late by": late})


def oldest_row(change: ServiceChangeSummary, now: datetime) -> lists.Row:
    """One of the open changes submitted longest ago."""
    return _waiting_row(change, now, {"Open for": text.duration(now - change.submitted_at)})


def _waiting_row(
    change: ServiceChangeSummary, now: datetime, counted: Mapping[str, str]
) -> lists.Row:
    row = {**lists.change_row(change, now), **counted}
    shown = ("Open", *counted, "Account", "Status", "Change", "Waits for / next")
    return {name: row[name] for name in shown}


def cause_row(cause: BrokenCauseView, now: datetime) -> lists.Row:
    """One cause for which changes came to a standstill lately."""
    return {
        "Open": cause.cause,
        "Cause is": [(KNOWN_CAUSE if cause.known else NEW_CAUSE).label],
        "System": words.SYSTEM[cause.system],
        "Still open": f"{cause.still_open:,} of {cause.count:,}",
        "First": text.age(cause.first_at, now),
        "Last": text.age(cause.last_at, now),
    }


def assigned_row(assignment: AssignmentView, now: datetime) -> lists.Row:
    """Something the reader has taken or was handed."""
    subject = subject_of(assignment.subject)
    of_change = subject is not None and subject.kind is SubjectKind.CHANGE
    return {
        "Open": subject.id if subject else assignment.subject,
        "What": "A change" if of_change else "A cause of dead letters",
        "Yours since": text.age(assignment.set_at, now),
        "Handed over by": assignment.set_by,
        "Reason": assignment.note,
    }


def assigned_place(assignment: AssignmentView) -> Place:
    """Where that work is done."""
    subject = subject_of(assignment.subject)
    if subject is None:
        return places.DEAD_LETTERS
    lead = {SubjectKind.CHANGE: places.change, SubjectKind.CAUSE: places.cause}
    return lead[subject.kind](subject.id)


@dataclass(frozen=True, slots=True)
class Bar:
    """One hour of one chart. `usual`: the average of that hour on the days before."""

    place: int
    clock: str
    when: str
    what: str
    count: int
    usual: float | None


SUBMITTED, ACTIVE, OTHERWISE = "Submitted", "Active", "Ended otherwise"


def submitted_bars(hours: Sequence[HourView], now: datetime) -> list[Bar]:
    """What came in, hour by hour."""
    return [
        _bar(place, hour, now, (SUBMITTED, hour.submitted, hour.usual_submitted))
        for place, hour in enumerate(hours)
    ]


def ended_bars(hours: Sequence[HourView], now: datetime) -> list[Bar]:
    """What ended, hour by hour; the usual of an hour is of both kinds of end together."""
    found = []
    for place, hour in enumerate(hours):
        usual = _sum(hour.usual_active, hour.usual_ended_otherwise)
        found += [
            _bar(place, hour, now, (ACTIVE, hour.active, usual)),
            _bar(place, hour, now, (OTHERWISE, hour.ended_otherwise, usual)),
        ]
    return found


def _sum(*parts: float | None) -> float | None:
    known = [part for part in parts if part is not None]
    return sum(known) if known else None


def _bar(place: int, hour: HourView, now: datetime, counted: tuple[str, int, float | None]) -> Bar:
    begin = hour.begin.astimezone(now.tzinfo)
    when = f"{begin:%H:%M} to {begin + timedelta(hours=1):%H:%M}"
    return Bar(place, f"{begin:%H}", when, *counted)


def hour_rows(hours: Sequence[HourView], now: datetime) -> list[dict[str, str]]:
    """The same as a table, down to the hour that has begun."""
    return [
        {
            "Hour": f"{hour.begin.astimezone(now.tzinfo):%H:%M}",
            "Submitted": f"{hour.submitted:,}",
            "Usually submitted": _average(hour.usual_submitted),
            "Active": f"{hour.active:,}",
            "Usually active": _average(hour.usual_active),
            "Ended otherwise": f"{hour.ended_otherwise:,}",
            "Usually ended otherwise": _average(hour.usual_ended_otherwise),
        }
        for hour in hours
        if hour.begin <= now
    ]


def _average(value: float | None) -> str:
    return text.DASH if value is None else f"{value:,.1f}"


def throughput_sentence(day: TodayView) -> str:
    """How much of the day is done, beside what is usual by now."""
    so_far = [hour for hour in day.hours if hour.begin <= day.as_of]
    submitted, active = (sum(getattr(h, name) for h in so_far) for name in ("submitted", "active"))
    told = f"{submitted:,} submitted and {active:,} active so far."
    if not day.usual_days:
        return f"{told} There is no day before to compare with yet."
    days = "the day before" if day.usual_days == 1 else f"the {day.usual_days} days before"
    return f"{told} The dash at each hour is the average of {days}."
