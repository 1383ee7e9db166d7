"""A payload as it may be shown where it was not looked at yet: short, and nothing personal. Pure.

What a vendor may add tomorrow is not known, so only what is known to be harmless is shown: words
of closed sets, ids, states, counts and sums. Everything else is masked; its place and type stay.
"""

from collections.abc import Iterator
from typing import Final

from domain.drift import Expected, Json
from domain.vendor_events import SHOWN

MASKED: Final = "[masked]"
_ITEMS: Final = 3
"""Of each list; more tell nothing new about its shape."""

_MEMBERS: Final = 40
_LONGEST: Final = 80
"""Characters of a name or a text."""


def redacted(payload: Json, expected: Expected | None) -> Json:
    """A sample of a payload; of what is no JSON, whether it is a page and how long it is."""
    if isinstance(payload, str):
        kind = "A web page" if payload.lstrip().startswith("<") else "A text that is no JSON"
        return f"{kind}, {len(payload)} characters"
    words = frozenset(_words(expected, "")) if expected else frozenset()
    return _redacted(payload, "", SHOWN | words)


def _redacted(value: Json, name: str, shown: frozenset[str]) -> Json:
    if isinstance(value, dict):
        return {
            str(key)[:_LONGEST]: _redacted(member, str(key), shown)
            for key, member in list(value.items())[:_MEMBERS]
        }
    if isinstance(value, list):
        return [_redacted(item, name, shown) for item in value[:_ITEMS]]
    if value is None or isinstance(value, bool):
        return value
    if name not in shown:
        return MASKED
    return value[:_LONGEST] if isinstance(value, str) else value


def _words(expected: Expected, name: str) -> Iterator[str]:
    """Names of members that hold words of a closed set."""
    if expected.values:
        yield name
    if expected.item:
        yield from _words(expected.item, name)
    for below, member in expected.members.items():
        yield from _words(member, below)
