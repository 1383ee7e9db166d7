"""From readings to what begins to fire and what is over; and what is told of it. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import groupby
from typing import Final

from domain.alerts import QUIET, RULE, TOLD_AGAIN_AFTER, AlertState, RuleName, limit, spoken
from domain.announcements import Announcement
from domain.identifiers import System


@dataclass(frozen=True, slots=True, order=True)
class Subject:
    """What an alert is about: a rule at a system, and where that is not all, at what of it."""

    rule: RuleName
    system: System
    detail: str = ""

    @property
    def group(self) -> tuple[RuleName, System]:
        """What is told together."""
        return self.rule, self.system


@dataclass(frozen=True, slots=True)
class Standing:
    """An alert that is not over: since when it is over its threshold, and when it last was."""

    state: AlertState
    since: datetime
    last_seen: datetime


class Turn(StrEnum):
    """What becomes of an alert in one round."""

    CROSSED = "crossed"
    FIRED = "fired"
    SEEN = "seen"
    DROPPED = "dropped"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class Transition:
    """One alert's turn, with the reading that led to it; None where there is none any longer."""

    subject: Subject
    turn: Turn
    value: float | None


Readings = Mapping[RuleName, Mapping[Subject, float]]
"""What was measured. A rule that is missing could not be measured: nothing is said about it."""


def judge(
    readings: Readings,
    thresholds: Mapping[RuleName, float],
    standing: Mapping[Subject, Standing],
    now: datetime,
) -> list[Transition]:
    """What becomes of every alert, in order of its subject."""
    found: list[Transition] = []
    for name, measured in readings.items():
        rule = RULE[name]
        over = {
            subject: value
            for subject, value in measured.items()
            if rule.crossed(value, thresholds[name])
        }
        for subject, value in over.items():
            found.append(Transition(subject, _crossed(subject, standing.get(subject), now), value))
        for subject, held in standing.items():
            if subject.rule is name and subject not in over:
                turn = _well(held, now)
                if turn:
                    found.append(Transition(subject, turn, measured.get(subject)))
    return sorted(found, key=lambda each: each.subject)


def _crossed(subject: Subject, held: Standing | None, now: datetime) -> Turn:
    if held is not None and held.state is AlertState.FIRING:
        return Turn.SEEN
    since = now if held is None else held.since
    if now - since >= RULE[subject.rule].holds:
        return Turn.FIRED
    return Turn.CROSSED if held is None else Turn.SEEN


def _well(held: Standing, now: datetime) -> Turn | None:
    if held.state is AlertState.PENDING:
        return Turn.DROPPED
    return Turn.RESOLVED if now - held.last_seen >= QUIET else None


@dataclass(frozen=True, slots=True)
class Tellable:
    """An alert as far as telling goes. `told`: when somebody was last told that it fires."""

    id: str
    subject: Subject
    state: AlertState
    value: float
    threshold: float
    told: datetime | None
    silenced_until: datetime | None
    acknowledged: bool


def due(alert: Tellable, now: datetime) -> bool:
    """Whether it is told now: once, again while nobody takes it, and once that it is over."""
    if alert.silenced_until is not None and alert.silenced_until > now:
        return False
    if alert.state is AlertState.RESOLVED:
        return alert.told is not None
    if alert.told is None:
        return True
    return not alert.acknowledged and now - alert.told >= TOLD_AGAIN_AFTER


def grouped(alerts: Iterable[Tellable]) -> list[list[Tellable]]:
    """What is told together: one list for each rule at each system and each state."""

    def key(alert: Tellable) -> tuple[RuleName, System, AlertState]:
        return *alert.subject.group, alert.state

    ordered = sorted(alerts, key=lambda each: (key(each), each.subject))
    return [list(found) for _, found in groupby(ordered, key)]


_MOST_LINES: Final = 20
"""Of one message; the console has them all."""


def announcement(group: Sequence[Tellable], round_id: str) -> Announcement:
    """What is told of a group: names, numbers and the runbook, nothing of any change."""
    first = group[0]
    rule, system = RULE[first.subject.rule], first.subject.system
    over = first.state is AlertState.RESOLVED
    place = f"{rule.title}: {system}"
    sentence = f"Resolved: {place}" if over else f"{rule.severity.capitalize()}: {place}"
    lines = [
        f"{each.subject.detail or system}: {spoken(each.value, rule.unit)}"
        for each in group[:_MOST_LINES]
    ]
    if len(group) > _MOST_LINES:
        lines.append(f"and {len(group) - _MOST_LINES} more")
    return Announcement(
        id=f"alert:{rule.name}:{system}:{round_id}:{first.state}",
        kind=f"alert.{first.state}",
        sentence=sentence,
        lines=(
            rule.measures,
            f"It fires at {limit(rule, first.threshold)}.",
            *lines,
            f"Owner: {rule.owner_for(system)}. Runbook: docs/runbooks/{rule.runbook}",
        ),
        path=f"alerts?alert={first.id}",
        facts={
            "rule": str(rule.name),
            "system": str(system),
            "severity": str(rule.severity),
            "owner": rule.owner_for(system),
            "runbook": f"docs/runbooks/{rule.runbook}",
            "threshold": first.threshold,
            "unit": str(rule.unit),
            "alerts": [
                {"id": each.id, "subject": each.subject.detail, "value": each.value}
                for each in group[:_MOST_LINES]
            ],
            "count": len(group),
        },
    )
