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
PATIENCE_MS: Final = 90_000
"""The first page of a console loads what draws pictures; a busy machine takes a minute for that."""


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


async def settled(page: Page) -> None:
    """The page is drawn, nothing broke, and nothing sticks out to the side."""
    await expect(page.get_by_role("button", name="Sign out")).to_be_visible(timeout=PATIENCE_MS)
    await page.wait_for_selector('[data-test-script-state="notRunning"]')
    assert await page.get_by_test_id("stException").count() == 0
    overhang = "document.documentElement.scrollWidth - window.innerWidth"
    assert await page.evaluate(overhang) <= 0
