"""What a person does in the console, from the landing page to the end of one task, and counts it.

A walk brings its change through the API to where somebody is needed; counted is what that person
does afterwards, signed in already.
"""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from playwright.async_api import Browser, Page, expect

from domain.service_change import ChangeStatus
from tests.support import portal
from tests.support.browser import PATIENCE_MS, click_row, settled, signed_in
from tests.support.live import LiveStack

WIDTH: Final = 1440

_COUNTING: Final = """
for (const kind of ["click", "change"])
  window.addEventListener(kind, e => { if (e.isTrusted) window.walked(kind) }, true);
"""


@dataclass(slots=True)
class Walked:
    """What a walk took: clicks, fields filled in, and seconds of a hand that does not pause."""

    clicks: int = 0
    fields: int = 0
    seconds: float = 0.0


Walk = Callable[[Browser, LiveStack], Awaitable[Walked]]


@asynccontextmanager
async def walking(
    browser: Browser, stack: LiveStack, person: str
) -> AsyncIterator[tuple[Page, Walked]]:
    """A person on the landing page; what they do in the block is counted."""
    page = await signed_in(browser, stack, "/", person, WIDTH)
    walked = Walked()

    def count(kind: str) -> None:
        if kind == "click":
            walked.clicks += 1
        else:
            walked.fields += 1

    await page.expose_function("walked", count)
    await page.evaluate(_COUNTING)
    begun = time.perf_counter()
    yield page, walked
    walked.seconds = time.perf_counter() - begun
    await page.context.close()


async def goes_to(page: Page, name: str) -> None:
    """Follow a link of the navigation."""
    await page.get_by_role("link", name=name).first.click()
    await expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()
    await settled(page)


async def approve_one(browser: Browser, stack: LiveStack) -> Walked:
    """Approve a change after reading what it would do."""
    account = portal.fresh_account()
    change_id = await portal.awaiting_approval(stack, account)
    async with walking(browser, stack, "operator") as (page, walked):
        await goes_to(page, "Approvals")
        await _decide(page, account, "Approve")
        await expect(page.get_by_text(f"Approved: {change_id}")).to_be_visible(timeout=PATIENCE_MS)
    await portal.reaches(stack, change_id, ChangeStatus.ACTIVE)
    return walked


async def reject_one(browser: Browser, stack: LiveStack) -> Walked:
    """Reject a change with a reason the submitter can read."""
    account = portal.fresh_account()
    change_id = await portal.awaiting_approval(stack, account)
    async with walking(browser, stack, "operator") as (page, walked):
        await goes_to(page, "Approvals")
        await _decide(page, account, "Reject")
        await expect(page.get_by_text(f"Rejected: {change_id}")).to_be_visible(timeout=PATIENCE_MS)
    await portal.reaches(stack, change_id, ChangeStatus.REJECTED)
    return walked


async def apply_a_revision(browser: Browser, stack: LiveStack) -> Walked:
    """Find an active change by its account and let its revised document count."""
    account = portal.fresh_account()
    change_id = await portal.revised_after_the_end(stack, account)
    async with walking(browser, stack, "operator") as (page, walked):
        await goes_to(page, "Find")
        await _find(page, account, change_id)
        await page.get_by_role("button", name="Apply version 2", exact=True).click()
        await page.get_by_role("textbox", name="Reason").fill("The customer signed it again.")
        await page.get_by_test_id("stFormSubmitButton").get_by_role("button").first.click()
        await expect(page.get_by_text("Revision applied").first).to_be_visible(timeout=PATIENCE_MS)
    await portal.reached_with_version(stack, change_id, version=2)
    return walked


async def second_a_proposal(browser: Browser, stack: LiveStack) -> Walked:
    """Confirm what another operator has proposed, after reading what it rests on."""
    account = portal.fresh_account()
    change_id = await portal.parked_at_the_crm(stack, account)
    await portal.act(stack, change_id, "skip", evidence={"ticket": "TCK-2044"})
    async with walking(browser, stack, "second_operator") as (page, walked):
        await goes_to(page, "Approvals")
        await page.get_by_role("tab", name="Waiting for a second person").click()
        await click_row(page, account)
        await expect(page.get_by_text("TCK-2044")).to_be_visible()
        await page.get_by_role("textbox", name="Reason").fill("The ticket says so.")
        await page.get_by_role("button", name="Confirm: skip the step").click()
        await expect(page.get_by_text("Confirmed to skip the step")).to_be_visible(
            timeout=PATIENCE_MS
        )
    await portal.reaches(stack, change_id, ChangeStatus.ACTIVE)
    return walked


async def _decide(page: Page, account: str, verdict: str) -> None:
    await click_row(page, account)
    await expect(page.get_by_text(f"account {account}")).to_be_visible()
    await expect(page.get_by_text("What will happen if you approve")).to_be_visible()
    await page.get_by_role("textbox", name="Reason").fill("Read with its document.")
    await page.get_by_role("button", name=verdict, exact=True).click()


async def _find(page: Page, words: str, change_id: str) -> None:
    await page.get_by_role("searchbox", name="Search").fill(words)
    await page.keyboard.press("Enter")
    await click_row(page, change_id)
    await page.wait_for_url(f"**/change?id={change_id}**")
    await settled(page)


WALKS: Final[Mapping[str, Walk]] = {
    "approve one": approve_one,
    "reject one": reject_one,
    "apply a revision": apply_a_revision,
    "second-person approval": second_a_proposal,
}
