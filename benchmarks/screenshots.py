"""Every page of the console as it looks after the bundled batch and a bad night, light and dark."""

import asyncio
import secrets
from io import BytesIO
from pathlib import Path
from typing import Final, Literal

from PIL import Image
from playwright.async_api import Page, expect

from benchmarks.batch import play_batch
from benchmarks.fault_runs import Options
from benchmarks.reconcile import run_now, seed
from benchmarks.report import Report
from settings import CHECKOUT
from tests.support import portal
from tests.support.browser import chromium, settled, signed_in
from tests.support.console_pages import console_pages
from tests.support.live import LiveStack

FOLDER: Final = CHECKOUT / "docs" / "console"
WIDTH: Final = 1440
PARKED: Final = 6
DIFFERENCES: Final = 8
LOOKS: Final[tuple[Literal["light", "dark"], ...]] = ("light", "dark")


async def measure(stack: LiveStack, options: Options) -> Report:
    """Take them; they go to docs/console with --report, else beside the other figures."""
    await asyncio.to_thread(play_batch, stack)
    await _bad_night(stack)
    folder = FOLDER if options.report else stack.state_dir.parent / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    pages = {**await console_pages(stack), "Approvals": await _with_a_letter(stack)}
    rows = []
    async with chromium() as browser:
        for look in LOOKS:
            page = await signed_in(browser, stack, "/ownership", "operator", WIDTH, look=look)
            for name, address in pages.items():
                file = folder / f"{name.lower().replace(' ', '-')}-{look}.png"
                await _take(page, stack.console_url + address, file)
                rows.append({"page": name, "look": look, "bytes": file.stat().st_size})
    return Report(
        name="screenshots",
        title="The console after the bundled batch and a bad night",
        rows=rows,
        ratios={},
        notes=[f"In {folder}."],
    )


async def _bad_night(stack: LiveStack) -> None:
    """What every page about trouble is there for; with the batch alone they say that all is well.

    The CRM answered some orders with a web page, an operator would skip one of them, others sold
    and charged without telling us, and a new secret waits to be tried.
    """
    stuck = await portal.parked_at_the_crm(stack, [portal.fresh_account() for _ in range(PARKED)])
    await portal.act(stack, stuck[0], "skip", evidence={"ticket": "TCK-2044"})
    await seed(stack, DIFFERENCES, {})
    async with portal.api(stack, "admin") as admin:
        await run_now(admin)
        staged = await admin.post(
            "/v1/credentials/billing/stage",
            json={"secret": secrets.token_urlsafe(32), "reason": "The yearly rotation is due."},
            headers={"Idempotency-Key": secrets.token_hex(8)},
        )
    staged.raise_for_status()


async def _with_a_letter(stack: LiveStack) -> str:
    """Where a change that waits for approval is shown beside the PDF that came with it."""
    async with portal.api(stack, "operator") as operator:
        queue = (await operator.get("/v1/approvals")).raise_for_status().json()["items"]
        for each in queue:
            path = f"{portal.ROUTE}/{each['change']['id']}"
            change = (await operator.get(path)).raise_for_status().json()
            kinds = {version["media_type"] for version in change["document_versions"]}
            if "application/pdf" in kinds:
                return f"/approvals?id={change['id']}"
    raise AssertionError("no change with a PDF waits for approval")


async def _take(page: Page, url: str, file: Path) -> None:
    await page.goto(url)
    await page.get_by_role("heading", level=1).first.wait_for()
    await settled(page)
    # Streamlit scrolls inside; a window as high as the page shows all of it.
    height = await page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
    await page.set_viewport_size({"width": WIDTH, "height": min(max(900, height), 2400)})
    await settled(page)
    await page.wait_for_load_state("networkidle")
    await expect(page.get_by_text("Loading PDF")).to_have_count(0)  # the viewer takes its time
    taken = Image.open(BytesIO(await page.screenshot()))
    # A palette is a third of the size, and nobody sees it: a page has few colours.
    taken.quantize(256, dither=Image.Dither.NONE).save(file, optimize=True)
    await page.set_viewport_size({"width": WIDTH, "height": 900})
