"""The console in a real browser: headless Chromium, signed in through the provider's own page."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, Literal

from playwright.async_api import Browser, Page, async_playwright, expect

from tests.support.live import LiveStack

FLAGS: Final = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
PATIENCE_MS: Final = 60_000
"""A machine that does other things as well takes its time; whoever waits sees the end sooner."""

expect.set_options(timeout=PATIENCE_MS)


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """The system's Chromium where there is one, else Playwright's own."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=list(FLAGS)
        )
        yield browser
        await browser.close()


async def signed_in(
    browser: Browser,
    stack: LiveStack,
    path: str,
    person: str,
    width: int,
    *,
    look: Literal["light", "dark"] = "light",
) -> Page:
    """A session of its own, as a mailed link opens one; it ends where the link leads."""
    page = await browser.new_page(
        viewport={"width": width, "height": 900},
        color_scheme=look,
        timezone_id="Europe/Berlin",
        locale="en-GB",
    )
    page.set_default_timeout(PATIENCE_MS)
    await page.goto(stack.console_url + path)
    await page.get_by_role("button", name="Sign in").click()
    await page.get_by_role("button", name=person, exact=True).click()
    await settled(page)
    return page


_STILL: Final = """
    !document.querySelector('[data-stale="true"], [data-testid="stSkeleton"]')
    && !document.getAnimations().some(
        each => each instanceof CSSTransition && each.playState === "running"
    )
"""
"""Nothing is still to come, and nothing is pale for being refreshed."""


async def settled(page: Page) -> None:
    """The page is drawn, nothing broke, and nothing sticks out to the side."""
    await expect(page.get_by_role("button", name="Sign out")).to_be_visible(timeout=PATIENCE_MS)
    await page.wait_for_selector('[data-test-script-state="notRunning"]')
    await page.wait_for_function(_STILL)
    assert await page.get_by_test_id("stException").count() == 0
    overhang = "document.documentElement.scrollWidth - window.innerWidth"
    assert await page.evaluate(overhang) <= 0


_HEADER, _ROW, _INTO_THE_FIRST_COLUMN = 36, 37, 95
"""Pixels. Rows are 36 or 38 high, by the list."""

_DRAWN: Final = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"


async def click_row(page: Page, text: str) -> None:
    """Click into the row that says so, in whichever list of the page it is.

    Where the first column is a button, it is that.

    Lists are drawn on a canvas and carry their cells for screen readers beside it: what they say
    is read there, and where they are follows from their sizes.
    """
    await settled(page)
    said = page.locator("[role=gridcell]", has_text=text).first
    await said.wait_for(state="attached")
    row = int((await said.get_attribute("id") or "").rsplit("-", 1)[-1])
    grid = page.get_by_test_id("stDataFrame").filter(has=said)
    await grid.scroll_into_view_if_needed()
    box = await grid.bounding_box()
    assert box is not None
    down = _HEADER + (row + 0.5) * _ROW
    beyond = max(0.0, down + _ROW / 2 - box["height"])
    x = box["x"] + _INTO_THE_FIRST_COLUMN
    if beyond:
        await page.mouse.move(x, box["y"] + _HEADER + _ROW)
        await page.mouse.wheel(0, beyond)
    y = box["y"] + down - beyond
    await page.mouse.move(x, y)
    await page.evaluate(_DRAWN)  # what the pointer is over is known once that is drawn
    await page.mouse.click(x, y)
