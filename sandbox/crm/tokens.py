"""OAuth 2.0 client credentials (RFC 6749, 4.4): hands tokens out, takes them back, checks them.

Tokens are random and stored as digests, so they outlive a restart and can be revoked.
"""

import base64
import binascii
import secrets
import sqlite3
from hashlib import sha256
from typing import Final
from urllib.parse import parse_qs, unquote_plus

from fastapi import APIRouter, Depends, Request
from starlette.responses import JSONResponse, Response

from sandbox._base.refusals import Refusal
from sandbox._base.secrets import token_life
from sandbox._base.vendor import Sandbox, SandboxDep

TOKEN_PATH: Final = "/oauth/token"  # noqa: S105 - a path, not a secret
SCHEMA: Final = (
    "CREATE TABLE IF NOT EXISTS tokens (digest TEXT PRIMARY KEY, expires_at REAL NOT NULL);"
)

_GRANT: Final = "client_credentials"
_NO_STORE: Final = {"Cache-Control": "no-store"}

router = APIRouter(tags=["oauth"])


@router.post(TOKEN_PATH)
async def issue(request: Request, sandbox: SandboxDep) -> Response:
    """A bearer token for the client, who shows its secret by Basic header or in the form."""
    form = await _form(request)
    if not _is_our_client(request, form, sandbox):
        told = {"error": "invalid_client", "error_description": "Check client id and secret."}
        challenge = {"WWW-Authenticate": 'Basic realm="crm"'}
        return JSONResponse(told, 401, headers=_NO_STORE | challenge)
    if form.get("grant_type") != _GRANT:
        told = {"error": "unsupported_grant_type", "error_description": f"Use {_GRANT}."}
        return JSONResponse(told, 400, headers=_NO_STORE)
    token = secrets.token_urlsafe(32)
    usual = float(sandbox.settings["token_lifetime"])
    lifetime = int(token_life(sandbox.store.read_now(), usual))
    now = sandbox.clock().timestamp()
    with sandbox.store.write() as db:
        db.execute("DELETE FROM tokens WHERE expires_at <= ?", (now,))
        db.execute("INSERT INTO tokens VALUES (?, ?)", (_digest(token), now + lifetime))
    return JSONResponse(
        {"access_token": token, "token_type": "Bearer", "expires_in": lifetime}, headers=_NO_STORE
    )


@router.post("/oauth/revoke")
async def revoke(request: Request, sandbox: SandboxDep) -> Response:
    """Takes a token back (RFC 7009); 200 also when there is no such token."""
    form = await _form(request)
    if not _is_our_client(request, form, sandbox):
        return JSONResponse({"error": "invalid_client"}, 401, headers=_NO_STORE)
    with sandbox.store.write() as db:
        db.execute("DELETE FROM tokens WHERE digest = ?", (_digest(form.get("token", "")),))
    return Response()


async def _require_token(request: Request, sandbox: SandboxDep) -> None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Refusal(
            401,
            "TOKEN_MISSING",
            f"Send `Authorization: Bearer` with a token of {TOKEN_PATH}.",
            headers={"WWW-Authenticate": "Bearer"},
        )
    if not _is_valid(sandbox.store.read_now(), token, sandbox.clock().timestamp()):
        challenge = 'Bearer error="invalid_token", error_description="Expired or revoked"'
        raise Refusal(
            401,
            "TOKEN_INVALID",
            f"The access token is expired or revoked. Get a new one from {TOKEN_PATH}.",
            headers={"WWW-Authenticate": challenge},
        )


TokenRequired: Final = Depends(_require_token)
"""Put it on a router: every route of it needs a valid token."""


def _is_valid(db: sqlite3.Connection, token: str, now: float) -> bool:
    row = db.execute("SELECT expires_at FROM tokens WHERE digest = ?", (_digest(token),)).fetchone()
    return row is not None and row["expires_at"] > now


def _is_our_client(request: Request, form: dict[str, str], sandbox: Sandbox) -> bool:
    client, secret = _basic(request) or (form.get("client_id", ""), form.get("client_secret", ""))
    known = secrets.compare_digest(client.encode(), sandbox.settings["client_id"].encode())
    return known and sandbox.lets_in(secret, "client_secret")


def _basic(request: Request) -> tuple[str, str] | None:
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        client, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return unquote_plus(client), unquote_plus(secret)  # RFC 6749, 2.3.1: both are form-encoded


async def _form(request: Request) -> dict[str, str]:
    body = (await request.body()).decode(errors="replace")
    return {name: values[0] for name, values in parse_qs(body).items()}


def _digest(token: str) -> str:
    return sha256(token.encode()).hexdigest()
