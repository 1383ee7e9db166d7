"""The outermost layer of a vendor: request id, correlation id, log and call log, rate limit."""

import logging
import time
from collections.abc import Callable
from uuid import uuid4

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox._base.call_log import CallLog
from sandbox._base.fault_injection import CONTROL_PREFIX
from sandbox._base.ledger import CORRELATION_ID
from sandbox._base.refusals import ErrorBody, Refusal

_log = logging.getLogger(__name__)
_CORRELATION_HEADER = b"x-correlation-id"


class Edge:
    """ASGI middleware: an `X-Request-Id` of the vendor's own on every answer.

    `X-Correlation-ID` is echoed and, while the request lasts, stands in `CORRELATION_ID`.
    """

    def __init__(self, app: ASGIApp, calls: CallLog) -> None:
        self._app = app
        self._calls = calls

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the class."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, at = time.perf_counter(), self._calls.clock()
        request_id = f"req_{uuid4().hex[:20]}"
        correlation_id = next(
            (value for name, value in scope["headers"] if name == _CORRELATION_HEADER), None
        )
        extra = [(b"x-request-id", request_id.encode())]
        if correlation_id is not None:
            extra.append((_CORRELATION_HEADER, correlation_id))
        status: int | None = None
        retry_after: str | None = None

        async def send_with_ids(message: Message) -> None:
            nonlocal status, retry_after
            if message["type"] == "http.response.start":
                status = message["status"]
                retry_after = _asked_to_wait(message)
                message = {**message, "headers": [*message.get("headers", ()), *extra]}
            await send(message)

        correlation = correlation_id.decode("latin-1") if correlation_id is not None else None
        token = CORRELATION_ID.set(correlation)
        try:
            await self._app(scope, receive, send_with_ids)
        finally:
            CORRELATION_ID.reset(token)
            fault = scope.get("state", {}).get("fault")
            if not scope["path"].startswith(CONTROL_PREFIX):
                self._calls.add(
                    at=at,
                    method=scope["method"],
                    path=scope["path"],
                    status=status,
                    retry_after=retry_after,
                    fault=fault,
                    correlation_id=correlation,
                )
            _log.info(
                "request",
                extra={
                    "method": scope["method"],
                    "path": scope["path"],
                    "status": status,
                    "duration_ms": round((time.perf_counter() - started) * 1000, 2),
                    "request_id": request_id,
                    "correlation_id": correlation,
                    "fault": fault,
                },
            )


def _asked_to_wait(message: Message) -> str | None:
    """The Retry-After of an answer as it stands."""
    headers = message.get("headers", ())
    found = (value for name, value in headers if name.lower() == b"retry-after")
    return next((value.decode("latin-1") for value in found), None)


class RateLimit:
    """ASGI middleware: a token bucket for all callers together; 429 with Retry-After beyond it."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        per_second: float,
        error_body: ErrorBody,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`per_second` is the rate and also the size of a burst."""
        self._app = app
        self._rate = per_second
        self._error_body = error_body
        self._monotonic = monotonic
        self._tokens = per_second
        self._filled_at = monotonic()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the class."""
        free = scope["type"] != "http" or scope["path"].startswith(CONTROL_PREFIX)
        if free or self._take():
            await self._app(scope, receive, send)
            return
        message = f"More than {self._rate:g} requests a second. Wait as long as Retry-After says."
        refusal = Refusal(429, "rate_limited", message)
        response = JSONResponse(self._error_body(refusal), 429, headers={"Retry-After": "1"})
        await response(scope, receive, send)

    def _take(self) -> bool:
        now = self._monotonic()
        self._tokens = min(self._rate, self._tokens + (now - self._filled_at) * self._rate)
        self._filled_at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
