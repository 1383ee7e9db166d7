"""Whether a vendor lets us in with a secret: one harmless call by a client of its own."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from datetime import datetime
from typing import Protocol

from adapters.vendors.secrets import GIVEN, SecretSource
from domain.credentials import Secret
from domain.errors import VendorRejectedError
from domain.identifiers import System
from domain.vendor_values import VendorCall


class Authenticating(Protocol):
    """A vendor's client, as a trial needs it."""

    async def authenticate(self, call: VendorCall) -> None:
        """Make a harmless call. Raises VendorErrors."""
        ...


Opener = Callable[[SecretSource], AbstractAsyncContextManager[Authenticating]]
SourceOf = Callable[[System, int | None], SecretSource]
"""The secrets of a system in use, or one version of it alone."""


class Entrances:
    """Satisfies `activities.credentials.Entrances`. Holds nothing between two calls."""

    def __init__(self, openers: Mapping[System, Opener], source_of: SourceOf) -> None:
        self._openers = openers
        self._source_of = source_of

    async def enter(self, call: VendorCall, system: System, version: int | None) -> int:
        """See the port. A refusal of the call itself is the word of a vendor that knows us."""
        source = _Listening(self._source_of(system, version))
        async with self._openers[system](source) as client:
            with suppress(VendorRejectedError):
                await client.authenticate(call)
        return source.accepted


class _Listening:
    """Another source's secrets, and which of them worked last."""

    def __init__(self, source: SecretSource) -> None:
        self._source = source
        self.accepted = GIVEN

    async def secrets(self, *, afresh: bool = False) -> Sequence[Secret]:
        return await self._source.secrets(afresh=afresh)

    async def worked(self, version: int) -> None:
        self.accepted = version
        await self._source.worked(version)

    async def refused(self, version: int, words: str) -> None:
        await self._source.refused(version, words)

    async def refreshed(self, version: int, expires_at: datetime) -> None:
        await self._source.refreshed(version, expires_at)
