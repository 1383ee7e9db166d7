"""Where a client has its secrets from. Knows no vendor and no header."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Protocol

from domain.credentials import Secret

GIVEN: Final = 0
"""The version of a secret that was simply told."""


class SecretSource(Protocol):
    """The secrets of one system, and who hears how they fare. Telling it anything never fails."""

    async def secrets(self, *, afresh: bool = False) -> Sequence[Secret]:
        """Those that may be shown now, in the order in which they are tried.

        They may be some seconds old; `afresh` asks for what was promoted meanwhile.
        """
        ...

    async def worked(self, version: int) -> None:
        """The vendor accepted it."""
        ...

    async def refused(self, version: int, words: str) -> None:
        """The vendor did not."""
        ...

    async def refreshed(self, version: int, expires_at: datetime) -> None:
        """A token was had for it, good until then."""
        ...


class GivenSecret:
    """One secret that stays what it is and tells nobody."""

    def __init__(self, value: str) -> None:
        self._secrets = (Secret(GIVEN, value),)

    async def secrets(self, *, afresh: bool = False) -> Sequence[Secret]:
        """See SecretSource."""
        del afresh
        return self._secrets

    async def worked(self, version: int) -> None:
        """See SecretSource."""

    async def refused(self, version: int, words: str) -> None:
        """See SecretSource."""

    async def refreshed(self, version: int, expires_at: datetime) -> None:
        """See SecretSource."""


def source_of(given: str | SecretSource) -> SecretSource:
    """A secret that is told is its own source."""
    return GivenSecret(given) if isinstance(given, str) else given
