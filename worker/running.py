"""What every process of ours shares: a stop signal and a health page for machines."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager


def stop_on_signals() -> asyncio.Event:
    """Set when the process is asked to end; it then drains and closes by itself."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stop.set)
    return stop


@asynccontextmanager
async def health_page(
    port: int, healthy: Callable[[], bool], metrics: Callable[[], bytes] | None = None
) -> AsyncIterator[None]:
    """Answer 200 or 503 to any request on a loopback port while the block runs.

    `/metrics` is answered in the text format of Prometheus where there are any.
    """

    def page(path: str) -> tuple[str, str, bytes]:
        if metrics is not None and path == "/metrics":
            return "200 OK", "text/plain; version=0.0.4; charset=utf-8", metrics()
        fine = healthy()
        body = json.dumps({"status": "ok" if fine else "failing"}).encode()
        return "200 OK" if fine else "503 Service Unavailable", "application/json", body

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            line = await asyncio.wait_for(reader.readline(), timeout=2)
            _, _, rest = line.decode("latin-1").partition(" ")
            status, kind, body = page(rest.partition(" ")[0])
            head = (
                f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\n"
                f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
            )
            writer.write(head.encode() + body)
            await writer.drain()
        except (TimeoutError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", port)
    async with server:
        yield
