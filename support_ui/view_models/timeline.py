"""The story of one change: its phases and its table. `gantt.py` makes the picture of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import zip_longest
from typing import Final

from domain.contracts import TimelineEntry, TimelineKind
from domain.errors import FailureCode
from domain.identifiers import System
from domain.service_change import ChangeStatus, DocumentState, EffectStatus
from support_ui.view_models import text, words

PEOPLE: Final = "People"

_NOTE: Final = "Note"
_PEOPLES_KINDS: Final = frozenset({TimelineKind.DECISION, TimelineKind.DOCUMENT})


class Tone(StrEnum):
    """How an event reads; each tone has a shape of its own beside its colour."""

    GOOD = "went through"
    WAITS = "waits or repeats"
    BAD = "refused or failed"
    NEUTRAL = "noted"


_GOOD: Final = ("accepted", "ok", "passed", EffectStatus.APPLIED, EffectStatus.REVERSED)
_WAITS: Final = (
    "blocked",
    DocumentState.PENDING_REVIEW,
    FailureCode.CREDENTIAL_FAULT,
    FailureCode.OUTCOME_UNKNOWN,
    FailureCode.PAUSED,
    FailureCode.THROTTLED,
    FailureCode.UNAVAILABLE,
)
_BAD: Final = (
    "denied",
    "failed",
    FailureCode.CREDENTIAL,
    FailureCode.INTERNAL,
    FailureCode.REFUSED,
    FailureCode.UNRECOGNISED_PAYLOAD,
    FailureCode.UNVERIFIABLE,
)
_OUTCOME_TONES: Final[Mapping[str, Tone]] = {
    **dict.fromkeys(_GOOD, Tone.GOOD),
    **dict.fromkeys(_WAITS, Tone.WAITS),
    **dict.fromkeys(_BAD, Tone.BAD),
}
_STATUS_TONES: Final[Mapping[ChangeStatus, Tone]] = {
    ChangeStatus.ACTIVE: Tone.GOOD,
    ChangeStatus.INCOMPLETE: Tone.WAITS,
    ChangeStatus.COMPENSATING: Tone.WAITS,
    ChangeStatus.EXPIRED: Tone.WAITS,
    ChangeStatus.NEEDS_ATTENTION: Tone.BAD,
    ChangeStatus.REJECTED: Tone.BAD,
}


@dataclass(frozen=True, slots=True)
class Phase:
    """A stretch of time in one status; `lasted` is None for the status it is in now."""

    status: ChangeStatus
    since: datetime
    lasted: timedelta | None

    @property
    def badge(self) -> str:
        """The status badge followed by how long it lasted, as Markdown."""
        look = words.STATUS[self.status]
        return look.badge + (f" {text.duration(self.lasted)}" if self.lasted is not None else "")


def phases(entries: Sequence[TimelineEntry]) -> list[Phase]:
    """The statuses the change went through, one after the other."""
    turns: list[tuple[datetime, ChangeStatus]] = []
    for entry in entries:
        status = _reached(entry)
        if status and (not turns or turns[-1][1] is not status):
            turns.append((entry.at, status))
    ends = [at for at, _ in turns[1:]]
    return [
        Phase(status, at, end - at if end else None)
        for (at, status), end in zip_longest(turns, ends)
    ]


def _reached(entry: TimelineEntry) -> ChangeStatus | None:
    """The status an entry led to, if it led to one that this console knows."""
    named = entry.facts.get("to_status")
    return ChangeStatus(named) if named in set(ChangeStatus) else None


def status_tone(status: ChangeStatus) -> Tone:
    """How a status reads."""
    return _STATUS_TONES.get(status, Tone.NEUTRAL)


def tone(entry: TimelineEntry) -> Tone:
    """How an event reads; an outcome nobody named here is neutral, not an error."""
    status = _reached(entry)
    if status:
        return status_tone(status)
    return _OUTCOME_TONES.get(entry.outcome or "", Tone.NEUTRAL)


def _lane(entry: TimelineEntry) -> str:
    if entry.kind in _PEOPLES_KINDS:
        return PEOPLE
    return words.SYSTEM[entry.system or System.THROUGHLINE]


def rows(entries: Sequence[TimelineEntry], now: datetime) -> list[dict[str, object]]:
    """The same events as a table, the newest last."""
    return [
        {
            "When": text.moment(entry.at, now),
            "Event": text.humanise(entry.title),
            "Where": _lane(entry),
            "Outcome": text.humanise(entry.outcome) if entry.outcome else "",
            "Took": (
                text.duration(timedelta(milliseconds=entry.duration_ms))
                if entry.duration_ms is not None
                else ""
            ),
            "Who": entry.actor,
            "Detail": entry.detail,
        }
        for entry in entries
    ]


def opened(entries: Sequence[TimelineEntry], name: str) -> TimelineEntry | None:
    """The event that is open, by its id."""
    return next((entry for entry in entries if entry.id == name), None)


def notes(entries: Sequence[TimelineEntry]) -> list[TimelineEntry]:
    """What people wrote, the newest first."""
    return [entry for entry in reversed(entries) if entry.title == _NOTE]
