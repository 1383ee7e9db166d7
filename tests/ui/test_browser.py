"""One pass through the console in a real browser, against the real stack."""

import json
import shutil
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright, expect

from domain.service_change import ChangeStatus
from http_client import AsyncClient
from stack.batch.days import DayRule, RequestedDay
from stack.batch.documents import MEDIA_TYPE, DocumentType, document
from tests.support.live import LiveStack
from tests.support.polling import eventually

ACCOUNT, OTHER_ACCOUNT = "5575-GNVDE", "6388-TABGU"
"""Both hold DSL, pay on time, and are left alone by the bundled batch."""

SIGNED = document(DocumentType.PNG, "Signed request")

WIDTHS = (1440, 800)
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
PATIENCE_MS = 30_000


@pytest_asyncio.fixture
async def browser() -> AsyncIterator[Browser]:
    """Headless Chromium: the system's where there is one, else Playwright's own."""
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=list(FLAGS)
        )
        yield chromium
        await chromium.close()


async def submit(stack: LiveStack, account_id: str) -> str:
    """Hand a change in as the portal does; returns its id."""
    day = RequestedDay(rule=DayRule.OPEN, nth=20).on(account_id, datetime.now(UTC))
    wanted = {
        "account_id": account_id,
        "kind": "add_service",
        "requested_date": day.isoformat(),
        "details": {"service": "tech_support"},
    }
    async with api(stack, "portal") as portal:
        accepted = await portal.post(
            "/v1/service-changes",
            headers={"Idempotency-Key": f"browser-{datetime.now(UTC).isoformat()}"},
            files={
                "change": (None, json.dumps(wanted), "application/json"),
                "document": ("request.png", SIGNED, MEDIA_TYPE[DocumentType.PNG]),
            },
        )
    assert accepted.status_code == 202, accepted.text
    return str(accepted.json()["id"])


def api(stack: LiveStack, role: str) -> AsyncClient:
    """The API as that role has it."""
    return AsyncClient(
        base_url=stack.api_url,
        headers={"Authorization": f"Bearer {stack.credentials[role]}"},
        trust_env=False,
    )


async def awaiting_approval(stack: LiveStack, change_id: str) -> None:
    """Wait until the checks have passed."""
    async with api(stack, "support") as support:

        async def status() -> str:
            answer = await support.get(f"/v1/service-changes/{change_id}")
            return str(answer.json()["status"])

        await eventually(status, lambda now: now == ChangeStatus.AWAITING_APPROVAL, within=30)


async def signed_in(browser: Browser, stack: LiveStack, path: str, role: str, width: int) -> Page:
    """A session of its own, as a mailed link opens one."""
    page = await browser.new_page(viewport={"width": width, "height": 900})
    page.set_default_timeout(PATIENCE_MS)
    await page.goto(stack.console_url + path)
    await page.get_by_label("API key").fill(stack.credentials[role])
    await page.get_by_role("button", name="Sign in").click()
    await settled(page)
    return page


async def settled(page: Page) -> None:
    """The page is drawn, nothing broke, and nothing sticks out to the side."""
    await expect(page.get_by_role("button", name="Sign out")).to_be_visible(timeout=PATIENCE_MS)
    await page.wait_for_selector('[data-test-script-state="notRunning"]')
    assert await page.get_by_test_id("stException").count() == 0
    overhang = "document.documentElement.scrollWidth - window.innerWidth"
    assert await page.evaluate(overhang) <= 0


async def test_an_operator_approves_and_support_reads_the_answers(
    browser: Browser, live_stack: LiveStack
) -> None:
    change_id = await submit(live_stack, ACCOUNT)
    await awaiting_approval(live_stack, change_id)
    operator = await signed_in(
        browser, live_stack, f"/approvals?id={change_id}", "operator", WIDTHS[0]
    )
    await expect(operator.get_by_text(f"account {ACCOUNT}")).to_be_visible()
    await expect(operator.get_by_text("What will happen").first).to_be_visible()
    await operator.get_by_label("Reason").fill("Document and plan agree.")
    await operator.get_by_role("button", name="Approve", exact=True).dblclick()
    await expect(operator.get_by_text(f"Approved: {change_id}")).to_be_visible(timeout=PATIENCE_MS)

    support = await signed_in(browser, live_stack, f"/change?id={change_id}", "support", WIDTHS[1])
    await expect(support.get_by_text("Yes: approved and applied in every system.")).to_be_visible(
        timeout=PATIENCE_MS
    )
    for question in ("Which record was sent?", "Which payload version?", "Who may act now?"):
        await expect(support.get_by_text(question)).to_be_visible()
    await expect(support.get_by_role("button", name="Approve")).to_have_count(0)
    await expect(support.get_by_text("approve needs one of the roles")).to_be_visible()
    await support.get_by_role("tab", name="Documents").click()
    await expect(support.get_by_text("Version 1")).to_be_visible()
    assert "tab=Documents" in support.url
    async with support.expect_download() as download:
        await support.get_by_role("button", name="Download").click()
    saved = await (await download.value).path()
    assert saved.read_bytes() == SIGNED


async def test_a_filter_stands_in_the_link(browser: Browser, live_stack: LiveStack) -> None:
    page = await signed_in(browser, live_stack, "/changes", "support", WIDTHS[0])
    await page.get_by_role("combobox", name="Status").click()
    await page.get_by_role("option", name="Needs attention").click()
    await page.wait_for_url("**/changes?status=Needs+attention")


@pytest.mark.parametrize("width", WIDTHS)
async def test_every_page_fits_its_window(
    browser: Browser, live_stack: LiveStack, width: int
) -> None:
    change_id = await submit(live_stack, OTHER_ACCOUNT)
    page = await signed_in(browser, live_stack, "/", "operator", width)
    for name in ("Approvals", "Needs attention", "Changes", "Audit", "Overview"):
        await page.get_by_role("link", name=name, exact=True).click()
        await expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()
        await settled(page)
    await page.get_by_role("link", name="Which system owns which field").click()
    await expect(page.get_by_role("heading", name="Field ownership")).to_be_visible()
    await settled(page)
    one = await signed_in(browser, live_stack, f"/change?id={change_id}", "operator", width)
    await expect(one.get_by_role("heading", name=f"account {OTHER_ACCOUNT}")).to_be_visible()
