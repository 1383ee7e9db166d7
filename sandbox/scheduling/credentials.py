"""HTTP Basic authentication (RFC 7617): one user, told at start."""

import base64
import binascii
import secrets
from typing import Final

from fastapi import Depends, Request

from sandbox._base.refusals import Refusal
from sandbox._base.vendor import SandboxDep


def _pair(given: str) -> tuple[str, str]:
    """User name and password; empty where it is not what RFC 7617 says."""
    try:
        username, _, password = base64.b64decode(given, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return username, password


async def _require_credentials(request: Request, sandbox: SandboxDep) -> None:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    username, password = _pair(given.strip())
    known = secrets.compare_digest(username.encode(), sandbox.settings["username"].encode())
    if scheme.lower() != "basic" or not (known and sandbox.lets_in(password, "password")):
        raise Refusal(
            401,
            "unauthorized",
            "Send user name and password by HTTP Basic authentication.",
            headers={"WWW-Authenticate": 'Basic realm="scheduling", charset="UTF-8"'},
        )


CredentialsRequired: Final = Depends(_require_credentials)
"""Put it on a router: every route of it needs the user's name and password."""
