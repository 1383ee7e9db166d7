"""How long each page of the console takes, with the bundled batch and with a year behind it.

A page counts as ready once its heading stands and Streamlit says that its script has run. The
whole way is measured, as somebody opens a link: page, script, session, API, drawing.
"""

import asyncio
import json
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Final

from playwright.async_api import Page
from rich.console import Console
from sqlalchemy import create_engine, text

from adapters.postgres.engine import driver_url
from benchmarks.fault_runs import Options
from benchmarks.multiplied import multiply
from benchmarks.report import Report
from http_client import AsyncClient
from stack.children import database_url
from stack.demo import run_demo
from stack.description import log_file
from stack.paths import StatePaths
from tests.support.browser import chromium, settled, signed_in
from tests.support.live import LiveStack

LARGE: Final = 100_000
LOADS: Final = 7
"""Of each page; the first is left out, since it fills caches nobody speaks of."""

AIM: Final = 1.5
WIDTH: Final = 1440


@dataclass(frozen=True, slots=True)
class Measured:
    """One page: the median in seconds, and what it asked for."""

    seconds: float
    requests: int
    statements: int


async def measure(stack: LiveStack, options: Options) -> Report:
    """Both sizes in one run."""
    said = StringIO()
    if not await asyncio.to_thread(run_demo, stack.settings, Console(file=said, width=120)):
        raise AssertionError(said.getvalue())
    pages = await _pages(stack)
    small = await _measure(stack, pages)
    # What waits is waited for by nobody: nothing else is to move while pages are timed.
    for child in ("worker", "relay"):
        stack.stop(child)
    before, after = await asyncio.to_thread(_grow, stack, options.changes or LARGE)
    large = await _measure(stack, pages)
    ratios = {name: large[name].seconds / small[name].seconds for name in pages}
    return Report(
        name="console",
        title=f"Pages with {before:,} and with {after:,} changes",
        rows=[
            {
                "page": name,
                f"s at {before:,}": small[name].seconds,
                f"s at {after:,}": large[name].seconds,
                "ratio": ratios[name],
                "API requests": large[name].requests,
                "statements": large[name].statements,
            }
            for name in pages
        ],
        ratios={"worst ratio": max(ratios.values())},
        notes=[f"Aim: under {AIM}. Median of {LOADS - 1} loads after a first one."],
        passed=max(ratios.values()) < AIM,
    )


async def _pages(stack: LiveStack) -> dict[str, str]:
    """Every page by name, with addresses that find something."""
    headers = {"Authorization": f"Bearer {stack.credentials['support']}"}
    async with AsyncClient(base_url=stack.api_url, headers=headers, trust_env=False) as api:
        answer = await api.get("/v1/service-changes", params={"status": "active", "limit": "1"})
        change = answer.raise_for_status().json()["items"][0]
    return {
        "Today": "/",
        "Approvals": "/approvals",
        "Dead letters": "/dead-letters",
        "Find, everything": "/find",
        "Find, by account": f"/find?q={change['account_id']}",
        "One change": f"/change?id={change['id']}",
        "Disagreements": "/disagreements",
        "Messages": "/messages",
        "Health": "/health",
        "Audit": "/audit",
        "Ownership": "/ownership",
    }


async def _measure(stack: LiveStack, pages: dict[str, str]) -> dict[str, Measured]:
    log = log_file(StatePaths(stack.state_dir), "api")
    async with chromium() as browser:
        page = await signed_in(browser, stack, "/ownership", "operator", WIDTH)
        found = {}
        for name, address in pages.items():
            begun = log.stat().st_size
            times = [await _load(page, stack.console_url + address) for _ in range(LOADS)]
            asked = _requests(log, begun)
            found[name] = Measured(
                seconds=statistics.median(times[1:]),
                requests=round(len(asked) / LOADS),
                statements=round(sum(asked) / LOADS),
            )
    return found


async def _load(page: Page, url: str) -> float:
    begun = time.perf_counter()
    await page.goto(url)
    await page.get_by_role("heading", level=1).first.wait_for()
    await settled(page)
    return time.perf_counter() - begun


def _requests(log: Path, begun: int) -> Sequence[int]:
    """The statements of each request the console sent since, from the API's access log."""
    with log.open("rb") as lines:
        lines.seek(begun)
        found = [json.loads(line) for line in lines.read().decode().splitlines()]
    return [
        entry["statements"]
        for entry in found
        if entry.get("message") == "request" and str(entry.get("path", "")).startswith("/v1/")
    ]


def _grow(stack: LiveStack, wanted: int) -> tuple[int, int]:
    engine = create_engine(driver_url(database_url(stack.settings)))
    with engine.begin() as connection:
        before = connection.execute(text("SELECT count(*) FROM service_changes")).scalar_one()
        after = multiply(connection, wanted)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))
    engine.dispose()
    return before, after
