"""Recorded answers of all four vendors, changed by a seed in the ways vendors change them."""

import copy
import json
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from adapters.vendors.acted_on import READINGS
from adapters.vendors.answers import Answer
from adapters.vendors.dialect import Dialect
from adapters.vendors.watching import Knowledge, Unwatched
from domain.drift import DriftKind, Expected, Finding, Json, Sighting
from domain.errors import UnrecognisedPayloadError
from domain.event_drift import EVENTS, read_mapped
from domain.identifiers import System
from domain.mappings import Mappings
from domain.shapes import ROOT, item_path, member_path, shape_of

_RECORDED: Final = Path(__file__).with_name("recorded_answers.json")
_OTHERS: Final = ("text", 7, 1.5, True, None, ["x"], {"x": 1})
_NAMES: Final = ("zq81", "region", "kind_of_it", "legacy", "tier")


@dataclass(frozen=True, slots=True)
class Recorded:
    """One payload a vendor really sent."""

    system: System
    operation: str
    payload: Json

    @property
    def expected(self) -> Expected:
        """What is acted on in it."""
        if self.is_event:
            return EVENTS[self.system][self.operation]
        return next(r.expected for r in READINGS[self.system] if r.operation == self.operation)

    @property
    def is_event(self) -> bool:
        """Whether it is an event and no answer."""
        return self.operation in EVENTS.get(self.system, {})


