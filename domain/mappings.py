"""What a vendor's new word or field means in words that are known here, as people decided. Pure.

A mapping leads to a value or field that is acted on already, and only what is mapped is read
through it: nothing is guessed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Final

from domain.drift import DriftKind, Expected, Json, raw_json

FRESH_FOR: Final = 2.0
"""Seconds after which active mappings are read from the record again before they are used."""

EVERYWHERE_AFTER: Final = FRESH_FOR + 1.0
"""Seconds after which every process reads by a mapping that was confirmed."""

PROPOSAL_LIFE: Final = timedelta(hours=24)


class MappingKind(StrEnum):
    """Whether a value or a field's name is mapped."""

    VALUE = "value"
    FIELD = "field"


class MappingState(StrEnum):
    """Where a mapping stands. `proposed` waits for a second person."""

    PROPOSED = "proposed"
    ACTIVE = "active"
    DECLINED = "declined"
    LAPSED = "lapsed"
    RETIRED = "retired"


MAPPED_AS: Final[Mapping[DriftKind, MappingKind]] = {
    DriftKind.UNKNOWN_VALUE: MappingKind.VALUE,
    DriftKind.RETYPED: MappingKind.VALUE,
    DriftKind.MISSING: MappingKind.FIELD,
    DriftKind.RENAMED: MappingKind.FIELD,
}
"""Kinds of drift that a mapping can cure. A retyped field only where it holds a known word."""


@dataclass(frozen=True, slots=True)
class Mappings:
    """The active mappings of one system.

    `values`: vocabulary and what came, as JSON -> the known value. `fields`: subject -> the names
    it comes under.
    """

    values: Mapping[tuple[str, str], str] = field(default_factory=dict)
    fields: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.values or self.fields)


def translated(expected: Expected, payload: Json, mappings: Mappings) -> Json:
    """The payload with everything mapped put into known words; it itself stays as it was.

    A field that is there under its known name is never replaced, and a value only by one of the
    values known for its place.
    """
    if isinstance(payload, dict):
        told = dict(payload)
        for name, member in expected.members.items():
            if name not in told:
                came_as = _came_as(member, told, expected, mappings)
                if came_as is None:
                    continue
                told[name] = told.pop(came_as)
            told[name] = translated(member, told[name], mappings)
        return told
    if isinstance(payload, list):
        item = expected.item
        return [translated(item, each, mappings) for each in payload] if item else payload
    if not expected.values or payload is None or payload in expected.values:
        return payload
    known = mappings.values.get((expected.vocabulary, raw_json(payload)))
    return known if known in expected.values else payload


def _came_as(
    member: Expected, told: Mapping[str, Json], parent: Expected, mappings: Mappings
) -> str | None:
    """The name under which a missing member came, if somebody mapped it."""
    names = mappings.fields.get(member.subject, ())
    return next((name for name in names if name in told and name not in parent.members), None)
