"""How long each page of the console takes, with the bundled batch and with a year behind it.

A page counts as ready once its heading stands and Streamlit says that its script has run. The
whole way is measured, as somebody opens a link: page, script, session, API, drawing.
"""

import asyncio
import json
import secrets
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from playwright.async_api import Page
from sqlalchemy import create_engine, text

from adapters.postgres.engine import driver_url
from benchmarks.batch import play_batch
from benchmarks.fault_runs import Options
from benchmarks.multiplied import multiply
from benchmarks.report import Report
from stack.children import database_url
from stack.description import log_file
from stack.ephemeral import temporary_folder
from stack.paths import StatePaths
from tests.support import portal
from tests.support.browser import chromium, settled, signed_in
from tests.support.console_pages import console_pages
from tests.support.live import LiveStack, live

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


@dataclass(frozen=True, slots=True)
class _Place:
    tab: Page
    url: str
    log: Path
    """Where its API says what it was asked."""


async def measure(stack: LiveStack, options: Options) -> Report:
    """Two stacks, each with the batch, one with a year behind it; their pages in turn.

    In turn, so that what else the machine does meets both alike.
    """
    with temporary_folder() as folder, live(folder) as large:
        before = await asyncio.to_thread(_prepare, stack, 0)
        after = await asyncio.to_thread(_prepare, large, options.changes or LARGE)
        for each in (stack, large):
            await _keep_report(each)
        measured = await _in_turn(stack, large)
    ratios = {name: year.seconds / day.seconds for name, (day, year) in measured.items()}
    return Report(
        name="console",
        title=f"Pages with {before:,} and with {after:,} changes",
        rows=[
            {
                "page": name,
                f"s at {before:,}": day.seconds,
                f"s at {after:,}": year.seconds,
                "ratio": ratios[name],
                "API requests": year.requests,
                "statements": year.statements,
            }
            for name, (day, year) in measured.items()
        ],
        ratios={"worst ratio": max(ratios.values())},
        notes=[f"Aim: under {AIM}. Median of {LOADS - 1} loads after a first one."],
        passed=max(ratios.values()) < AIM,
    )


def _prepare(stack: LiveStack, wanted: int) -> int:
    """The batch, and the record grown; how many changes there are then."""
    play_batch(stack)
    # What waits is waited for by nobody: nothing else is to move while pages are timed.
    for child in ("worker", "relay"):
        stack.stop(child)
    engine = create_engine(driver_url(database_url(stack.settings)))
    with engine.begin() as connection:
        there = multiply(connection, wanted)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))
    engine.dispose()
    return there


async def _keep_report(stack: LiveStack) -> None:
    """As the schedule does each morning; there was none yet in the life of this stack."""
    async with portal.api(stack, "admin") as admin:
        key = {"Idempotency-Key": secrets.token_hex(8)}
        (await admin.post("/v1/reports/morning", headers=key)).raise_for_status()


async def _in_turn(small: LiveStack, large: LiveStack) -> dict[str, tuple[Measured, Measured]]:
    stacks = (small, large)
    pages = [await console_pages(stack) for stack in stacks]
    found = {}
    async with chromium() as browser:
        tabs = [
            await signed_in(browser, stack, "/ownership", "operator", WIDTH) for stack in stacks
        ]
        for name in pages[0]:
            places = [
                _Place(tab, stack.console_url + addresses[name], _access_log(stack))
                for tab, stack, addresses in zip(tabs, stacks, pages, strict=True)
            ]
            begun = [place.log.stat().st_size for place in places]
            times = [[await _load(place) for place in places] for _ in range(LOADS)]
            day, year = (
                _summed(place, each[1:], at)
                for place, each, at in zip(places, zip(*times, strict=True), begun, strict=True)
            )
            found[name] = (day, year)
    return found


def _access_log(stack: LiveStack) -> Path:
    return log_file(StatePaths(stack.state_dir), "api")


def _summed(place: _Place, seconds: Sequence[float], begun: int) -> Measured:
    asked = _requests(place.log, begun)
    return Measured(
        seconds=statistics.median(seconds),
        requests=round(len(asked) / LOADS),
        statements=round(sum(asked) / LOADS),
    )


async def _load(place: _Place) -> float:
    begun = time.perf_counter()
    await place.tab.goto(place.url)
    await place.tab.get_by_role("heading", level=1).first.wait_for()
    await settled(place.tab)
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
