"""Token authentication: one token, told at start, sent as `Authorization: Token …`."""

import secrets
from typing import Final

from fastapi import Depends, Request

from sandbox._base.refusals import Refusal
from sandbox._base.vendor import SandboxDep


async def _require_token(request: Request, sandbox: SandboxDep) -> None:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    expected = sandbox.settings["token"]
    if scheme.lower() != "token" or not secrets.compare_digest(
        given.strip().encode(), expected.encode()
    ):
        raise Refusal(
            401,
            "CouldntAuthenticate",
            "Send `Authorization: Token` with the API token.",
            headers={"WWW-Authenticate": "Token"},
        )


TokenRequired: Final = Depends(_require_token)
"""Put it on a router: every route of it needs the API token."""
