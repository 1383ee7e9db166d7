"""Token authentication: one token, told at start, sent as `Authorization: Token …`."""

from typing import Final

from fastapi import Depends, Request

from sandbox._base.refusals import Refusal
from sandbox._base.vendor import SandboxDep


async def _require_token(request: Request, sandbox: SandboxDep) -> None:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "token" or not sandbox.lets_in(given.strip(), "token"):
        raise Refusal(
            401,
            "CouldntAuthenticate",
            "Send `Authorization: Token` with the API token.",
            headers={"WWW-Authenticate": "Token"},
        )


TokenRequired: Final = Depends(_require_token)
"""Put it on a router: every route of it needs the API token."""
