"""The submit route against a bare insert on the same PostgreSQL, request by request in turn.

Once with the relay at rest, so that only the route is measured, and once while relay and worker
work on what is accepted, as they do in life.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from statistics import quantiles
from typing import Any, Final

from benchmarks.accounts import Request, requests
from benchmarks.report import Report
from http_client import CALLER_TIMEOUT, AsyncClient
from settings import CHECKOUT
from stack.children import database_url
from stack.ports import LOOPBACK, free_ports
from stack.probes import answers
from tests.support.live import LiveStack

REQUESTS: Final = 300
WARM_UP: Final = 30
START_SECONDS: Final = 30.0

Send = Callable[[], Awaitable[None]]


async def measure(stack: LiveStack) -> Report:
    """p50 and p99 of each, answered, one request at a time."""
    wanted = requests(datetime.now(UTC))
    rows: list[dict[str, Any]] = []
    with bare_api(stack) as bare_url:
        async with (
            AsyncClient(base_url=stack.api_url, timeout=CALLER_TIMEOUT, trust_env=False) as api,
            AsyncClient(base_url=bare_url, timeout=CALLER_TIMEOUT, trust_env=False) as bare,
        ):
            key = stack.credentials["portal"]
            variants = _variants(api, {"Authorization": f"Bearer {key}"}, bare, wanted)
            for load, switch in (("relay at rest", stack.stop), ("working", stack.start)):
                switch("relay")
                rows += [_row(load, *each) for each in (await _in_turn(variants)).items()]
    return Report(
        name="submit",
        title="Answer time of a submission beside that of a bare insert, milliseconds",
        rows=rows,
        ratios=_ratios(rows),
    )


def _variants(
    api: AsyncClient, signed: dict[str, str], bare: AsyncClient, wanted: Iterator[Request]
) -> dict[str, Send]:
    async def insert_bare() -> None:
        (await bare.post("/rows", json=next(wanted).change)).raise_for_status()

    async def submit() -> None:
        request = next(wanted)
        headers = {**signed, "Idempotency-Key": request.key}
        answer = await api.post("/v1/service-changes", json=request.change, headers=headers)
        answer.raise_for_status()

    async def submit_document() -> None:
        request = next(wanted)
        headers = {**signed, "Idempotency-Key": request.key}
        change = (None, json.dumps(request.change), "application/json")
        files: dict[str, Any] = {"change": change, "document": request.document.part}
        answer = await api.post("/v1/service-changes", files=files, headers=headers)
        answer.raise_for_status()

    return {
        "bare insert": insert_bare,
        "submit": submit,
        "submit with document": submit_document,
    }


async def _in_turn(variants: dict[str, Send]) -> dict[str, list[float]]:
    """Seconds per request, the variants taking turns so that each meets the same load."""
    found: dict[str, list[float]] = {name: [] for name in variants}
    for number in range(WARM_UP + REQUESTS):
        for name, send in variants.items():
            begun = time.perf_counter()
            await send()
            if number >= WARM_UP:
                found[name].append(time.perf_counter() - begun)
    return found


def _row(load: str, name: str, seconds: list[float]) -> dict[str, Any]:
    hundredths = quantiles(seconds, n=100)
    return {
        "load": load,
        "request": name,
        "requests": len(seconds),
        "p50": hundredths[49] * 1000,
        "p99": hundredths[98] * 1000,
    }


def _ratios(rows: list[dict[str, Any]]) -> dict[str, float]:
    bare = {row["load"]: row for row in rows if row["request"] == "bare insert"}
    return {
        f"{row['request']} to bare, {row['load']}, {figure}": row[figure]
        / bare[row["load"]][figure]
        for row in rows
        if row["request"] != "bare insert"
        for figure in ("p50", "p99")
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
