"""Waiting for what happens elsewhere, with a deadline instead of a sleep."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

_EVERY_SECONDS = 0.03


async def eventually(
    look: Callable[[], Awaitable[T]], good: Callable[[T], bool], *, within: float = 20.0
) -> T:
    """Look until it is good; fails with the last sight when it is not within the seconds."""
    deadline = asyncio.get_running_loop().time() + within
    while not good(seen := await look()):
        if asyncio.get_running_loop().time() > deadline:
            raise AssertionError(f"not within {within} s; last seen: {seen!r}")
        await asyncio.sleep(_EVERY_SECONDS)
    return seen
