"""What a person does in the console, from the landing page to the end of one task, and counts it.

A walk brings its change through the API to where somebody is needed; counted is what that person
does afterwards, signed in already.
"""

import asyncio
import csv
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from io import StringIO
from typing import Any, Final

from playwright.async_api import Browser, Page, expect

from domain.service_change import ChangeStatus
from tests.support import portal
from tests.support.browser import click_row, settled, signed_in
from tests.support.live import LiveStack

WIDTH: Final = 1440
FORTY: Final = 40
QUESTIONS: Final = (
    "Which record was sent?",
    "Which system rejected it?",
    "Which payload version?",
    "Was it retried?",
    "Did it succeed in the end?",
    "Who or what started it?",
    "Who may act now?",
)

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
    browser: Browser, stack: LiveStack, person: str, walked: Walked
) -> AsyncIterator[Page]:
    """A person on the landing page; what they do in the block is added up."""
    page = await signed_in(browser, stack, "/", person, WIDTH)

    def count(kind: str) -> None:
        if kind == "click":
            walked.clicks += 1
        else:
            walked.fields += 1

    await page.expose_function("walked", count)
    await page.evaluate(_COUNTING)
    begun = time.perf_counter()
    yield page
    walked.seconds += time.perf_counter() - begun
    await page.context.close()


async def approve_one(browser: Browser, stack: LiveStack) -> Walked:
    """Approve a change after reading what it would do."""
    account, walked = portal.fresh_account(), Walked()
    change_id = await portal.awaiting_approval(stack, account)
    async with walking(browser, stack, "operator", walked) as page:
        await _decide(page, account, "Approve")
        await expect(page.get_by_text(f"Approved: {change_id}")).to_be_visible()
    await portal.reaches(stack, change_id, ChangeStatus.ACTIVE)
    return walked


async def reject_one(browser: Browser, stack: LiveStack) -> Walked:
    """Reject a change with a reason the submitter can read."""
    account, walked = portal.fresh_account(), Walked()
    change_id = await portal.awaiting_approval(stack, account)
    async with walking(browser, stack, "operator", walked) as page:
        await _decide(page, account, "Reject")
        await expect(page.get_by_text(f"Rejected: {change_id}")).to_be_visible()
    await portal.reaches(stack, change_id, ChangeStatus.REJECTED)
    return walked


async def answer_a_ticket(browser: Browser, stack: LiveStack) -> Walked:
    """A customer rings with a ticket number: find the change and read the seven answers."""
    walked = Walked()
    change_id, ticket = await portal.with_a_ticket(stack, portal.fresh_account())
    async with walking(browser, stack, "support", walked) as page:
        await _find(page, ticket, change_id)
        for question in QUESTIONS:
            await expect(page.get_by_text(question).first).to_be_visible()
    return walked


async def correct_and_retry(browser: Browser, stack: LiveStack) -> Walked:
    """Correct what stands still, see the difference, have it confirmed; it is checked anew."""
    note, walked = "The flat is on the third floor.", Walked()
    (change_id,) = await portal.parked_at_the_crm(stack, [portal.fresh_account()])
    change = await portal.read(stack, change_id)
    async with walking(browser, stack, "operator", walked) as page:
        await _goes_to(page, "Dead letters")
        await _chooses(page, change)
        await page.get_by_role("link", name="Correct it, with the difference shown").click()
        await page.wait_for_url("**/change?**act=correct**")
        await settled(page)
        await page.get_by_role("textbox", name="Note").fill(note)
        await page.get_by_role("textbox", name="Note").press("Tab")
        difference = page.get_by_role("table").filter(has_text="Before").filter(has_text="After")
        await expect(difference.get_by_text(note)).to_be_visible()
        await page.get_by_role("textbox", name="Reason").last.fill("The customer rang.")
        await page.get_by_role("button", name="Ask a second person to correct the change").click()
        await expect(page.get_by_text("Proposed to correct the change")).to_be_visible()
        asked_at = re.search(r"chg_\w+", page.url)
        assert asked_at is not None
    await _second(browser, stack, walked, asked_at[0], "correct the change", shows=note)
    corrected = await portal.reaches(stack, asked_at[0], ChangeStatus.AWAITING_APPROVAL)
    assert corrected["note"] == note
    return walked


async def retry_forty(browser: Browser, stack: LiveStack) -> Walked:
    """One cause stopped forty changes and is mended: retry them all, and watch them go."""
    walked = Walked()
    accounts = [portal.fresh_account() for _ in range(FORTY)]
    ids = await portal.parked_at_the_crm(stack, accounts)
    change = await portal.read(stack, ids[0])
    async with walking(browser, stack, "operator", walked) as page:
        await _goes_to(page, "Dead letters")
        await _chooses(page, change)
        await page.get_by_role("button", name="Retry by cause").click()
        await expect(page.get_by_text(re.compile(r"\d\d changes would be retried"))).to_be_visible()
        await page.get_by_role("textbox", name="Reason").last.fill("The CRM answers as before.")
        await page.get_by_role("button", name=re.compile(r"Retry \d\d changes")).click()
        await portal.all_reach(stack, ids, ChangeStatus.ACTIVE)
        await expect(page.get_by_text(re.compile(r"\d\d succeeded\."))).to_be_visible()
    for account in accounts:
        done = [entry["what"] for entry in stack.ledger("crm", account)]
        assert done == [
            "order_opened",
            "service_added",
            "order_closed",
        ]  # each once, however often it was tried
    return walked


