"""A system's secrets for whoever calls it: from the store, some seconds old at most, sealed there.

A promotion is heard of by looking, so that no process has to be told or started again.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import or_, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from adapters.keyring import Keyring
from adapters.postgres.tables_credentials import VendorSecretRow
from domain.credentials import IN_USE, Secret, in_use
from domain.identifiers import System

_LOG = logging.getLogger(__name__)

REMEMBERED: Final = timedelta(seconds=3)
"""How long a promotion may go unnoticed where nothing is refused."""

NOTED_EVERY: Final = timedelta(seconds=10)
"""How precisely it is on record when a version was last used."""

_WORDS: Final = 200


class StoredSecrets:
    """Satisfies `adapters.vendors.secrets.SecretSource` for one system. Safe for many callers.

    While the database is away the secrets of before are used on.
    """

    def __init__(
        self,
        sessions: async_sessionmaker[AsyncSession],
        keyring: Keyring,
        system: System,
        clock: Callable[[], datetime],
    ) -> None:
        self._sessions = sessions
        self._keyring = keyring
        self._system = system
        self._clock = clock
        self._lock = asyncio.Lock()
        self._found: tuple[Secret, ...] | None = None
        self._read_at: datetime | None = None
        self._noted: dict[tuple[str, int], datetime] = {}

    async def secrets(self, *, afresh: bool = False) -> Sequence[Secret]:
        """See SecretSource. Raises database errors only before the first answer; KeyringError."""
        asked_at = self._clock()
        since = asked_at if afresh else asked_at - REMEMBERED
        found = self._read_since(since)
        if found is not None:
            return found
        async with self._lock:  # of a hundred callers refused at once two read, not all
            found = self._read_since(since)
            return found if found is not None else await self._read()

    async def worked(self, version: int) -> None:
        """See SecretSource."""
        await self._note("used_at", version)

    async def refused(self, version: int, words: str) -> None:
        """See SecretSource."""
        await self._note("refused_at", version, refusal=words[:_WORDS])

    async def refreshed(self, version: int, expires_at: datetime) -> None:
        """See SecretSource."""
        await self._note("refreshed_at", version, token_expires_at=expires_at)

    def _read_since(self, moment: datetime) -> tuple[Secret, ...] | None:
        if self._read_at is None or self._read_at < moment:
            return None
        return self._found

    async def _read(self) -> tuple[Secret, ...]:
        now = self._clock()
        try:
            async with self._sessions() as session:
                rows = await session.scalars(
                    select(VendorSecretRow).where(
                        VendorSecretRow.system == self._system,
                        VendorSecretRow.state.in_(sorted(IN_USE)),
                    )
                )
                shown = in_use(rows, now)
        except (SQLAlchemyError, OSError):
            if self._found is None:
                raise
            _LOG.warning("secrets are used on", extra={"system": self._system})
            self._read_at = now
            return self._found
        self._found = tuple(
            Secret(row.version, self._keyring.open(row.sealed), row.login)
            for row in shown
            if row.sealed is not None
        )
        self._read_at = now
        return self._found

    async def _note(self, moment: str, version: int, **facts: Any) -> None:  # noqa: ANN401 - columns
        """Put on record that it happened now, unless that was done a moment ago."""
        now, key = self._clock(), (moment, version)
        noted = self._noted.get(key)
        if noted is not None and now - noted < NOTED_EVERY:
            return
        self._noted[key] = now
        column = getattr(VendorSecretRow, moment)
        try:
            async with self._sessions.begin() as session:
                await session.execute(
                    update(VendorSecretRow)
                    .where(
                        VendorSecretRow.system == self._system,
                        VendorSecretRow.version == version,
                        or_(column.is_(None), column < now),
                    )
                    .values({moment: now, **facts})
                )
        except (SQLAlchemyError, OSError):
            _LOG.warning("the use of a secret is not on record", extra={"system": self._system})


class OneVersion:
    """A SecretSource of one version alone, whatever its state: for a trial. It tells nobody."""

    def __init__(
        self,
        sessions: async_sessionmaker[AsyncSession],
        keyring: Keyring,
        system: System,
        version: int,
    ) -> None:
        self._sessions = sessions
        self._keyring = keyring
        self._key = (system, version)

    async def secrets(self, *, afresh: bool = False) -> Sequence[Secret]:
        """See SecretSource. Empty once it is retired."""
        del afresh
        async with self._sessions() as session:
            row = await session.get(VendorSecretRow, self._key)
        if row is None or row.sealed is None:
            return ()
        return (Secret(row.version, self._keyring.open(row.sealed), row.login),)

    async def worked(self, version: int) -> None:
        """See SecretSource."""

    async def refused(self, version: int, words: str) -> None:
        """See SecretSource."""

    async def refreshed(self, version: int, expires_at: datetime) -> None:
        """See SecretSource."""
