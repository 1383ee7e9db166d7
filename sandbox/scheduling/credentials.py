"""HTTP Basic authentication (RFC 7617): one user, told at start."""

import base64
import secrets
from typing import Final

from fastapi import Depends, Request

from sandbox._base.refusals import Refusal
from sandbox._base.vendor import SandboxDep


def basic_credentials(username: str, password: str) -> str:
    """What a caller must send after the word `Basic`."""
    return base64.b64encode(f"{username}:{password}".encode()).decode()


async def _require_credentials(request: Request, sandbox: SandboxDep) -> None:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    expected = sandbox.settings["basic_credentials"]
    if scheme.lower() != "basic" or not secrets.compare_digest(
        given.strip().encode(), expected.encode()
    ):
        raise Refusal(
            401,
            "unauthorized",
            "Send user name and password by HTTP Basic authentication.",
            headers={"WWW-Authenticate": 'Basic realm="scheduling", charset="UTF-8"'},
        )


CredentialsRequired: Final = Depends(_require_credentials)
"""Put it on a router: every route of it needs the user's name and password."""
