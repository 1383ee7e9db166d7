"""Secrets in a test's own store, as the API leaves them."""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from adapters.keyring import Keyring
from adapters.postgres.secret_source import StoredSecrets
from adapters.postgres.tables_credentials import VendorSecretRow
from adapters.postgres.vendor_secrets import (
    By,
    NewSecret,
    kept,
    promote,
    record_trial,
    retire,
    seed,
    stage,
)
from domain.credentials import OVERLAP
from domain.identifiers import System
from tests.support.api import KEYRING

RING = Keyring(KEYRING)


class SecretShelf:
    """The secrets of one system in a database."""

    def __init__(
        self,
        sessions: async_sessionmaker[AsyncSession],
        system: System,
        clock: Callable[[], datetime],
    ) -> None:
        self._sessions = sessions
        self._system = system
        self._clock = clock

    def source(self) -> StoredSecrets:
        """As a process of ours reads them."""
        return StoredSecrets(self._sessions, RING, self._system, self._clock)

    async def seed(self, value: str) -> None:
        """The first version, from the settings."""
        async with self._sessions.begin() as session:
            await seed(session, RING, {self._system: value}, self._clock())

    async def stage(self, value: str, *, not_before: datetime | None = None) -> int:
        """A further version, in use nowhere."""
        new = NewSecret(self._system, value, None, not_before, None, "Rotation.")
        async with self._sessions.begin() as session:
            row = await stage(session, RING, new, self._by("admin"))
            return row.version

    async def promote(self, version: int, *, overlap: timedelta = OVERLAP) -> None:
        """A version that was accepted in a trial becomes the current one."""
        async with self._sessions.begin() as session:
            rows = await kept(session, self._system)
            row = next(each for each in rows if each.version == version)
            record_trial(session, row, self._by("admin"), accepted=True, words="Accepted.")
            by = self._by("second_admin")
            promote(session, rows, row, by, reason="Rotation.", overlap=overlap)

    async def rotate(self, value: str, *, overlap: timedelta = OVERLAP) -> int:
        """Stage and promote."""
        version = await self.stage(value)
        await self.promote(version, overlap=overlap)
        return version

    async def retire(self, version: int) -> None:
        """Use a version no more."""
        async with self._sessions.begin() as session:
            rows = await kept(session, self._system)
            row = next(each for each in rows if each.version == version)
            retire(session, row, self._by("admin"), "Over.")

    async def row(self, version: int) -> VendorSecretRow:
        """A version as it is kept."""
        async with self._sessions() as session:
            return await session.get_one(VendorSecretRow, (self._system, version))

    def _by(self, actor: str) -> By:
        return By(actor, self._clock(), "corr-secrets")
