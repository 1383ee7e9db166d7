"""The difference between two JSON values, field by field. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class FieldChange(StrEnum):
    """What became of one field from left to right."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    SAME = "same"


@dataclass(frozen=True, slots=True)
class FieldComparison:
    """One field of either value by its path, such as `lines[0].amount_minor`."""

    path: str
    change: FieldChange
    left: Any
    right: Any


def compare(left: Mapping[str, Any], right: Mapping[str, Any]) -> tuple[FieldComparison, ...]:
    """Every field of either, in the order of the left one and then of the right one."""
    before, after = dict(_leaves(left, "")), dict(_leaves(right, ""))
    return tuple(
        FieldComparison(path, _change(path, before, after), before.get(path), after.get(path))
        for path in dict.fromkeys([*before, *after])
    )


def _change(path: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> FieldChange:
    if path not in before:
        return FieldChange.ADDED
    if path not in after:
        return FieldChange.REMOVED
    return FieldChange.SAME if before[path] == after[path] else FieldChange.CHANGED


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - JSON is any of six types
    if isinstance(value, Mapping) and value:
        for name, member in value.items():
            yield from _leaves(member, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list) and value:
        for number, item in enumerate(value):
            yield from _leaves(item, f"{path}[{number}]")
    else:
        yield path, value
