"""What a process knows of vendors' payloads, and what it has yet to put on record of them.

A call whose shape is known costs no statement: it is counted in memory, and the counts are
written now and then. What is new or odd is written within a second.
"""

import asyncio
import logging
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import datetime
from typing import Final

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from adapters.postgres import drift
from adapters.vendors.watching import NOTHING_KNOWN, Knowledge
from domain.drift import Sighting
from domain.identifiers import System
from domain.mappings import FRESH_FOR, Mappings
from domain.shapes import shape_fingerprint

_LOG = logging.getLogger(__name__)

SHAPES_FRESH_FOR: Final = 60.0
"""Seconds for which the shapes others have accepted may be out of date."""

WRITTEN_EVERY: Final = 15.0
"""Seconds between two writings of counts."""

_GATHERED: Final = 0.2
"""Seconds in which what is odd at many changes at once is gathered into one transaction."""

_AGAIN: Final = 1.0
"""Seconds until a record that was away is tried again."""

_MOST_SHAPES: Final = 300
"""Of one operation. A vendor with more sends data for names; further ones are not told apart."""

_MOST_WAITING: Final = 1000
"""Sightings kept while the record is away; what parks a change is on record with it anyway."""

Shape = tuple[System, str, str]


class PostgresDriftWatch:
    """Satisfies `adapters.vendors.watching.Watch`; one for each process."""

    def __init__(
        self, sessions: async_sessionmaker[AsyncSession], clock: Callable[[], datetime]
    ) -> None:
        self._sessions = sessions
        self._clock = clock
        self._known: dict[System, Knowledge] = {}
        self._mappings: dict[System, Mappings] = {}
        self._shapes: dict[System, dict[str, frozenset[str]]] = {}
        self._read_at = self._shapes_read_at = float("-inf")
        self._reading = asyncio.Lock()
        self._seen: defaultdict[tuple[System, str], set[str]] = defaultdict(set)
        self._counts: Counter[Shape] = Counter()
        self._waiting: dict[tuple[Shape, tuple[str, ...]], tuple[Sighting, int]] = {}
        self._something = asyncio.Event()

    async def knowledge(self, system: System) -> Knowledge:
        """See Watch: what is on record, at most FRESH_FOR old as long as the record answers."""
        if time.monotonic() - self._read_at >= FRESH_FOR:
            async with self._reading:
                if time.monotonic() - self._read_at >= FRESH_FOR:
                    await self._read()
        return self._known.get(system, NOTHING_KNOWN)

    async def _read(self) -> None:
        begun = time.monotonic()
        try:
            async with self._sessions() as session:
                self._mappings = await drift.active_mappings(session)
                if begun - self._shapes_read_at >= SHAPES_FRESH_FOR:
                    self._shapes = await drift.accepted_shapes(session)
                    self._shapes_read_at = begun
        except (SQLAlchemyError, OSError) as error:
            _LOG.warning("mappings not read", extra={"error": type(error).__name__})
            return
        self._read_at = begun
        self._known = {
            system: Knowledge(self._mappings.get(system, Mappings()), self._shapes.get(system, {}))
            for system in self._mappings.keys() | self._shapes.keys()
        }

    def counted(self, system: System, operation: str, shape: str) -> bool:
        """See Watch."""
        seen = self._seen[system, operation]
        if shape not in seen and len(seen) < _MOST_SHAPES:
            return False
        self._counts[system, operation, shape] += 1
        return True

    def saw(self, sighting: Sighting) -> None:
        """See Watch. What is seen again before it is written is counted."""
        shape = shape_fingerprint(sighting.shape)
        if not any(finding.parks for finding in sighting.findings):
            self._seen[sighting.system, sighting.operation].add(shape)
        what = tuple(f"{each.kind} {each.subject} {each.raw}" for each in sighting.findings)
        key = ((sighting.system, sighting.operation, shape), what)
        if key in self._waiting or len(self._waiting) < _MOST_WAITING:
            _, count = self._waiting.get(key, (sighting, 0))
            self._waiting[key] = sighting, count + 1
        self._something.set()

    async def keep_writing(self, stop: asyncio.Event) -> None:
        """Write what there is until told to stop, and once more then."""
        ending = asyncio.create_task(stop.wait())
        while not stop.is_set():
            odd = asyncio.create_task(self._something.wait())
            await asyncio.wait(
                {ending, odd}, timeout=WRITTEN_EVERY, return_when=asyncio.FIRST_COMPLETED
            )
            odd.cancel()
            if not stop.is_set():
                await asyncio.sleep(_GATHERED)
            if not await self._write() and not stop.is_set():
                await asyncio.wait({ending}, timeout=_AGAIN)
        await ending
        await self._write()

    async def _write(self) -> bool:
        """Write everything gathered; False if the record is away, and it is kept for later."""
        self._something.clear()
        waiting, counts = self._waiting, self._counts
        self._waiting, self._counts = {}, Counter()
        try:
            await self.write(list(waiting.values()), counts)
        except (SQLAlchemyError, OSError) as error:
            _LOG.warning("shapes not written", extra={"error": type(error).__name__})
            for key, (sighting, count) in waiting.items():
                _, since = self._waiting.get(key, (sighting, 0))
                self._waiting[key] = sighting, count + since
            self._counts.update(counts)
            self._something.set()
            return False
        return True

    async def write(self, sightings: list[tuple[Sighting, int]], counts: Counter[Shape]) -> None:
        """Put sightings and counts on record in one transaction. Raises database errors."""
        now = self._clock()
        async with self._sessions.begin() as session:
            for sighting, count in sightings:
                await drift.keep_shape(session, sighting, count, now)
                if sighting.findings:
                    for id_ in await drift.keep_findings(session, sighting, count, now):
                        _LOG.warning(
                            "a payload differs", extra={"system": sighting.system, "drift": id_}
                        )
            await drift.count_shapes(session, counts, now)
        if any(not sighting.findings for sighting, _ in sightings):
            self._shapes_read_at = float("-inf")
