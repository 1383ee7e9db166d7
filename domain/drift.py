"""What a vendor's payload says other than before, and whether it touches what we act on. Pure.

Strict on what we act on, tolerant of the rest: an unknown value, or a field that is missing, has
another name or another type, parks what was waiting for it; anything else is noted once.
"""

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from enum import StrEnum
from typing import Any, Final

from domain.identifiers import System, fingerprint
from domain.shapes import ROOT, differences, item_path, json_type, member_path, unseen

Json = Any
"""Any of the six types JSON has."""

_PREFIX: Final = "drf_"
_LONGEST_RAW: Final = 200
"""Characters kept of a value that is not known; longer ones are told apart by their beginning."""

MOST_NOTED: Final = 20
"""Of one payload: a vendor's whole new version is one matter, not a hundred."""

_WORD: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|[0-9]+")
_ALIKE: Final = 0.5
"""Names at least so alike can be one field under two names."""


class DriftKind(StrEnum):
    """In which way a payload differs."""

    UNKNOWN_VALUE = "unknown_value"
    MISSING = "missing"
    RENAMED = "renamed"
    RETYPED = "retyped"
    UNEXPECTED = "unexpected"
    """Of a known type and breaking a rule between or about fields."""
    UNREADABLE = "unreadable"
    """No JSON at all, or no refusal that can be read."""
    NEW_FIELD = "new_field"
    NEW_TYPE = "new_type"
    """Of a field that is not acted on."""


NOTED: Final = frozenset({DriftKind.NEW_FIELD, DriftKind.NEW_TYPE})
"""Kinds that are noted once and hold up nothing."""

PARKS: Final = frozenset(DriftKind) - NOTED
"""Kinds after which nothing goes on without a person."""


class DriftState(StrEnum):
    """What a person has made of it. What parks is open again when it is seen again."""

    OPEN = "open"
    MAPPED = "mapped"
    ACCEPTED = "accepted"
    DISMISSED = "dismissed"


class DriftAction(StrEnum):
    """What a person can make of it."""

    MAP = "map"
    ACCEPT = "accept"
    DISMISS = "dismiss"


@dataclass(frozen=True, slots=True)
class Expected:
    """What is acted on at one place of a payload, and what stands below it.

    `subject` names the field wherever its object is met (`ticket.status`); `vocabulary` names the
    closed set its values are from, whichever field they stand in.
    """

    types: frozenset[str]
    subject: str = ""
    required: bool = True
    vocabulary: str = ""
    values: frozenset[str] = frozenset()
    members: Mapping[str, "Expected"] = field(default_factory=dict)
    item: "Expected | None" = None

    def takes(self, value: Json) -> bool:
        """Whether a value has a type that is acted on here. A whole number is a number, too."""
        if "integer" in self.types and isinstance(value, int) and not isinstance(value, bool):
            return True
        return json_type(value) in self.types

    @property
    def told(self) -> str:
        """What is acted on, in words."""
        if self.values:
            return f"one of {', '.join(sorted(self.values))}"
        return " or ".join(sorted(self.types))


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference. `raw` is what came, as JSON: a value, a name or a type.

    `subject` is the vocabulary of a value and the field of anything else. `candidates` are names
    of members that came and are not known here; one of them may be what is missing.
    """

    kind: DriftKind
    path: str
    subject: str = ""
    raw: str = ""
    expected: str = ""
    candidates: tuple[str, ...] = ()

    @property
    def parks(self) -> bool:
        """Whether nothing goes on without a person."""
        return self.kind in PARKS


_GONE: Final = frozenset({DriftKind.RENAMED, DriftKind.MISSING})
"""Kinds that are one cause: a field that is gone, whether or not its new name is suspected."""


def drift_id(system: System, finding: Finding) -> str:
    """One name for one cause: equal for all that one mapping or one decision would cure."""
    gone = finding.kind in _GONE
    what = ["gone"] if gone else [finding.kind, finding.raw]
    return _PREFIX + fingerprint({"system": system, "what": what, "of": finding.subject})[:16]


def is_drift_id(reason: str) -> bool:
    """Whether a failure's reason names a drift."""
    return reason.startswith(_PREFIX)


@dataclass(frozen=True, slots=True)
class Sighting:
    """One payload as it was read: its shape, what it differs in, and a redacted sample."""

    system: System
    operation: str
    shape: tuple[str, ...]
    sample: Json
    findings: tuple[Finding, ...] = ()


