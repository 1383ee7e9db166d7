"""`Idempotency-Key`: the first answer again, a refusal for another body, 409 while in flight."""

import json
import sqlite3
from collections.abc import Callable
from hashlib import sha256
from typing import Annotated, Any, Final

from fastapi import Header, Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox._base.refusals import ErrorBody, Refusal

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS idempotency_keys (
    key TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, body TEXT NOT NULL
);
"""

KeyHeader = Annotated[str | None, Header(alias="Idempotency-Key", max_length=255)]


async def fingerprint_of(request: Request) -> str:
    """SHA-256 over method, path and body: what a repeated key must repeat."""
    body = await request.body()
    return sha256(f"{request.method} {request.url.path}\n".encode() + body).hexdigest()


def once(
    db: sqlite3.Connection,
    key: str | None,
    fingerprint: str,
    act: Callable[[], dict[str, Any]],
) -> Response:
    """Do it, or give the stored answer of the first time; within the transaction of the effect.

    A refusal is not stored: it did nothing, and asking again gets the same or a better answer.
    """
    if key is None:
        return JSONResponse(act())
    row = db.execute("SELECT * FROM idempotency_keys WHERE key = ?", (key,)).fetchone()
    if row is None:
        body = act()
        db.execute(
            "INSERT INTO idempotency_keys VALUES (?, ?, ?)", (key, fingerprint, json.dumps(body))
        )
        return JSONResponse(body)
    if row["fingerprint"] != fingerprint:
        raise Refusal(
            422,
            "idempotency_key_reused",
            "This Idempotency-Key was used for another request. Use a new key for a new request.",
        )
    return JSONResponse(json.loads(row["body"]), headers={"Idempotent-Replayed": "true"})


class InFlight:
    """ASGI middleware: while a POST with a key is being worked on, a second one gets 409.

    It lies outside the injected faults, so a delayed request is in flight as a slow one would be.
    """

    def __init__(self, app: ASGIApp, *, error_body: ErrorBody) -> None:
        self._app = app
        self._error_body = error_body
        self._keys: set[bytes] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the class."""
        headers = scope.get("headers", ())
        key = next((value for name, value in headers if name == b"idempotency-key"), None)
        if key is None:
            await self._app(scope, receive, send)
            return
        if key in self._keys:
            message = "A request with this Idempotency-Key is in progress. Repeat it later."
            refusal = Refusal(409, "idempotency_key_in_use", message)
            await JSONResponse(self._error_body(refusal), 409)(scope, receive, send)
            return
        self._keys.add(key)
        try:
            await self._app(scope, receive, send)
        finally:
            self._keys.discard(key)
