"""Vendors' credentials: the board, a pre-flight, and a new secret's way. A secret only goes out."""

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter

from domain.contracts_credentials import CredentialView, PreflightView
from domain.credentials import SecretAction
from domain.identifiers import System
from support_ui.calls.transport import Connection, decode

_BOARD = TypeAdapter(list[CredentialView])
_CREDENTIAL = TypeAdapter(CredentialView)
_PREFLIGHT = TypeAdapter(PreflightView)


class CredentialCalls(Connection):
    """What each system is shown to let us in."""

    def credentials(self) -> list[CredentialView]:
        """One for each system."""
        return self.get("/v1/credentials", _BOARD)

    def preflight(self) -> PreflightView:
        """Ask every system by a harmless call whether it would let a job in."""
        return decode(self.send("POST", "/v1/credentials/preflight"), _PREFLIGHT)

    def stage_secret(
        self, system: System, *, idempotency_key: str, body: Mapping[str, Any]
    ) -> CredentialView:
        """Hand in a new secret; safe to repeat with the same key."""
        path = f"/v1/credentials/{system}/stage"
        return self.post(path, _CREDENTIAL, body, idempotency_key=idempotency_key)

    def act_on_secret(
        self,
        system: System,
        version: int,
        action: SecretAction,
        *,
        idempotency_key: str,
        body: Mapping[str, Any],
    ) -> CredentialView:
        """Try, promote or retire a version; safe to repeat with the same key."""
        path = f"/v1/credentials/{system}/versions/{version}/actions/{action}"
        return self.post(path, _CREDENTIAL, body, idempotency_key=idempotency_key)