@dataclass(frozen=True, slots=True)
class Mutated:
    """A payload, and what has to be said of it and where; `kind` None: it was not changed."""

    recorded: Recorded
    how: str
    text: str
    kind: DriftKind | None
    path: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of it. `understood`: it was read as if nothing had changed."""

    findings: tuple[Finding, ...] = ()
    understood: bool = False
    crash: str = ""


@cache
def recorded() -> tuple[Recorded, ...]:
    """Every recorded payload."""
    told = json.loads(_RECORDED.read_text(encoding="utf-8"))
    return tuple(
        Recorded(System(system), operation, payload)
        for system, operations in told.items()
        for operation, payloads in operations.items()
        for payload in payloads
    )


@cache
def knowledge(system: System) -> Knowledge:
    """What a system that has run for a while knows of a vendor."""
    shapes: dict[str, frozenset[str]] = {}
    for each in recorded():
        if each.system is system:
            before = shapes.get(each.operation, frozenset())
            shapes[each.operation] = before | frozenset(shape_of(each.payload))
    return Knowledge(Mappings(), shapes)


class _Watch(Unwatched):
    """Takes every shape for new, and remembers what it is told."""

    def __init__(self) -> None:
        self.told: list[Sighting] = []

    def counted(self, system: System, operation: str, shape: str) -> bool:
        """Never."""
        del system, operation, shape
        return False

    def saw(self, sighting: Sighting) -> None:
        """Keep it."""
        self.told.append(sighting)


def judged(mutated: Mutated) -> Verdict:
    """Have it read as in a call or from the inbox."""
    of = mutated.recorded
    try:
        if of.is_event:
            event = read_mapped(of.system, mutated.text.encode(), Mappings())
            findings = event.sighting(knowledge(of.system).shapes).findings
            return Verdict(findings, understood=event.read.meaning is not None)
        return _read(of, mutated.text)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what is looked for
        return Verdict(crash=f"{type(error).__name__}: {error}")


def _read(of: Recorded, text: str) -> Verdict:
    watch = _Watch()
    dialect = Dialect(of.system, lambda _: None)
    answer = Answer(dialect, 200, {}, text, knowledge(of.system), watch)
    reading = next(each for each in READINGS[of.system] if each.operation == of.operation)
    try:
        answer.read(reading)
    except UnrecognisedPayloadError:
        return Verdict(watch.told[0].findings)
    return Verdict(watch.told[0].findings, understood=True)


def objection(mutated: Mutated, verdict: Verdict) -> str | None:
    """Why the verdict is wrong; None if it is right."""
    if verdict.crash:
        return f"crashed: {verdict.crash}"
    parks = any(each.parks for each in verdict.findings)
    merely_new = mutated.kind is DriftKind.NEW_FIELD
    if verdict.understood and (parks or not merely_new):
        return "was acted on although it should have parked"
    if merely_new and not verdict.understood:
        return "was parked although nothing that is acted on has changed"
    if not any((each.kind, each.path) == (mutated.kind, mutated.path) for each in verdict.findings):
        told = [(str(each.kind), each.path) for each in verdict.findings]
        return f"is told as {told}, not as {mutated.kind} at {mutated.path}"
    return None


# --- the ways to change a payload ---


@dataclass(frozen=True, slots=True)
class _Place:
    """A member that is acted on: the object that holds it, its name, and what is expected."""

    holder: dict[str, Any]
    name: str
    path: str
    parent: str
    expected: Expected


def _places(expected: Expected, value: Json, path: str = ROOT) -> Iterator[_Place]:
    if isinstance(value, dict):
        for name, member in expected.members.items():
            if name in value:
                place = member_path(path, name)
                yield _Place(value, name, place, path, member)
                yield from _places(member, value[name], place)
    elif isinstance(value, list) and expected.item:
        for each in value[:1]:
            yield from _places(expected.item, each, item_path(path))


Way = Callable[[random.Random, Json, Expected], tuple[DriftKind, str] | None]
"""Changes a payload in place: what has to be said of it and where; None if it has no such place."""


def _pick(
    rng: random.Random,
    payload: Json,
    expected: Expected,
    fits: Callable[[_Place], bool],
) -> _Place | None:
    found = [each for each in _places(expected, payload) if fits(each)]
    return rng.choice(found) if found else None


def _unknown(
    rng: random.Random,
    payload: Json,
    expected: Expected,
) -> tuple[DriftKind, str] | None:
    def fits(each: _Place) -> bool:
        return bool(each.expected.values) and each.holder[each.name] is not None

    place = _pick(rng, payload, expected, fits)
    if place is None:
        return None
    place.holder[place.name] = f"{rng.choice(('under', 'pre', 'semi'))}_{rng.randrange(1000)}"
    return DriftKind.UNKNOWN_VALUE, place.path


def _missing(
    rng: random.Random,
    payload: Json,
    expected: Expected,
) -> tuple[DriftKind, str] | None:
    place = _pick(rng, payload, expected, lambda each: each.expected.required)
    if place is None:
        return None
    del place.holder[place.name]
    return DriftKind.MISSING, place.path


def _renamed(
    rng: random.Random,
    payload: Json,
    expected: Expected,
) -> tuple[DriftKind, str] | None:
    def fits(each: _Place) -> bool:
        return each.expected.required and each.holder[each.name] is not None

    place = _pick(rng, payload, expected, fits)
    if place is None:
        return None
    ways = (f"{place.name}_v2", f"new_{place.name}", place.name.upper(), rng.choice(_NAMES))
    place.holder[rng.choice(ways)] = place.holder.pop(place.name)
    return DriftKind.RENAMED, place.path


def _retyped(
    rng: random.Random,
    payload: Json,
    expected: Expected,
) -> tuple[DriftKind, str] | None:
    place = _pick(rng, payload, expected, lambda _: True)
    if place is None:
        return None
    others = [each for each in _OTHERS if not place.expected.takes(each)]
    place.holder[place.name] = copy.deepcopy(rng.choice(others))
    return DriftKind.RETYPED, place.path


def _new_field(
    rng: random.Random,
    payload: Json,
    expected: Expected,
) -> tuple[DriftKind, str] | None:
    del expected
    name = f"{rng.choice(_NAMES)}_{rng.randrange(100)}"
    payload[name] = copy.deepcopy(rng.choice(_OTHERS))
    return DriftKind.NEW_FIELD, name


MEMBERS: Final[Mapping[str, Way]] = {
    "unknown value": _unknown,
    "missing": _missing,
    "renamed": _renamed,
    "retyped": _retyped,
    "new field": _new_field,
}

WHOLE: Final[Mapping[str, Callable[[random.Random, str], str]]] = {
    "cut": lambda rng, text: text[: rng.randrange(1, len(text))],
    "web page": lambda rng, _: f"<!doctype html><h1>Back in {rng.randrange(9)} minutes</h1>",
    "another type": lambda rng, text: rng.choice((f"[{text}]", "7", '"ok"')),
    "nested without end": lambda rng, _: "[" * rng.randrange(50, 200_000),
}
"""Ways to change a payload as a whole."""


def mutations(seed: int, count: int) -> Iterator[Mutated]:
    """So many changed payloads; the same seed gives the same ones."""
    rng = random.Random(seed)
    every = recorded()
    made = 0
    while made < count:
        of = rng.choice(every)
        how = rng.choice((*MEMBERS, *MEMBERS, *WHOLE))
        mutated = _whole(rng, of, how) if how in WHOLE else _member(rng, of, how)
        if mutated is not None:
            made += 1
            yield mutated


def _member(rng: random.Random, of: Recorded, how: str) -> Mutated | None:
    payload = copy.deepcopy(of.payload)
    told = MEMBERS[how](rng, payload, of.expected)
    if told is None:
        return None
    kind, path = told
    return Mutated(of, how, json.dumps(payload), kind, path)


def _whole(rng: random.Random, of: Recorded, how: str) -> Mutated:
    text = WHOLE[how](rng, json.dumps(of.payload))
    kind = DriftKind.RETYPED if how == "another type" else DriftKind.UNREADABLE
    return Mutated(of, how, text, kind, ROOT)
