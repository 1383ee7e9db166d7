"""The dead-letter desk in a real browser, against the real stack: many at once, and one by hand."""

import re
import time

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from domain.service_change import ChangeStatus
from tests.support.browser import settled, signed_in
from tests.support.live import LiveStack
from tests.support.parked import all_reach, api, from_the_end, parked_at_the_crm
from tests.support.polling import eventually

pytestmark = pytest.mark.timeout(900)  # forty changes through every vendor, on a busy machine

FORTY = 40
CLICKS = 2
"""Retry by cause, then start it; the reason is typed between them."""

SECONDS = 300.0
"""From the first click to the end of the last change; nobody is to sit and wait for longer."""

WIDTH = 1440
NOTE = "The customer rang: by the new card."
PATIENCE_MS = 240_000


async def seen(what: Locator) -> None:
    """Wait until it stands on the page."""
    await expect(what).to_be_visible(timeout=PATIENCE_MS)


class Clicks:
    """A hand that counts."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.count = 0

    async def button(self, name: str | re.Pattern[str]) -> None:
        """Click a button once it is there."""
        await self.page.get_by_role("button", name=name).click()
        self.count += 1


async def cause_of(stack: LiveStack, change_id: str) -> str:
    """The cause a change stands still for."""
    async with api(stack, "support") as support:
        answer = await support.get(f"/v1/service-changes/{change_id}")
    return str(answer.json()["failure"]["fingerprint"])


async def test_forty_changes_are_retried_by_their_cause(
    browser: Browser, live_stack: LiveStack
) -> None:
    wanted = from_the_end(FORTY)
    ids = await parked_at_the_crm(live_stack, wanted)
    cause = await cause_of(live_stack, ids[0])
    page = await signed_in(browser, live_stack, f"/dead-letters?cause={cause}", "operator", WIDTH)
    hand, began = Clicks(page), time.monotonic()

    await hand.button("Retry by cause")
    await seen(page.get_by_text(f"{FORTY} changes would be retried"))
    await page.get_by_role("textbox", name="Reason").last.fill("The CRM answers as before.")
    await hand.button(f"Retry {FORTY} changes")
    done = f"{FORTY} succeeded."
    await seen(page.get_by_text(done))
    await all_reach(live_stack, ids, ChangeStatus.ACTIVE)
    took = time.monotonic() - began

    await seen(page.get_by_text("Nothing stands still for this cause any more"))
    assert "replay=rpl_" in page.url
    assert (hand.count, took < SECONDS) == (CLICKS, True), f"{hand.count} clicks, {took:.0f} s"
    for each in wanted:
        orders = live_stack.ledger("crm", each.change["account_id"])
        assert len(orders) == 1, orders


async def test_a_dead_letter_is_corrected_and_goes_on(
    browser: Browser, live_stack: LiveStack
) -> None:
    (request,) = from_the_end(FORTY + 1)[:1]
    (change_id,) = await parked_at_the_crm(live_stack, [request])
    cause = await cause_of(live_stack, change_id)
    page = await signed_in(browser, live_stack, f"/dead-letters?cause={cause}", "operator", WIDTH)

    await page.get_by_role("link", name="Correct it, with the difference shown").click()
    await page.wait_for_url("**/change?**act=correct**")
    await settled(page)
    await seen(page.get_by_text("Nothing yet. Change something above"))
    await page.get_by_role("textbox", name="Note").fill(NOTE)
    await page.get_by_role("textbox", name="Note").press("Tab")
    difference = page.get_by_role("table").filter(has_text="Before").filter(has_text="After")
    await seen(difference.get_by_text(NOTE))
    await page.get_by_role("textbox", name="Reason").fill("The customer rang.")
    await page.get_by_role("button", name="Ask a second person to correct the change").click()
    await seen(page.get_by_text("Proposed to correct the change"))

    second = await signed_in(
        browser, live_stack, f"/change?id={change_id}", "second_operator", WIDTH
    )
    await seen(second.get_by_text(NOTE).first)
    await second.get_by_role("textbox", name="Reason").fill("It is what the customer said.")
    await second.get_by_role("button", name="Confirm: correct the change").click()
    await all_reach(live_stack, [change_id], ChangeStatus.AWAITING_APPROVAL)

    async with api(live_stack, "support") as support:

        async def stands_still() -> list[str]:
            answer = await support.get(f"/v1/dead-letters/{cause}")
            return [letter["change_id"] for letter in answer.json()["items"]]

        await eventually(stands_still, lambda found: change_id not in found)
        change = (await support.get(f"/v1/service-changes/{change_id}")).json()
    assert change["note"] == NOTE
