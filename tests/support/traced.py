"""A request, the outbox row it writes and the relay's delivery, traced in a process of its own.

OpenTelemetry keeps one provider per process: `python -m tests.support.traced URL TRACE`.
"""

import asyncio
import sys
from datetime import UTC, datetime

from opentelemetry.trace import SpanKind
from starlette.types import Message, Receive, Scope, Send

from adapters.postgres.outbox import outbox_row
from api.correlation import CorrelationMiddleware
from tracing import CHANGE, span, tracing

kept: list[str | None] = []


async def accept(_: Scope, __: Receive, send: Send) -> None:
    kept.append(outbox_row("start", "chg_1", {}, datetime.now(UTC)).traceparent)
    await send({"type": "http.response.start", "status": 202, "headers": []})
    await send({"type": "http.response.body", "body": b""})


async def _nothing() -> Message:
    return {"type": "http.request", "body": b""}


async def _unheard(message: Message) -> None:
    del message


def main() -> None:
    url, trace = sys.argv[1:]
    header = (b"traceparent", f"00-{trace}-b7ad6b7169203331-01".encode())
    scope = {"type": "http", "method": "POST", "path": "/v1/x", "headers": [header]}
    with tracing("throughline-tests", url):
        asyncio.run(CorrelationMiddleware(accept)(scope, _nothing, _unheard))
        about = {CHANGE: "chg_1", "customer.name": "Jane Doe"}
        with span("relay start", SpanKind.CONSUMER, about, parent=kept[0]):
            raise ValueError("Jane Doe")


if __name__ == "__main__":
    main()
