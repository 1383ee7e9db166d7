"""The submit route against a bare insert on the same PostgreSQL, request by request in turn."""

import os
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from statistics import quantiles
from typing import Any, Final

from benchmarks.accounts import requests
from benchmarks.report import Report
from http_client import CALLER_TIMEOUT, AsyncClient
from settings import CHECKOUT
from stack.children import database_url
from stack.ports import LOOPBACK, free_ports
from stack.probes import answers
from stack.submit import signed_in
from tests.support.live import LiveStack

REQUESTS: Final = 400
WARM_UP: Final = 30
PATIENCE_SECONDS: Final = 60.0
START_SECONDS: Final = 30.0


async def measure(stack: LiveStack) -> Report:
    """p50 and p99 of each, answered, one request at a time; the stack works on what it accepts."""
    wanted = requests(datetime.now(UTC))
    with bare_api(stack) as url:
        async with (
            signed_in(stack.settings, "portal", patience=PATIENCE_SECONDS) as portal,
            AsyncClient(base_url=url, timeout=CALLER_TIMEOUT, trust_env=False) as bare,
        ):

            async def insert_bare() -> None:
                (await bare.post("/rows", json=next(wanted).change)).raise_for_status()

            async def submit_plain() -> None:
                request = next(wanted)
                await portal.submit(request.change, idempotency_key=request.key)

            async def submit_document() -> None:
                request = next(wanted)
                await portal.submit(
                    request.change, idempotency_key=request.key, document=request.document
                )

            found = await _in_turn(
                {
                    "bare insert": insert_bare,
                    "submit": submit_plain,
                    "submit with document": submit_document,
                }
            )
    rows = [_row(name, seconds) for name, seconds in found.items()]
    by_name = {row["request"]: row for row in rows}
    bare_row = by_name["bare insert"]
    return Report(
        name="submit",
        title="Answer time of a submission beside that of a bare insert, milliseconds",
        rows=rows,
        ratios={
            f"{name}, {figure} to bare": by_name[name][figure] / bare_row[figure]
            for name in ("submit", "submit with document")
            for figure in ("p50", "p99")
        },
    )


async def _in_turn(variants: dict[str, Callable[[], Awaitable[None]]]) -> dict[str, list[float]]:
    """Seconds per request, the variants taking turns so that each meets the same load."""
    found: dict[str, list[float]] = {name: [] for name in variants}
    for number in range(WARM_UP + REQUESTS):
        for name, send in variants.items():
            begun = time.perf_counter()
            await send()
            if number >= WARM_UP:
                found[name].append(time.perf_counter() - begun)
    return found


def _row(name: str, seconds: list[float]) -> dict[str, Any]:
    hundredths = quantiles(seconds, n=100)
    return {
        "request": name,
        "requests": len(seconds),
        "p50": hundredths[49] * 1000,
        "p99": hundredths[98] * 1000,
    }


@contextmanager
def bare_api(stack: LiveStack) -> Iterator[str]:
    """The bare counterpart as a process of its own; gives its URL once it answers."""
    (port,) = free_ports(1)
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.bare_api", str(port)],
        cwd=CHECKOUT,
        env=os.environ | {"BARE_DATABASE_URL": database_url(stack.settings)},
    )
    try:
        until = time.monotonic() + START_SECONDS
        while not answers(f"http://{LOOPBACK}:{port}/openapi.json"):
            if time.monotonic() > until or process.poll() is not None:
                raise RuntimeError("the bare API did not start")
            time.sleep(0.1)
        yield f"http://{LOOPBACK}:{port}"
    finally:
        process.terminate()
        process.wait()
