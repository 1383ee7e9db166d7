"""What is acted on in vendors' events, as tables that drift is judged by and read through. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from domain.drift import DriftKind, Expected, Finding, Json, Sighting, classify, noted
from domain.identifiers import System
from domain.mappings import Mappings, translated
from domain.redaction import redacted
from domain.shapes import ROOT, is_deep, paths, shape_of
from domain.vendor_events import (
    EVENT_TYPES,
    EventType,
    Place,
    ReadEvent,
    parse,
    read_event,
)

EVENT_TYPE: Final = "event_type"
"""The vocabulary of the types of events."""

_EVENT: Final = "event"
_OBJECT: Final = frozenset({"object"})
_STRING: Final = frozenset({"string"})
_WHOLE: Final = frozenset({"integer"})


def operation_of(type_: str) -> str:
    """What events of a type go by where answers go by their operation."""
    return f"{_EVENT} {type_}"


EVENT_VOCABULARIES: Final[Mapping[System, Mapping[str, frozenset[str]]]] = {
    system: {EVENT_TYPE: frozenset(types)} for system, types in EVENT_TYPES.items()
}


def _said(system: System) -> Expected:
    """What every event of a system has to say before anything else of it can be read."""
    words = EVENT_VOCABULARIES.get(system, {}).get(EVENT_TYPE, frozenset())
    type_ = Expected(_STRING, "event.type", vocabulary=EVENT_TYPE, values=words)
    return Expected(_OBJECT, _EVENT, members={"type": type_})


def _expected(system: System, meaning: EventType) -> Expected:
    found = _said(system)
    for place in (meaning.account, meaning.reference):
        found = _with(found, place, _STRING)
    if meaning.key:
        found = _with(found, meaning.key, _STRING | {"null"}, required=False)
    return _with(found, meaning.version, _WHOLE) if meaning.version else found


def _with(
    expected: Expected, place: Place, types: frozenset[str], *, required: bool = True
) -> Expected:
    """The same with one more place that is acted on, and the objects on the way to it."""
    name, *below = place
    subject = f"{expected.subject}.{name}"
    member = (
        _with(
            expected.members.get(name, Expected(_OBJECT, subject)),
            tuple(below),
            types,
            required=required,
        )
        if below
        else Expected(types, subject, required)
    )
    return replace(expected, members={**expected.members, name: member})


EVENTS: Final[Mapping[System, Mapping[str, Expected]]] = {
    system: {operation_of(type_): _expected(system, meaning) for type_, meaning in types.items()}
    for system, types in EVENT_TYPES.items()
}
"""What is acted on in each type of event, by operation."""


@dataclass(frozen=True, slots=True)
class MappedEvent:
    """An event as it came, and as it was read once mapped words were put into known ones."""

    system: System
    body: bytes
    read: ReadEvent
    told: Json
    """None where it is no JSON, or nested without end."""

    def sighting(self, known: Mapping[str, frozenset[str]]) -> Sighting:
        """Its shape; what it differs in that parks it, or else what is new in it.

        `known` are the shapes that were accepted before, by operation.
        """
        event = parse(self.body) if self.told is not None else None
        operation = _operation(self.told)
        expected = EVENTS.get(self.system, {}).get(operation) or _said(self.system)
        shape = () if event is None else shape_of(event)
        before = known.get(operation, frozenset())
        if self.read.meaning is None:
            seen = paths(before or _all_events(known))
            found = () if event is None else classify(expected, self.told, seen)
            findings = found or (self._otherwise(),)
        else:
            findings = noted(expected, operation, before, shape)
        sample = self.body.decode(errors="replace") if event is None else event
        return Sighting(self.system, operation, shape, redacted(sample, expected), findings)

    def _otherwise(self) -> Finding:
        """What is wrong with an event whose types and words are right."""
        if self.told is None:
            return Finding(DriftKind.UNREADABLE, ROOT, expected="JSON")
        return Finding(DriftKind.UNEXPECTED, ROOT, self.read.problem, expected=self.read.problem)


def read_mapped(system: System, body: bytes, mappings: Mappings) -> MappedEvent:
    """Read an event as far as it goes, in known words where people mapped it; never raises.

    Everything that is acted on has to be of its type, also what an event may leave out.
    """
    event = parse(body)
    if event is None or is_deep(event):
        return MappedEvent(system, body, read_event(system, body), None)
    told = translated(_said(system), event, mappings)
    expected = EVENTS.get(system, {}).get(_operation(told))
    if expected is not None:
        told = translated(expected, told, mappings)
    read = read_event(system, body if told == event else json.dumps(told).encode())
    odd = classify(expected, told) if expected is not None and read.meaning is not None else ()
    if odd:
        problem = f"{', '.join(each.path for each in odd)} cannot be read."
        read = replace(read, meaning=None, problem=problem)
    return MappedEvent(system, body, read, told)


def _all_events(known: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """What events look like, where the one at hand does not say of which type it is."""
    return frozenset().union(*(known[each] for each in known if each.startswith(_EVENT)))


def _operation(event: Json) -> str:
    type_ = event.get("type") if isinstance(event, dict) else None
    return operation_of(type_) if isinstance(type_, str) else _EVENT
