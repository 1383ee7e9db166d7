"""One pass through the console in a real browser, against the real stack."""

import re

import pytest
from playwright.async_api import Browser, expect

from domain.service_change import ChangeStatus
from tests.support import portal
from tests.support.browser import settled, signed_in
from tests.support.console_pages import console_pages
from tests.support.live import LiveStack

WIDTHS = (1440, 800)


async def test_an_operator_approves_and_support_reads_the_answers(
    browser: Browser, live_stack: LiveStack
) -> None:
    account = portal.fresh_account()
    change_id = await portal.awaiting_approval(live_stack, account)
    operator = await signed_in(
        browser, live_stack, f"/approvals?id={change_id}", "operator", WIDTHS[0]
    )
    await expect(operator.get_by_text(f"account {account}")).to_be_visible()
    await expect(operator.get_by_text("What will happen").first).to_be_visible()
    await operator.get_by_label("Reason").fill("Document and plan agree.")
    await operator.get_by_role("button", name="Approve", exact=True).dblclick()
    await expect(operator.get_by_text(f"Approved: {change_id}")).to_be_visible()

    support = await signed_in(browser, live_stack, f"/change?id={change_id}", "support", WIDTHS[1])
    await expect(support.get_by_text("Yes: approved and applied in every system.")).to_be_visible()
    for question in ("Which record was sent?", "Which payload version?", "Who may act now?"):
        await expect(support.get_by_text(question)).to_be_visible()
    await expect(support.get_by_role("button", name="Approve", exact=True)).to_be_disabled()
    await expect(support.get_by_text("Approve needs one of the roles")).to_be_visible()
    await support.get_by_role("tab", name="Documents").click()
    await expect(support.get_by_text("Version 1", exact=True)).to_be_visible()
    assert "tab=Documents" in support.url
    async with support.expect_download() as download:
        await support.get_by_role("button", name="Download").click()
    saved = await (await download.value).path()
    assert saved.read_bytes() == portal.SIGNED


async def test_an_answer_is_told_even_if_somebody_clicked_elsewhere_before_it_came(
    browser: Browser, live_stack: LiveStack
) -> None:
    account = portal.fresh_account()
    change_id = await portal.awaiting_approval(live_stack, account)
    page = await signed_in(browser, live_stack, f"/approvals?id={change_id}", "operator", WIDTHS[0])
    opened = page.get_by_role("heading", name=f"account {account}")
    await expect(opened).to_be_visible()
    await page.get_by_label("Reason").fill("Document and plan agree.")
    with live_stack.frozen("api"):
        await page.get_by_role("button", name="Approve", exact=True).click()
        await page.wait_for_selector('[data-test-script-state="running"]')
        await page.get_by_role("button", name="Refresh").click()
        await expect(page.get_by_text(f"Approved: {change_id}")).not_to_be_visible()
    await expect(page.get_by_text(f"Approved: {change_id}")).to_be_visible()
    await expect(opened).not_to_be_visible()


async def test_two_operators_skip_a_step_that_stands_still(
    browser: Browser, live_stack: LiveStack
) -> None:
    (change_id,) = await portal.parked_at_the_crm(live_stack, [portal.fresh_account()])
    operator = await signed_in(
        browser, live_stack, f"/change?id={change_id}", "operator", WIDTHS[1]
    )
    await expect(operator.get_by_text("Whose work it is").last).to_be_visible()
    await operator.get_by_role("button", name="Skip", exact=True).click()
    await operator.get_by_role("textbox", name="Ticket").fill("TCK-2044")
    await operator.get_by_role("textbox", name="Reason").fill("Opened by hand.")
    await operator.get_by_role("button", name="Ask a second person to skip the step").dblclick()
    await expect(operator.get_by_text("Proposed to skip the step")).to_be_visible()
    await expect(operator.get_by_role("button", name="Confirm: skip the step")).to_be_disabled()

    second = await signed_in(browser, live_stack, "/dead-letters", "second_operator", WIDTHS[0])
    counted = re.compile(r"^Dead letters \(\d+\)$")
    await expect(second.get_by_role("link", name=counted)).to_be_visible()
    await expect(second.get_by_role("region", name=re.compile("^Causes for which"))).to_be_visible()
    await second.get_by_role("link", name="Approvals").click()
    await second.get_by_role("tab", name="Waiting for a second person").click()
    await second.wait_for_url("**tab=Waiting+for+a+second+person**")
    await settled(second)
    await expect(second.get_by_text("TCK-2044")).to_be_visible()
    await second.get_by_role("textbox", name="Reason").fill("The ticket says so.")
    await second.get_by_role("button", name="Confirm: skip the step").dblclick()
    await expect(second.get_by_text("Confirmed to skip the step")).to_be_visible()
    await portal.reaches(live_stack, change_id, ChangeStatus.ACTIVE)


async def test_a_filter_stands_in_the_link(browser: Browser, live_stack: LiveStack) -> None:
    page = await signed_in(browser, live_stack, "/find", "support", WIDTHS[0])
    await page.get_by_role("combobox", name="Status").click()
    await page.get_by_role("option", name="Needs attention").click()
    await page.wait_for_url("**/find?status=Needs+attention")


@pytest.mark.long
@pytest.mark.parametrize("width", WIDTHS)
async def test_every_page_fits_its_window(
    browser: Browser, live_stack: LiveStack, width: int
) -> None:
    await portal.parked_at_the_crm(live_stack, [portal.fresh_account()])
    await portal.awaiting_approval(live_stack, portal.fresh_account())
    page = await signed_in(browser, live_stack, "/", "operator", width)
    for path in (await console_pages(live_stack)).values():
        await page.goto(live_stack.console_url + path)
        await expect(page.get_by_role("heading", level=1).first).to_be_visible()
        await settled(page)


@pytest.mark.long
async def test_what_is_narrowed_stands_in_the_address_and_a_view_brings_it_back(
    browser: Browser, live_stack: LiveStack
) -> None:
    page = await signed_in(browser, live_stack, "/find?tried=1&due=Within+3+days", "support", 1440)
    await page.get_by_role("button", name="Keep as a view").click()
    await page.get_by_role("textbox", name="Name").fill("Soon due")
    await page.get_by_role("button", name="Keep this view").click()
    await expect(page.get_by_text("Kept: Soon due")).to_be_visible()
    await page.wait_for_url("**view=view_**")
    view = page.url.split("view=")[1].split("&")[0]

    other = await signed_in(browser, live_stack, f"/find?view={view}", "support", WIDTHS[1])
    await settled(other)
    await expect(other.get_by_role("spinbutton", name="Tried at least")).to_have_value("1")
    await expect(other.get_by_role("combobox", name="Due")).to_have_value("Within 3 days")
