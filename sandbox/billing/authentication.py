"""The API key: who may call billing."""

from typing import Final

from fastapi import Depends, Request

from sandbox._base.refusals import Refusal
from sandbox._base.vendor import SandboxDep


async def _require_api_key(request: Request, sandbox: SandboxDep) -> None:
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not sandbox.lets_in(key, "api_key"):
        raise Refusal(
            401,
            "api_key_invalid",
            "Send `Authorization: Bearer` with a valid API key.",
            headers={"WWW-Authenticate": "Bearer"},
        )


ApiKeyRequired: Final = Depends(_require_api_key)
"""Put it on a router: every route of it needs the key."""
