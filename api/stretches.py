"""A cursor over a short list that is read whole."""

from collections.abc import Sequence
from typing import TypeVar

from adapters.postgres.reading import bad_cursor, decode_cursor, encode_cursor
from domain.contracts import Page

Item = TypeVar("Item")
_DIGITS = 9


def stretch(items: Sequence[Item], cursor: str | None, limit: int) -> Page[Item]:
    """So many items from the cursor on. Raises InvalidChangeError for a foreign cursor."""
    start = 0
    if cursor:
        (place,) = decode_cursor(cursor, 1)
        if not (place.isascii() and place.isdigit() and len(place) <= _DIGITS):
            raise bad_cursor()
        start = int(place)
    end = start + limit
    more = end < len(items)
    return Page(items=list(items[start:end]), next_cursor=encode_cursor(str(end)) if more else None)
