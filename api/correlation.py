"""One correlation id per request: taken or made, answered, and logged with the outcome.

`Server-Timing` (https://www.w3.org/TR/server-timing/) tells how long it took and how many
statements were sent to the database, so that a slow page can be seen through in the browser.
"""

import logging
import re
import time
import uuid
from collections.abc import Callable
from typing import Final

from opentelemetry.trace import SpanKind
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from adapters.postgres.engine import count_statements
from json_logs import correlated
from tracing import CORRELATION, METHOD, ROUTE, STATUS, span

HEADER: Final = b"x-correlation-id"
TRACEPARENT: Final = b"traceparent"
_SANE: Final = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_LOG = logging.getLogger("throughline.access")


class CorrelationMiddleware:
    """Plain ASGI, so that bodies stream through it untouched."""

    def __init__(self, app: ASGIApp, new_id: Callable[[], str] = lambda: uuid.uuid4().hex) -> None:
        self._app = app
        self._new_id = new_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = dict(scope["headers"]).get(HEADER, b"").decode("latin-1")
        correlation_id = given if _SANE.fullmatch(given) else self._new_id()
        scope["correlation_id"] = correlation_id
        parent = dict(scope["headers"]).get(TRACEPARENT, b"").decode("latin-1") or None
        about = {METHOD: scope["method"], CORRELATION: correlation_id}
        with (
            correlated(correlation_id),
            span(scope["method"], SpanKind.SERVER, about, parent=parent) as begun,
        ):
            status = await self._serve(scope, receive, send, correlation_id)
            route = getattr(scope.get("route"), "path", "")
            begun.update_name(f"{scope['method']} {route}".rstrip())
            begun.set_attribute(ROUTE, route)
            begun.set_attribute(STATUS, status)

    async def _serve(self, scope: Scope, receive: Receive, send: Send, correlation_id: str) -> int:
        started = time.perf_counter()
        statements = count_statements()
        status = 500

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers[HEADER.decode()] = correlation_id
                headers["Server-Timing"] = (
                    f"total;dur={_since(started)}, db;desc={statements.count}"
                )
            await send(message)

        try:
            await self._app(scope, receive, answer)
        finally:
            _LOG.info(
                "request",
                extra={
                    "method": scope["method"],
                    "path": scope["path"],
                    "status": status,
                    "correlation_id": correlation_id,
                    "duration_ms": _since(started),
                    "statements": statements.count,
                },
            )
        return status


def _since(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 1)