def raw_json(value: Json) -> str:
    """A value as it is compared and kept."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True)[:_LONGEST_RAW]


def classify(
    expected: Expected, payload: Json, known: Collection[str] = frozenset()
) -> tuple[Finding, ...]:
    """Everything in which a payload differs from what is acted on, each cause once.

    `known` are paths of members that were there before: none of them is a field renamed now.
    """
    found: dict[tuple[str, str, str], Finding] = {}
    for finding in _judged(expected, payload, ROOT, known):
        found.setdefault((finding.kind, finding.subject, finding.raw), finding)
    return tuple(found.values())


def noted(
    expected: Expected, operation: str, known: Collection[str], shape: Collection[str]
) -> tuple[Finding, ...]:
    """What a shape adds to those known that is not acted on: once, and at most MOST_NOTED.

    Nothing at first, when no shape is known yet.
    """
    acted_on = frozenset(_places(expected, ROOT))
    new = [(DriftKind.NEW_FIELD, path, "") for path in unseen(known, shape)]
    other = [
        (DriftKind.NEW_TYPE, each.path, "/".join(each.after))
        for each in differences(known, shape)
        if each.before and each.after
    ]
    return tuple(
        Finding(kind, path, f"{operation} {path}", raw)
        for kind, path, raw in (*new, *other)
        if path not in acted_on
    )[:MOST_NOTED]


def _places(expected: Expected, path: str) -> Iterator[str]:
    """Every path that is acted on."""
    yield path
    if expected.item is not None:
        yield from _places(expected.item, item_path(path))
    for name, member in expected.members.items():
        yield from _places(member, member_path(path, name))


def _judged(
    expected: Expected, value: Json, path: str, known: Collection[str]
) -> Iterator[Finding]:
    if not expected.takes(value):
        yield _retyped(expected, value, path)
        return
    if expected.values and value is not None and value not in expected.values:
        yield Finding(
            DriftKind.UNKNOWN_VALUE, path, expected.vocabulary, raw_json(value), expected.told
        )
    if isinstance(value, dict):
        others = {name: each for name, each in value.items() if name not in expected.members}
        for name, member in expected.members.items():
            place = member_path(path, name)
            if name in value:
                yield from _judged(member, value[name], place, known)
            elif member.required:
                yield _gone(member, place, path, others, known)
    elif isinstance(value, list) and expected.item is not None:
        for each in value:
            yield from _judged(expected.item, each, item_path(path), known)


def _retyped(expected: Expected, value: Json, path: str) -> Finding:
    """A word of a closed set may have become another scalar, which can be mapped as a value."""
    scalar = expected.values and isinstance(value, str | int | float)
    return Finding(
        DriftKind.RETYPED,
        path,
        expected.vocabulary if scalar else expected.subject,
        raw_json(value) if scalar else json_type(value),
        expected.told,
    )


def _gone(
    expected: Expected, path: str, parent: str, others: Mapping[str, Json], known: Collection[str]
) -> Finding:
    fitting = [
        name
        for name, value in others.items()
        if expected.takes(value) and value is not None and member_path(parent, name) not in known
    ]
    name = path.rpartition(".")[2]
    candidates = tuple(sorted(fitting, key=lambda each: (-_alike(name, each), each)))
    likely = candidates and (len(candidates) == 1 or _stands_out(name, candidates))
    if likely:
        renamed = candidates[0]
        return Finding(
            DriftKind.RENAMED, path, expected.subject, renamed, expected.told, candidates
        )
    return Finding(DriftKind.MISSING, path, expected.subject, "", expected.told, candidates)


def _stands_out(name: str, candidates: tuple[str, ...]) -> bool:
    first, second = _alike(name, candidates[0]), _alike(name, candidates[1])
    return first >= _ALIKE and first > second


def _alike(one: str, other: str) -> float:
    """How much alike two names are: by letters, or as `id` is in `ticket_id` and `ticketId`."""
    these, those = _words(one), _words(other)
    if these <= those or those <= these:
        return 1.0
    return SequenceMatcher(None, "".join(sorted(these)), "".join(sorted(those))).ratio()


def _words(name: str) -> frozenset[str]:
    return frozenset(word.lower() for word in _WORD.findall(name))
