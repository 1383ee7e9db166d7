"""Vendors that let in or refuse by version, in memory."""

from domain.errors import CredentialFaultError
from domain.identifiers import System
from domain.vendor_values import VendorCall

IN_USE = 1
"""The version that counts as the one in use."""


class FakeEntrances:
    """Satisfies `activities.credentials.Entrances`. Lets everybody in but those in `refuses`."""

    def __init__(self) -> None:
        self.refuses: set[tuple[System, int]] = set()

    async def enter(self, call: VendorCall, system: System, version: int | None) -> int:
        """See the port."""
        del call
        asked = version or IN_USE
        if (system, asked) in self.refuses:
            raise CredentialFaultError(system, "HTTP 401", http_status=401)
        return asked
