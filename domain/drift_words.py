"""What a drift is and what to do about it, in a person's words: one table each. Pure."""

from collections.abc import Mapping
from typing import Final

from domain.drift import NOTED, DriftKind, DriftState
from domain.identifiers import System
from domain.shapes import ROOT
from domain.wording import upper_first, words

_SENTENCES: Final[Mapping[DriftKind, str]] = {
    DriftKind.UNKNOWN_VALUE: "{system} says “{came}” at {path}, which is not known here.",
    DriftKind.MISSING: "{system} does not send {path} any more.",
    DriftKind.RENAMED: "{system} does not send {path}; it sends “{came}”, which is new.",
    DriftKind.RETYPED: "{system} sends {came} at {path}, where {expected} is expected.",
    DriftKind.UNEXPECTED: "{system} sends what breaks a rule: {expected}.",
    DriftKind.UNREADABLE: "{system} sends something that cannot be read: {expected} is expected.",
    DriftKind.NEW_FIELD: "{system} sends {path}, which it did not send before.",
    DriftKind.NEW_TYPE: "{system} sends {path} as {came}, which it did not before.",
}

WHOLE: Final = "the whole answer"
"""The place of what is not within a field."""

_MAP: Final = (
    "Map it to what is known here; once a second person confirms, everything parked goes on."
)
_BY_HAND: Final = (
    "Ask the vendor what it means. What reads it has to change; retry once it answers as before."
)
_NOTED: Final = "Nothing is held up. Accept it, so that it counts as known."


def sentence(kind: DriftKind, system: System, path: str, came: str, expected: str) -> str:
    """What differs."""
    told = _SENTENCES[kind].format(
        system=system.spoken, path=path, came=came, expected=expected.rstrip(".")
    )
    return upper_first(told)


def on_record(system: System, operation: str, kind: DriftKind, path: str) -> str:
    """What was found, without anything that came: this is kept for good."""
    place = WHOLE if path == ROOT else path
    return f"{system.spoken}, {operation}: {words(kind)}, {place}."


def next_action(kind: DriftKind, state: DriftState, *, pending: bool, mappable: bool) -> str | None:
    """What a person should do; None where nothing is left to do."""
    if state is not DriftState.OPEN:
        return None
    if pending:
        return "A mapping waits for a second person: confirm or decline it."
    if kind in NOTED:
        return _NOTED
    return _MAP if mappable else _BY_HAND
