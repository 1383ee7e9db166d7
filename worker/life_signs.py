"""Shows on record that a process of ours lives, and when it last did each part of its work."""

import asyncio
import logging
import os
import socket
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from adapters.postgres.life_signs import LifeSign, leave, show

EVERY_SECONDS: Final = 10.0
"""Three may be lost before a process counts as slow, see `domain.health.LIMITS`."""

_LOG = logging.getLogger(__name__)


def process_name(kind: str) -> str:
    """What a process goes by, such as `worker@host-7:4711`."""
    return f"{kind}@{socket.gethostname()}:{os.getpid()}"


@dataclass(slots=True)
class _Work:
    ran_at: float | None = None
    ran_ms: int | None = None
    error: str | None = None


class LifeSigns:
    """What one process shows of itself."""

    def __init__(
        self,
        sessions: async_sessionmaker[AsyncSession],
        process: str,
        task_queues: Sequence[str] = (),
    ) -> None:
        self._sessions = sessions
        self._process = process
        self._facts: dict[str, Any] = {"task_queues": list(task_queues)} if task_queues else {}
        self._work: dict[str, _Work] = {}

    def has(self, part: str) -> None:
        """The process does this part of the work."""
        self._work.setdefault(part, _Work())

    @contextmanager
    def doing(self, part: str) -> Iterator[None]:
        """Note how the work in the block goes. What it raises is raised."""
        self.has(part)
        work, started = self._work[part], time.monotonic()
        try:
            yield
        except Exception as error:
            work.error = type(error).__name__
            raise
        work.error = None
        work.ran_at = time.monotonic()
        work.ran_ms = round((work.ran_at - started) * 1000)

    async def keep_showing(self, stop: asyncio.Event) -> None:
        """Show a sign now and then until told to stop, and leave no sign behind."""
        while not stop.is_set():
            await self._write(self.show)
            try:
                await asyncio.wait_for(stop.wait(), EVERY_SECONDS)
            except TimeoutError:
                continue
        await self._write(self._leave)

    async def show(self) -> None:
        """Put how things are on record. Raises database errors."""
        async with self._sessions.begin() as session:
            await show(session, self._process, [self._sign(part) for part in self._work])

    async def _leave(self) -> None:
        async with self._sessions.begin() as session:
            await leave(session, self._process)

    async def _write(self, what: Callable[[], Coroutine[Any, Any, None]]) -> None:
        try:
            await what()
        except (SQLAlchemyError, OSError) as error:
            _LOG.warning("no life sign", extra={"error": type(error).__name__})

    def _sign(self, part: str) -> LifeSign:
        work = self._work[part]
        return LifeSign(
            part=part,
            ran_ago=None if work.ran_at is None else time.monotonic() - work.ran_at,
            ran_ms=work.ran_ms,
            error=work.error,
            facts=self._facts,
        )
