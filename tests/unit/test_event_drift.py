"""Events that are not understood: what they differ in, and how a mapping has them read."""

import json
from typing import Any

from domain.drift import DriftKind
from domain.event_drift import read_mapped
from domain.identifiers import System
from domain.mappings import Mappings
from domain.shapes import shape_of

CLOSED: dict[str, Any] = {
    "id": "e1",
    "type": "ticket.closed",
    "created": 1_700_000_000,
    "data": {"ticket_id": "t1", "account_id": "a1", "external_reference": "x", "version": 3},
}


def told(event: object, mappings: Mappings | None = None) -> tuple[str, list[tuple[str, str, str]]]:
    """The problem with an event, and what it differs in."""
    body = event if isinstance(event, bytes) else json.dumps(event).encode()
    read = read_mapped(System.TICKETING, body, mappings or Mappings())
    findings = read.sighting({}).findings
    return read.read.problem, [(each.kind, each.path, each.raw) for each in findings]


def with_data(**other: object) -> dict[str, Any]:
    data = {name: each for name, each in (CLOSED["data"] | other).items() if each is not None}
    return CLOSED | {"data": data}


def test_an_event_that_is_understood_differs_in_nothing() -> None:
    assert told(CLOSED) == ("", [])


def test_each_reason_for_quarantine_is_told() -> None:
    for event, kind, path, raw in (
        (CLOSED | {"type": "ticket.merged"}, DriftKind.UNKNOWN_VALUE, "type", '"ticket.merged"'),
        (with_data(ticket_id=None), DriftKind.MISSING, "data.ticket_id", ""),
        (with_data(ticket_id=None, number="t1"), DriftKind.RENAMED, "data.ticket_id", "number"),
        (with_data(version="3"), DriftKind.RETYPED, "data.version", "string"),
        (b"<html>", DriftKind.UNREADABLE, ".", ""),
        (b"[" * 100_000, DriftKind.UNREADABLE, ".", ""),
        (with_data(version=0), DriftKind.UNEXPECTED, ".", ""),
    ):
        problem, findings = told(event)
        assert problem
        assert findings == [(kind, path, raw)], event


def test_a_mapped_type_and_field_are_read_as_what_they_mean() -> None:
    mappings = Mappings(
        {("event_type", '"ticket.merged"'): "ticket.closed"}, {"event.data.ticket_id": ("number",)}
    )
    event = with_data(ticket_id=None, number="t9") | {"type": "ticket.merged"}
    read = read_mapped(System.TICKETING, json.dumps(event).encode(), mappings).read
    assert (read.problem, read.type, read.reference) == ("", "ticket.closed", "t9")


def test_what_is_mapped_already_is_not_told_of_again() -> None:
    mappings = Mappings({("event_type", '"ticket.merged"'): "ticket.closed"})
    event = with_data(version="3") | {"type": "ticket.merged"}
    _, findings = told(event, mappings)
    assert [kind for kind, *_ in findings] == [DriftKind.RETYPED]


def test_the_first_event_of_a_type_is_what_later_ones_of_that_type_are_compared_with() -> None:
    answered = with_data(comment="sent it") | {"type": "ticket.answered"}
    read = read_mapped(System.TICKETING, json.dumps(answered).encode(), Mappings())
    known = {"event ticket.closed": frozenset(shape_of(CLOSED))}
    assert read.sighting(known).findings == ()

    known["event ticket.answered"] = frozenset(shape_of(CLOSED))
    noted = read.sighting(known).findings
    assert [(each.kind, each.path) for each in noted] == [(DriftKind.NEW_FIELD, "data.comment")]
