"""The shape of a payload: its paths and JSON types, no values. How two shapes differ. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from domain.identifiers import fingerprint

_TYPES: Final = {
    bool: "boolean",
    int: "number",
    float: "number",
    str: "string",
    type(None): "null",
    dict: "object",
    list: "array",
}
ROOT: Final = "."
_ITEMS: Final = "[]"
DEEPEST: Final = 40
"""Levels of nesting; what is deeper is no answer of a vendor of ours and is not read."""

MAP_FROM: Final = 60
"""Members from which on an object is taken for a map, whose keys are data and share one path."""

_LONGEST_NAME: Final = 100
"""Characters of a member's name that count."""


def json_type(value: object) -> str:
    """What JSON calls the value; whole numbers are numbers."""
    return _TYPES[type(value)]


def member_path(path: str, name: str) -> str:
    """The path of a member of the object at a path."""
    name = name[:_LONGEST_NAME]
    return name if path in {"", ROOT} else f"{path}.{name}"


def item_path(path: str) -> str:
    """The path all items of the list at a path share."""
    return f"{'' if path == ROOT else path}{_ITEMS}"


def is_deep(value: object) -> bool:
    """Whether the value is nested beyond DEEPEST. Needs no recursion itself."""
    level: list[object] = [value]
    for _ in range(DEEPEST):
        level = [member for each in level for member in _members(each)]
        if not level:
            return False
    return True


def _members(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def shape_of(value: Any) -> tuple[str, ...]:  # noqa: ANN401 - JSON is any of six types
    """Every path in the value with its JSON type, sorted, such as `data[].id string`.

    Items of a list share one path, so the shape does not depend on how many there are; so do the
    members of an object with very many. What is nested deeper than DEEPEST is left out.
    """
    return tuple(sorted(set(_paths(value, "", DEEPEST))))


def _paths(value: Any, path: str, levels: int) -> Iterator[str]:  # noqa: ANN401 - as above
    yield f"{path or ROOT} {json_type(value)}"
    if not levels:
        return
    if isinstance(value, dict):
        as_map = len(value) >= MAP_FROM
        for name, member in value.items():
            yield from _paths(member, member_path(path, "{}" if as_map else name), levels - 1)
    elif isinstance(value, list):
        for item in value:
            yield from _paths(item, item_path(path), levels - 1)


def paths(shape: Iterable[str]) -> frozenset[str]:
    """The paths of a shape, without their types."""
    return frozenset(each.rpartition(" ")[0] for each in shape)


def shape_fingerprint(shape: Iterable[str]) -> str:
    """One name for one shape: sixteen hex digits."""
    return fingerprint({"shape": sorted(shape)})[:16]


@dataclass(frozen=True, slots=True)
class ShapeDifference:
    """One path at which two shapes differ; the types are sorted, and empty where it is not."""

    path: str
    before: tuple[str, ...]
    after: tuple[str, ...]


def differences(before: Iterable[str], after: Iterable[str]) -> tuple[ShapeDifference, ...]:
    """Where two shapes differ, by path.

    A null says nothing of a type and makes no difference, nor do fewer types than there were.
    """
    old, new = _by_path(before), _by_path(after)
    return tuple(
        ShapeDifference(path, tuple(sorted(was)), tuple(sorted(now)))
        for path in sorted(old.keys() | new.keys())
        if _differ(was := old.get(path, frozenset()), now := new.get(path, frozenset()))
    )


def unseen(known: Iterable[str], shape: Iterable[str]) -> tuple[str, ...]:
    """Paths that a shape adds to what is known, where it could have been seen before.

    A member is new only where its object has been seen without it: what stands inside a list that
    was always empty, or an object that was always null, shows itself and is no change.
    """
    old, new = _by_path(known), _by_path(shape)
    return tuple(
        path
        for path in sorted(new)
        if path not in old
        and not path.endswith(_ITEMS)
        and "object" in old.get(_parent(path), frozenset())
    )


def _parent(path: str) -> str:
    return path.rpartition(".")[0] or ROOT


def _by_path(shape: Iterable[str]) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for entry in shape:
        path, _, type_ = entry.rpartition(" ")
        found[path] = found.get(path, frozenset()) | {type_}
    return found


def _differ(was: frozenset[str], now: frozenset[str]) -> bool:
    if not was or not now:
        return was != now
    told_before, told_now = was - {"null"}, now - {"null"}
    return bool(told_before and told_now and told_now - told_before)
