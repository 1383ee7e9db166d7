"""What is acted on in each answer: the payload models, as tables that drift is judged by. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from functools import cached_property
from types import NoneType, UnionType
from typing import Annotated, Any, ClassVar, Final, Generic, Literal, TypeVar, get_args, get_origin

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from domain.drift import DriftKind, Expected, Finding, raw_json
from domain.shapes import ROOT, item_path, member_path


class Payload(BaseModel):
    """Base of every vendor payload: the fields named are required, typed and never guessed.

    What else the vendor sends is let through and noted once. `noun` is what mappings of its fields
    go by; payloads that are views of one thing share it.
    """

    model_config = ConfigDict(strict=True, extra="allow", frozen=True)
    noun: ClassVar[str] = ""


Read = TypeVar("Read", bound=Payload)

_SCALARS: Final[dict[object, str]] = {
    str: "string",
    int: "integer",
    float: "number",
    bool: "boolean",
    date: "string",
    AwareDatetime: "string",
}
_STRING: Final = frozenset({"string"})


@dataclass(frozen=True)
class Reading(Generic[Read]):
    """One answer of a vendor, by the operation it answers, and the payload it is read as."""

    operation: str
    model: type[Read]
    opaque: str = ""
    """A path whose contents are watched elsewhere, such as the events in a list of them."""

    @cached_property
    def expected(self) -> Expected:
        """What is acted on in it, derived from the payload's own declaration."""
        return _object(self.model)


def vocabularies(readings: Sequence[Reading[Any]]) -> dict[str, frozenset[str]]:
    """Every closed set that the answers hold values of, by name."""
    found: dict[str, frozenset[str]] = {}
    waiting = [reading.expected for reading in readings]
    while waiting:
        each = waiting.pop()
        if each.vocabulary:
            found[each.vocabulary] = each.values
        waiting += each.members.values()
        waiting += [each.item] if each.item else []
    return found


def _object(model: type[BaseModel]) -> Expected:
    noun = _noun(model)
    return Expected(
        types=frozenset({"object"}),
        subject=noun,
        members={
            name: _expected(field.annotation, member_path(noun, name), required=field.is_required())
            for field_name, field in model.model_fields.items()
            for name in (field.alias or field_name,)
        },
    )


def _noun(model: type[BaseModel]) -> str:
    """Its own word, or its class's name: `_InvoiceLine` is an `invoice_line`."""
    told: str = getattr(model, "noun", "")
    return told or _snake(model.__name__)


def _snake(name: str) -> str:
    name = name.lstrip("_")
    return "".join(f"_{c.lower()}" if c.isupper() and i else c.lower() for i, c in enumerate(name))


def _expected(annotation: Any, subject: str, *, required: bool) -> Expected:  # noqa: ANN401 - any type
    """What is acted on where a field of this type stands."""
    kind, null = _without_null(annotation)
    origin = get_origin(kind)
    if origin is Literal:
        words = frozenset(map(str, get_args(kind)))
        found = Expected(_STRING, subject, required, subject.rpartition(".")[2], words)
    elif origin in {list, tuple}:
        below = _expected(get_args(kind)[0], subject, required=True)
        found = Expected(frozenset({"array"}), subject, required, item=below)
    elif issubclass(kind, BaseModel):
        below = _object(kind)
        found = replace(below, required=required)
    elif issubclass(kind, StrEnum):
        words = frozenset(map(str, kind))
        found = Expected(_STRING, subject, required, _snake(kind.__name__), words)
    else:
        found = Expected(frozenset({_SCALARS[kind]}), subject, required)
    return replace(found, types=found.types | {"null"}) if null else found


def _without_null(annotation: Any) -> tuple[Any, bool]:  # noqa: ANN401 - as above
    """The type itself, and whether null is taken, too."""
    if get_origin(annotation) is Annotated:
        return _without_null(get_args(annotation)[0])
    if isinstance(annotation, UnionType):
        (kind,) = (each for each in get_args(annotation) if each is not NoneType)
        return kind, True
    return annotation, False


_RULES: Final[Sequence[tuple[tuple[str, ...], DriftKind]]] = (
    (("json_",), DriftKind.UNREADABLE),
    (("string_too_short", "missing"), DriftKind.MISSING),
    (
        ("date", "time", "timezone", "int_", "float_", "string_", "model_", "bool_"),
        DriftKind.RETYPED,
    ),
    (("enum", "literal"), DriftKind.UNKNOWN_VALUE),
)
"""What a failed validation means where the table of types and values finds nothing wrong."""


def finding_of(error: ValidationError, expected: Expected) -> Finding:
    """What the first thing wrong with a payload is, such as a text that is no date."""
    problem = error.errors(include_url=False, include_input=False)[0]
    kind = next(
        (kind for starts, kind in _RULES if problem["type"].startswith(starts)),
        DriftKind.UNEXPECTED,
    )
    if kind is DriftKind.UNREADABLE:
        return Finding(kind, ROOT, expected="JSON")
    path, place = ROOT, expected
    for part in problem["loc"]:
        if isinstance(part, int):
            path, place = item_path(path), place.item or place
        else:
            path, place = member_path(path, part), place.members.get(part, place)
    return Finding(kind, path, place.subject, raw_json(problem["type"]), problem["msg"])
