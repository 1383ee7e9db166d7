"""The story of one change as a picture: lanes of steps, attempts, waits and people.

A wait of a day and an attempt of milliseconds have to fit one picture. So the axis is not to
scale: every stretch between two things that happened is as wide as the logarithm of its length,
and the long ones have their length written above them.
"""

import math
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from domain.contracts import TimelineEntry, TimelineKind
from domain.service_change import FINAL, ChangeStatus
from support_ui.view_models import text, words
from support_ui.view_models.timeline import Tone, phases, status_tone, tone

LENGTH: Final = "Time passed"
STATUS: Final = "Status"
PEOPLE: Final = "People"
MESSAGES: Final = "Messages, notes"

DRAWN: Final = 200
"""Events in one picture: more cannot be told apart, and the table below holds them all."""

_LEAST: Final = 60
_PER_DECADE: Final = 140
_FINEST: Final = 0.05
"""Width of a stretch in units: so many at least, and so many more each time it is ten times as
long; below 50 ms lengths are not told apart."""

_TOLD_FROM: Final = timedelta(seconds=3)
_SHARE: Final = 0.045
"""A stretch has its length written if it is this long, and this wide a part of the picture."""

_ROOM_FOR_WORDS: Final = 0.09

_PEOPLE_KINDS: Final = frozenset({TimelineKind.DECISION, TimelineKind.DOCUMENT})
_MESSAGE_KINDS: Final = frozenset({TimelineKind.MESSAGE, TimelineKind.NOTE})
_FOR_PEOPLE: Final = frozenset(
    {ChangeStatus.INCOMPLETE, ChangeStatus.AWAITING_APPROVAL, ChangeStatus.NEEDS_ATTENTION}
)
"""Statuses in which a change waits for people."""


@dataclass(frozen=True, slots=True)
class Bar:
    """Something that lasted. `label` is written into it where there is room, at `label_at`."""

    lane: str
    start: int
    end: int
    tone: Tone
    title: str
    outcome: str
    when: str
    lasted: str
    detail: str
    label: str = ""
    label_at: int | None = None

    @property
    def middle(self) -> int:
        """Where its label stands: in the middle, if nothing else is said."""
        return (self.start + self.end) // 2 if self.label_at is None else self.label_at


@dataclass(frozen=True, slots=True)
class Point:
    """Something that happened at a moment, or how an attempt ended."""

    lane: str
    at: int
    tone: Tone
    title: str
    outcome: str
    when: str
    lasted: str
    detail: str


@dataclass(frozen=True, slots=True)
class Picture:
    """Everything to draw. `waits` join two attempts of a step; `ticks` are places and clocks."""

    lanes: tuple[str, ...]
    width: int
    bars: tuple[Bar, ...]
    waits: tuple[Bar, ...]
    lengths: tuple[Bar, ...]
    points: tuple[Point, ...]
    ticks: tuple[tuple[int, str], ...]
    left_out: int


class _Axis:
    """Where each moment stands."""

    def __init__(self, moments: Iterable[datetime]) -> None:
        self.moments = sorted(set(moments))
        self.places = [0]
        for before, after in zip(self.moments, self.moments[1:], strict=False):
            self.places.append(self.places[-1] + _width(after - before))

    @property
    def width(self) -> int:
        return max(self.places[-1], 1)

    def at(self, moment: datetime) -> int:
        return self.places[bisect_left(self.moments, moment)]

    def has_room(self, start: int, end: int) -> bool:
        """Whether words can be read between the two places."""
        return end - start >= _ROOM_FOR_WORDS * self.width

    def stretches(self) -> Iterable[tuple[datetime, datetime, int, int]]:
        """Each stretch by its ends and their places."""
        ends = zip(self.moments, self.moments[1:], self.places, self.places[1:], strict=False)
        yield from ends


def _width(span: timedelta) -> int:
    tens = math.log10(1 + span.total_seconds() / _FINEST)
    return _LEAST + round(_PER_DECADE * tens)


def picture(entries: Sequence[TimelineEntry], now: datetime) -> Picture:
    """The latest events of a change, at least one, as lanes over an axis of compressed time."""
    drawn = entries[-DRAWN:]
    attempts = [entry for entry in drawn if entry.kind is TimelineKind.ATTEMPT]
    is_open = _last_status(entries) not in FINAL
    axis = _Axis(
        [
            *(entry.at for entry in drawn),
            *(_ended(entry) for entry in attempts),
            *([now] if is_open and now > drawn[-1].at else []),
        ]
    )
    statuses = _statuses(entries, axis, now)
    lengths = tuple(_lengths(axis, now))
    points = [_point(entry, axis, now) for entry in drawn if _is_a_point(entry)]
    bars = [_attempt(entry, axis, now) for entry in attempts]
    acts = sorted(point.at for point in points if point.lane == PEOPLE)
    waiting = [_waiting(bar, acts, axis) for status, bar in statuses if status in _FOR_PEOPLE]
    steps = dict.fromkeys(bar.lane for bar in bars)
    used = {point.lane for point in points} | {bar.lane for bar in waiting}
    lanes = (
        *([LENGTH] if lengths else []),
        STATUS,
        *(lane for lane in (PEOPLE, MESSAGES) if lane in used),
        *steps,
    )
    return Picture(
        lanes=lanes,
        width=axis.width,
        bars=(*(bar for _, bar in statuses), *waiting, *bars),
        waits=tuple(_waits(attempts, axis, now)),
        lengths=lengths,
        points=(*points, *(_end(entry, axis, now) for entry in attempts)),
        ticks=tuple(_ticks(axis, now)),
        left_out=len(entries) - len(drawn),
    )


def _last_status(entries: Sequence[TimelineEntry]) -> ChangeStatus | None:
    told = phases(entries)
    return told[-1].status if told else None


