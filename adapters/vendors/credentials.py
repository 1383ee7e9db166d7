"""What is shown to a vendor so that it lets us in, and how that is renewed. No vendor's routes.

Of several secrets the current one is shown first; what a vendor refuses is tried again after a
while only, so that a refused secret does not cost every call a refusal.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Protocol

from adapters.vendors.secrets import SecretSource
from domain.credentials import Secret
from domain.errors import CredentialFaultError
from domain.identifiers import System

_SET_ASIDE: Final = timedelta(seconds=30)
"""How long a refused version comes after the others."""


@dataclass(frozen=True, slots=True)
class Shown:
    """An `Authorization` header, and the version of the secret it comes from."""

    header: str = field(repr=False)
    version: int


class Credential(Protocol):
    """The `Authorization` header of a vendor's requests."""

    async def header(self) -> Shown:
        """The header to send now. Raises VendorErrors when it cannot be had."""
        ...

    async def renewed(self, refused: Sequence[Shown]) -> Shown | None:
        """Another header after the vendor refused those, the last of them just now.

        None when there is no other. Raises VendorErrors when the vendor cannot be asked for one.
        """
        ...

    async def worked(self, shown: Shown) -> None:
        """The vendor let it in."""
        ...

    async def aclose(self) -> None:
        """Let go of connections."""
        ...


class Order:
    """The secrets of one system in the order in which they are worth showing."""

    def __init__(self, system: System, source: SecretSource, clock: Callable[[], datetime]) -> None:
        self._system = system
        self._source = source
        self._clock = clock
        self._aside: dict[int, datetime] = {}

    async def secrets(self, *, afresh: bool = False) -> Sequence[Secret]:
        """Those that were not refused lately first. Raises CredentialFaultError: there is none."""
        found = await self._source.secrets(afresh=afresh)
        if not found:
            raise CredentialFaultError(self._system, "No secret is kept for this system.")
        now = self._clock()
        return sorted(found, key=lambda each: self._aside.get(each.version, now) > now)

    async def refused(self, version: int, words: str) -> None:
        """Try the others first for a while."""
        self._aside[version] = self._clock() + _SET_ASIDE
        await self._source.refused(version, words)

    async def worked(self, version: int) -> None:
        """It is as good as any."""
        self._aside.pop(version, None)
        await self._source.worked(version)

    async def refreshed(self, version: int, expires_at: datetime) -> None:
        """Tell the source."""
        await self._source.refreshed(version, expires_at)


class FixedCredential:
    """A key, token or password that only a person can renew."""

    def __init__(
        self,
        system: System,
        source: SecretSource,
        header_of: Callable[[Secret], str],
        clock: Callable[[], datetime],
    ) -> None:
        self._order = Order(system, source, clock)
        self._header_of = header_of

    async def header(self) -> Shown:
        """See Credential."""
        return self._shown((await self._order.secrets())[0])

    async def renewed(self, refused: Sequence[Shown]) -> Shown | None:
        """The previous secret, or one that was promoted a moment ago."""
        await self._order.refused(refused[-1].version, "HTTP 401")
        tried = {each.version for each in refused}
        left = (s for s in await self._order.secrets(afresh=True) if s.version not in tried)
        return next((self._shown(secret) for secret in left), None)

    async def worked(self, shown: Shown) -> None:
        """See Credential."""
        await self._order.worked(shown.version)

    async def aclose(self) -> None:
        """Nothing is held."""

    def _shown(self, secret: Secret) -> Shown:
        return Shown(self._header_of(secret), secret.version)


def by_version(shown: Sequence[Shown]) -> Mapping[int, list[Shown]]:
    """What was shown, by the version it came from, in order."""
    found: dict[int, list[Shown]] = {}
    for each in shown:
        found.setdefault(each.version, []).append(each)
    return found
