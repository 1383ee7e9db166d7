"""How many calls one worker makes to a vendor at a time; one vendor never takes them all."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Final, Self

from domain.identifiers import VENDORS, System

WIDTH: Final = 10
"""Calls at a time: so many may be caught in the air when a vendor begins to throttle, no more.
At 50 ms a call it is 200 calls a second, more than a worker makes."""

PATIENCE: Final = timedelta(seconds=1)
"""A step that gets no turn within this gives its place in the worker to others and comes back."""


class Lanes:
    """A lane before each vendor, shared by everything a worker does there."""

    def __init__(self) -> None:
        self._lanes = {system: asyncio.Semaphore(WIDTH) for system in VENDORS}

    def turn(self) -> "Turn":
        """A turn to be taken; a context manager that gives it back."""
        return Turn(self._lanes)


class Turn:
    """One caller's turn at one vendor, once it is taken."""

    def __init__(self, lanes: Mapping[System, asyncio.Semaphore]) -> None:
        self._lanes = lanes
        self._taken: asyncio.Semaphore | None = None

    def __enter__(self) -> Self:
        """Nothing is taken yet."""
        return self

    def __exit__(self, *_: object) -> None:
        """Give it back."""
        if self._taken is not None:
            self._taken.release()

    async def taken_at_once(self, system: System) -> bool:
        """Take it, unless somebody has to be waited for. True if it is taken."""
        lane = self._lanes[system]
        if self._taken is None and not lane.locked():
            await lane.acquire()
            self._taken = lane
        return self._taken is not None

    async def taken_in_time(self, system: System) -> bool:
        """Take it, waiting a little. True if it is taken."""
        if self._taken is None:
            try:
                async with asyncio.timeout(PATIENCE.total_seconds()):
                    await self._lanes[system].acquire()
            except TimeoutError:
                return False
            self._taken = self._lanes[system]
        return True