def _ended(entry: TimelineEntry) -> datetime:
    return entry.at + timedelta(milliseconds=entry.duration_ms or 0)


def _lane(entry: TimelineEntry) -> str:
    """An attempt's lane: its step at its system, from `Post billing change, attempt 2`."""
    step = entry.title.rpartition(", attempt")[0] or entry.title
    system = f" ({words.SYSTEM[entry.system]})" if entry.system else ""
    return f"{text.humanise(step)}{system}"


def _statuses(
    entries: Sequence[TimelineEntry], axis: _Axis, now: datetime
) -> list[tuple[ChangeStatus, Bar]]:
    """The phases that reach into the picture."""
    first, last = axis.moments[0], axis.moments[-1]
    bars = []
    for phase in phases(entries):
        until = phase.since + phase.lasted if phase.lasted is not None else last
        if until < first or (until <= phase.since and phase.lasted is not None):
            continue
        start, end = axis.at(max(phase.since, first)), axis.at(min(until, last))
        label = words.STATUS[phase.status].label
        bars.append(
            (
                phase.status,
                Bar(
                    lane=STATUS,
                    start=start,
                    end=end,
                    tone=status_tone(phase.status),
                    title=label,
                    outcome="until now" if phase.lasted is None else "over",
                    when=text.moment(phase.since, now),
                    lasted=text.duration(until - phase.since),
                    detail="",
                    label=label if axis.has_room(start, end) else "",
                ),
            )
        )
    return bars


def _waiting(status: Bar, acts: Sequence[int], axis: _Axis) -> Bar:
    """The same stretch in the lane of those who are waited for; its label keeps clear of acts."""
    inside = [place for place in acts if status.start < place < status.end]
    gaps = pairwise([status.start, *inside, status.end])
    left, right = max(gaps, key=lambda gap: gap[1] - gap[0])
    return Bar(
        lane=PEOPLE,
        start=status.start,
        end=status.end,
        tone=Tone.WAITS,
        title=f"{status.title}: waits for people",
        outcome=status.outcome,
        when=status.when,
        lasted=status.lasted,
        detail="",
        label=f"waited {status.lasted}" if axis.has_room(left, right) else "",
        label_at=(left + right) // 2,
    )


def _attempt(entry: TimelineEntry, axis: _Axis, now: datetime) -> Bar:
    return Bar(
        lane=_lane(entry),
        start=axis.at(entry.at),
        end=max(axis.at(_ended(entry)), axis.at(entry.at) + _LEAST // 2),
        tone=tone(entry),
        title=text.humanise(entry.title),
        outcome=text.humanise(entry.outcome or "noted"),
        when=text.moment(entry.at, now),
        lasted=text.duration(timedelta(milliseconds=entry.duration_ms or 0)),
        detail=entry.detail,
    )


def _end(entry: TimelineEntry, axis: _Axis, now: datetime) -> Point:
    bar = _attempt(entry, axis, now)
    return Point(
        bar.lane, bar.end, bar.tone, bar.title, bar.outcome, bar.when, bar.lasted, bar.detail
    )


def _is_a_point(entry: TimelineEntry) -> bool:
    return entry.kind in _PEOPLE_KINDS | _MESSAGE_KINDS


def _point(entry: TimelineEntry, axis: _Axis, now: datetime) -> Point:
    return Point(
        lane=PEOPLE if entry.kind in _PEOPLE_KINDS else MESSAGES,
        at=axis.at(entry.at),
        tone=tone(entry),
        title=text.humanise(entry.title),
        outcome=text.humanise(entry.outcome or "noted"),
        when=text.moment(entry.at, now),
        lasted="",
        detail=f"{entry.actor}: {entry.detail}" if entry.detail else entry.actor,
    )


def _waits(attempts: Sequence[TimelineEntry], axis: _Axis, now: datetime) -> Iterable[Bar]:
    """From the end of an attempt that failed to the beginning of the next one of its step."""
    last: dict[str, TimelineEntry] = {}
    for entry in attempts:
        lane = _lane(entry)
        before = last.get(lane)
        last[lane] = entry
        if before is None or before.outcome == "ok" or _ended(before) >= entry.at:
            continue
        lasted = text.duration(entry.at - _ended(before))
        yield Bar(
            lane=lane,
            start=axis.at(_ended(before)),
            end=axis.at(entry.at),
            tone=Tone.WAITS,
            title="Wait before the next attempt",
            outcome=text.humanise(before.outcome or ""),
            when=text.moment(_ended(before), now),
            lasted=lasted,
            detail="",
        )


def _lengths(axis: _Axis, now: datetime) -> Iterable[Bar]:
    for since, until, start, end in axis.stretches():
        if until - since >= _TOLD_FROM and end - start >= _SHARE * axis.width:
            lasted = text.duration(until - since)
            yield Bar(
                lane=LENGTH,
                start=start,
                end=end,
                tone=Tone.NEUTRAL,
                title="Nothing happened",
                outcome="",
                when=text.moment(since, now),
                lasted=lasted,
                detail="",
                label=lasted,
            )


def _ticks(axis: _Axis, now: datetime) -> Iterable[tuple[int, str]]:
    """A clock where the picture begins, ends and goes on after a while; a date where it changes."""
    day = None
    quiet = {until for since, until, _, _ in axis.stretches() if until - since >= _TOLD_FROM}
    for moment, place in zip(axis.moments, axis.places, strict=True):
        if moment in {axis.moments[0], axis.moments[-1]} or moment in quiet:
            here = moment.astimezone(now.tzinfo)
            clock = here.strftime("%H:%M:%S")
            yield place, clock if here.date() == day else f"{here:%d %b} {clock}"
            day = here.date()
