"""The shape of a payload (paths and JSON types, no values), and the fingerprint of a failure."""

from collections.abc import Iterator
from typing import Any, Final

from domain.errors import FailureCode
from domain.identifiers import System, fingerprint

_TYPES: Final = {
    bool: "boolean",
    int: "number",
    float: "number",
    str: "string",
    type(None): "null",
    dict: "object",
    list: "array",
}


def shape_of(value: Any) -> tuple[str, ...]:  # noqa: ANN401 - JSON is any of six types
    """Every path in the value with its JSON type, sorted, such as `data[].id string`.

    Items of a list share one path, so the shape does not depend on how many there are.
    """
    return tuple(sorted(set(_paths(value, ""))))


def _paths(value: Any, path: str) -> Iterator[str]:  # noqa: ANN401 - as above
    yield f"{path or '.'} {_TYPES[type(value)]}"
    if isinstance(value, dict):
        for name, member in value.items():
            yield from _paths(member, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for item in value:
            yield from _paths(item, f"{path}[]")


def failure_fingerprint(
    *,
    system: System,
    code: FailureCode,
    step: str,
    reason: str = "",
    answer: Any = None,  # noqa: ANN401 - as above
) -> str:
    """One name for one cause: equal for failures that one repair would cure.

    System, error class, step, the vendor's machine-readable reason and the shape of its last
    answer; never a value, so that accounts and words do not split a cause. Sixteen hex digits.
    """
    shape = list(shape_of(answer)) if code is FailureCode.UNRECOGNISED_PAYLOAD else []
    parts = {"system": system, "code": code, "step": step, "reason": reason, "shape": shape}
    return fingerprint(parts)[:16]