async def apply_a_revision(browser: Browser, stack: LiveStack) -> Walked:
    """Find an active change by its account and let its revised document count."""
    account, walked = portal.fresh_account(), Walked()
    change_id = await portal.revised_after_the_end(stack, account)
    async with walking(browser, stack, "operator", walked) as page:
        await _find(page, account, change_id)
        await page.get_by_role("button", name="Apply version 2", exact=True).click()
        await page.get_by_role("textbox", name="Reason").fill("The customer signed it again.")
        await page.get_by_test_id("stFormSubmitButton").get_by_role("button").first.click()
        await expect(page.get_by_text("Revision applied").first).to_be_visible()
    await portal.reached_with_version(stack, change_id, 2)
    return walked


async def second_a_proposal(browser: Browser, stack: LiveStack) -> Walked:
    """Confirm what another operator has proposed, after reading what it rests on."""
    walked = Walked()
    (change_id,) = await portal.parked_at_the_crm(stack, [portal.fresh_account()])
    await portal.act(stack, change_id, "skip", evidence={"ticket": "TCK-2044"})
    await _second(browser, stack, walked, change_id, "skip the step", shows="TCK-2044")
    await portal.reaches(stack, change_id, ChangeStatus.ACTIVE)
    return walked


async def export_a_list(browser: Browser, stack: LiveStack) -> Walked:
    """Narrow the list of changes and have exactly that as a file; the export is on record."""
    walked = Walked()
    change_id = await portal.awaiting_approval(stack, portal.fresh_account())
    async with walking(browser, stack, "operator", walked) as page:
        await _goes_to(page, "Find")
        await page.get_by_role("combobox", name="Status").click()
        await page.get_by_role("option", name="Awaiting approval").click()
        await page.keyboard.press("Escape")
        await page.wait_for_url("**status=Awaiting+approval**")
        await settled(page)
        async with page.expect_download() as download:
            await page.get_by_role("button", name="Export as CSV").click()
        saved = await (await download.value).path()
        written = await asyncio.to_thread(saved.read_text, encoding="utf-8-sig")
    rows = [row["id"] for row in csv.DictReader(StringIO(written))]
    async with portal.api(stack, "operator") as operator:
        query = {"status": "awaiting_approval", "limit": "200"}
        listed = (await operator.get(portal.ROUTE, params=query)).json()["items"]
        audited = (await operator.get("/v1/audit", params={"action": "export_changes"})).json()
    assert change_id in rows
    assert rows == [item["id"] for item in listed]
    facts = audited["items"][0]["facts"]
    assert (facts["filters"], facts["rows"]) == ({"status": ["awaiting_approval"]}, len(rows))
    return walked


async def _goes_to(page: Page, name: str) -> None:
    """Follow a link of the navigation, which may tell how much waits there."""
    await page.get_by_role("link", name=re.compile(rf"^{name}( \([\d,]+\))?$")).first.click()
    await expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()
    await settled(page)


async def _chooses(page: Page, change: Mapping[str, Any]) -> None:
    """Choose the cause a change stands still for; the topmost is chosen already."""
    cause = f"cause={change['failure']['fingerprint']}"
    await page.wait_for_url("**cause=**")
    if cause not in page.url:
        await click_row(page, change["failure"]["cause"])
        await page.wait_for_url(f"**{cause}**")
    await settled(page)


async def _decide(page: Page, account: str, verdict: str) -> None:
    await _goes_to(page, "Approvals")
    await click_row(page, account)
    await expect(page.get_by_text(f"account {account}")).to_be_visible()
    await expect(page.get_by_text("What will happen if you approve")).to_be_visible()
    await page.get_by_role("textbox", name="Reason").fill("Read with its document.")
    await page.get_by_role("button", name=verdict, exact=True).click()


async def _find(page: Page, words: str, change_id: str) -> None:
    await _goes_to(page, "Find")
    await page.get_by_role("searchbox", name="Search").fill(words)
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("One change fits")).to_be_visible()
    await click_row(page, change_id)
    await page.wait_for_url(f"**/change?id={change_id}**")
    await settled(page)


async def _second(
    browser: Browser, stack: LiveStack, walked: Walked, change_id: str, does: str, *, shows: str
) -> None:
    """Another person reads what is proposed and confirms it."""
    account = (await portal.read(stack, change_id))["account_id"]
    async with walking(browser, stack, "second_operator", walked) as page:
        await _goes_to(page, "Approvals")
        await page.get_by_role("tab", name="Waiting for a second person").click()
        await click_row(page, account)
        await expect(page.get_by_text(shows).first).to_be_visible()
        await page.get_by_role("textbox", name="Reason").last.fill("It is as they say.")
        await page.get_by_role("button", name=f"Confirm: {does}").click()
        await expect(page.get_by_text(f"Confirmed to {does}")).to_be_visible()


WALKS: Final[Mapping[str, Walk]] = {
    "approve one": approve_one,
    "reject one": reject_one,
    "from a ticket number to the seven answers": answer_a_ticket,
    "correct a dead letter, two persons": correct_and_retry,
    "retry forty by cause": retry_forty,
    "apply a revision": apply_a_revision,
    "second-person approval": second_a_proposal,
    "export a list": export_a_list,
}
