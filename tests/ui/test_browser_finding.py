"""Finding, measured in a real browser: from a ticket number to the answers, and a list as a file.

Clicks and keys are counted as a person makes them; signing in is not part of it.
"""

import asyncio
import csv
import time
from dataclasses import dataclass, field
from io import StringIO
from typing import Final

from playwright.async_api import Browser, Page, expect

from domain.service_change import ChangeStatus
from tests.support.browser import PATIENCE_MS, settled, signed_in
from tests.support.live import LiveStack
from tests.support.polling import eventually
from tests.ui.test_browser import WIDTHS, api, reaches, submit

ASKING_ACCOUNT, FILED_ACCOUNT, OTHER_FILED = "2843-CQMEG", "5306-BVTKJ", "9108-EJFJP"
"""They hold DSL and pay on time; nothing is applied to them by the bundled batch or other walks."""

QUESTIONS: Final = (
    "Which record was sent?",
    "Which system rejected it?",
    "Which payload version?",
    "Was it retried?",
    "Did it succeed in the end?",
    "Who or what started it?",
    "Who may act now?",
)


@dataclass
class Walk:
    """How many clicks a walk takes and how long."""

    clicks: int = 0
    begun: float = field(default_factory=time.monotonic)

    def click(self) -> None:
        self.clicks += 1

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.begun


async def ticket_of(stack: LiveStack, change_id: str) -> str:
    """The ticket that was opened for the change."""
    async with api(stack, "support") as support:

        async def tickets() -> list[str]:
            answer = await support.get(f"/v1/service-changes/{change_id}")
            return [ticket["reference"] for ticket in answer.json()["tickets"]]

        return (await eventually(tickets, bool, within=60))[0]


async def without_document(stack: LiveStack, account_id: str) -> str:
    """A change for which something is missing, so that a ticket is opened for it."""
    return await submit(stack, account_id, with_document=False)


async def open_first(page: Page) -> None:
    """Click the button in the first row of the list, which a canvas draws."""
    table = page.get_by_test_id("stDataFrame").first
    box = await table.bounding_box()
    assert box is not None
    await page.mouse.click(box["x"] + 90, box["y"] + 38 + 19)


async def test_a_ticket_number_leads_to_the_seven_answers(
    browser: Browser, live_stack: LiveStack
) -> None:
    change_id = await without_document(live_stack, ASKING_ACCOUNT)
    ticket = await ticket_of(live_stack, change_id)
    page = await signed_in(browser, live_stack, "/", "support", WIDTHS[0])

    walk = Walk()
    walk.click()
    await page.get_by_role("link", name="Find", exact=True).click()
    await page.get_by_role("searchbox", name="Search").fill(ticket)
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("One change fits")).to_be_visible(timeout=PATIENCE_MS)
    walk.click()
    await open_first(page)
    for question in QUESTIONS:
        await expect(page.get_by_text(question).first).to_be_visible(timeout=PATIENCE_MS)
    assert change_id in page.url
    print(f"ticket to answers: {walk.clicks} clicks, {walk.seconds:.1f} s")  # noqa: T201 - the measure
    assert walk.clicks == 2


async def test_a_filtered_list_comes_as_a_file_that_is_equal_to_it(
    browser: Browser, live_stack: LiveStack
) -> None:
    made = [await submit(live_stack, account) for account in (FILED_ACCOUNT, OTHER_FILED)]
    for change_id in made:
        await reaches(live_stack, change_id, ChangeStatus.AWAITING_APPROVAL)
    page = await signed_in(
        browser, live_stack, "/find?status=Awaiting+approval", "operator", WIDTHS[0]
    )

    walk = Walk()
    await expect(page.get_by_text("changes fit").first).to_be_visible(timeout=PATIENCE_MS)
    walk.click()
    async with page.expect_download() as download:
        await page.get_by_role("button", name="Export as CSV").click()
    saved = await (await download.value).path()
    print(f"list to file: {walk.clicks} clicks, {walk.seconds:.1f} s")  # noqa: T201 - the measure

    written = await asyncio.to_thread(saved.read_text, encoding="utf-8-sig")
    rows = list(csv.DictReader(StringIO(written)))
    async with api(live_stack, "operator") as operator:
        query = {"status": "awaiting_approval", "limit": "200"}
        listed = (await operator.get("/v1/service-changes", params=query)).json()["items"]
        entry = (await operator.get("/v1/audit", params={"action": "export_changes"})).json()
    assert [row["id"] for row in rows] == [item["id"] for item in listed]
    assert set(made) <= {row["id"] for row in rows}
    assert entry["items"][0]["facts"]["filters"] == {"status": ["awaiting_approval"]}
    assert entry["items"][0]["facts"]["rows"] == len(rows)
    assert walk.clicks == 1


async def test_what_is_narrowed_stands_in_the_address_and_a_view_brings_it_back(
    browser: Browser, live_stack: LiveStack
) -> None:
    page = await signed_in(browser, live_stack, "/find?tried=1&due=Within+3+days", "support", 1440)
    await page.get_by_role("button", name="Keep as a view").click()
    await page.get_by_role("textbox", name="Name").fill("Soon due")
    await page.get_by_role("button", name="Keep this view").click()
    await expect(page.get_by_text("Kept: Soon due")).to_be_visible(timeout=PATIENCE_MS)
    await page.wait_for_url("**view=view_**")
    view = page.url.split("view=")[1].split("&")[0]

    other = await signed_in(browser, live_stack, f"/find?view={view}", "support", WIDTHS[1])
    await settled(other)
    await other.wait_for_url("**tried=1**")
    assert "due=Within+3+days" in other.url
