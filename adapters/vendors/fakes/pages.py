"""How every fake pages through what it holds. The cursor is a place in the list."""

from collections.abc import Sequence
from typing import TypeVar

from domain.listings import Listing

Item = TypeVar("Item")


def page_of(items: Sequence[Item], cursor: str | None, limit: int) -> Listing[Item]:
    """A stretch of what there is, from the place the cursor names on."""
    start = int(cursor or 0)
    end = start + limit
    return Listing(tuple(items[start:end]), str(end) if end < len(items) else None)
