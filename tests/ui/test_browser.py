"""One pass through the console in a real browser, against the real stack."""

import json
import re
from datetime import UTC, datetime

import pytest
from playwright.async_api import Browser, expect

from domain.service_change import ChangeStatus
from http_client import AsyncClient
from stack.batch.days import DayRule, RequestedDay
from stack.batch.documents import MEDIA_TYPE, DocumentType, document
from tests.support.browser import PATIENCE_MS, settled, signed_in
from tests.support.live import LiveStack
from tests.support.polling import eventually

ACCOUNT, OTHER_ACCOUNT, PARKED_ACCOUNT = "4801-JZAZL", "3605-JISKB", "2235-DWLJU"
"""From the end of the bundled file: other tests of the live stack begin at its beginning."""
"""They hold DSL, pay on time, and are left alone by the bundled batch."""

SIGNED = document(DocumentType.PNG, "Signed request")

WIDTHS = (1440, 800)
PAGES = {
    "Approvals": "/approvals",
    "Dead letters": "/dead-letters",
    "Report": "/report",
    "Disagreements": "/disagreements",
    "Find": "/find",
    "Messages": "/messages",
    "Health": "/health",
    "Audit": "/audit",
    "Ownership": "/ownership",
    "Today": "/",
}


async def submit(stack: LiveStack, account_id: str, *, with_document: bool = True) -> str:
    """Hand a change in as the portal does; returns its id."""
    day = RequestedDay(rule=DayRule.OPEN, nth=20).on(account_id, datetime.now(UTC))
    wanted = {
        "account_id": account_id,
        "kind": "add_service",
        "requested_date": day.isoformat(),
        "details": {"service": "tech_support"},
    }
    parts: dict[str, tuple[str | None, str | bytes, str]] = {
        "change": (None, json.dumps(wanted), "application/json")
    }
    if with_document:
        parts["document"] = ("request.png", SIGNED, MEDIA_TYPE[DocumentType.PNG])
    async with api(stack, "portal") as portal:
        accepted = await portal.post(
            "/v1/service-changes",
            headers={"Idempotency-Key": f"browser-{datetime.now(UTC).isoformat()}"},
            files=parts,
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


async def reaches(stack: LiveStack, change_id: str, wanted: ChangeStatus) -> None:
    """Wait until the change has that status."""
    async with api(stack, "support") as support:

        async def status() -> str:
            answer = await support.get(f"/v1/service-changes/{change_id}")
            return str(answer.json()["status"])

        await eventually(status, lambda now: now == wanted, within=30)


async def parked_at_the_crm(stack: LiveStack, account_id: str) -> str:
    """A change whose billing and visit stand while the CRM answers with a web page."""
    change_id = await submit(stack, account_id)
    await reaches(stack, change_id, ChangeStatus.AWAITING_APPROVAL)
    with stack.vendor("crm") as crm:
        fault = {"kind": "html", "method": "POST", "calls": 50}
        crm.post("/_control/faults", json=fault).raise_for_status()
        try:
            async with api(stack, "admin") as admin:
                approved = await admin.post(
                    f"/v1/service-changes/{change_id}/actions/approve",
                    json={"reason": "As agreed."},
                    headers={"Idempotency-Key": f"browser-{change_id}"},
                )
            assert approved.status_code == 200, approved.text
            await reaches(stack, change_id, ChangeStatus.NEEDS_ATTENTION)
        finally:
            crm.delete("/_control/faults").raise_for_status()
    return change_id


async def test_an_operator_approves_and_support_reads_the_answers(
    browser: Browser, live_stack: LiveStack
) -> None:
    change_id = await submit(live_stack, ACCOUNT)
    await reaches(live_stack, change_id, ChangeStatus.AWAITING_APPROVAL)
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
    await expect(support.get_by_role("button", name="Approve", exact=True)).to_be_disabled()
    await expect(support.get_by_text("Approve needs one of the roles")).to_be_visible()
    await support.get_by_role("tab", name="Documents").click()
    await expect(support.get_by_text("Version 1", exact=True)).to_be_visible()
    assert "tab=Documents" in support.url
    async with support.expect_download() as download:
        await support.get_by_role("button", name="Download").click()
    saved = await (await download.value).path()
    assert saved.read_bytes() == SIGNED


async def test_two_operators_skip_a_step_that_stands_still(
    browser: Browser, live_stack: LiveStack
) -> None:
    change_id = await parked_at_the_crm(live_stack, PARKED_ACCOUNT)
    operator = await signed_in(
        browser, live_stack, f"/change?id={change_id}", "operator", WIDTHS[1]
    )
    await expect(operator.get_by_text("Whose work it is")).to_be_visible()
    await operator.get_by_role("button", name="Skip", exact=True).click()
    await operator.get_by_role("textbox", name="Ticket").fill("TCK-2044")
    await operator.get_by_role("textbox", name="Reason").fill("Opened by hand.")
    await operator.get_by_role("button", name="Ask a second person to skip the step").dblclick()
    await expect(operator.get_by_text("Proposed to skip the step")).to_be_visible()
    await expect(operator.get_by_role("button", name="Confirm: skip the step")).to_be_disabled()

    second = await signed_in(browser, live_stack, "/dead-letters", "second_operator", WIDTHS[0])
    counted = re.compile(r"^Dead letters \(\d+\)$")
    await expect(second.get_by_role("link", name=counted)).to_be_visible()
    await expect(second.get_by_role("heading", name="Stands still, by cause")).to_be_visible()
    await second.get_by_role("link", name="Approvals").click()
    await second.get_by_role("tab", name="Waiting for a second person").click()
    await second.wait_for_url("**tab=Waiting+for+a+second+person**")
    await settled(second)
    await expect(second.get_by_text("TCK-2044")).to_be_visible()
    await second.get_by_role("textbox", name="Reason").fill("The ticket says so.")
    await second.get_by_role("button", name="Confirm: skip the step").dblclick()
    await expect(second.get_by_text("Confirmed to skip the step")).to_be_visible()
    await reaches(live_stack, change_id, ChangeStatus.ACTIVE)


async def test_a_filter_stands_in_the_link(browser: Browser, live_stack: LiveStack) -> None:
    page = await signed_in(browser, live_stack, "/find", "support", WIDTHS[0])
    await page.get_by_role("combobox", name="Status").click()
    await page.get_by_role("option", name="Needs attention").click()
    await page.wait_for_url("**/find?status=Needs+attention")


@pytest.mark.parametrize("width", WIDTHS)
async def test_every_page_fits_its_window(
    browser: Browser, live_stack: LiveStack, width: int
) -> None:
    change_id = await submit(live_stack, OTHER_ACCOUNT)
    page = await signed_in(browser, live_stack, "/", "operator", width)
    for name, path in PAGES.items():  # a narrow window keeps some of them behind "more"
        await page.goto(live_stack.console_url + path)
        await expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()
        await settled(page)
    one = await signed_in(browser, live_stack, f"/change?id={change_id}", "operator", width)
    await expect(one.get_by_role("heading", name=f"account {OTHER_ACCOUNT}")).to_be_visible()
