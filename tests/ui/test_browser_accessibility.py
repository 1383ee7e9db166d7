"""Every page by the rules of WCAG 2.1 A and AA that a program can check."""

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser

from domain.service_change import ChangeStatus
from tests.support import portal
from tests.support.browser import settled, signed_in
from tests.support.console_pages import console_pages
from tests.support.live import LiveStack

OPTIONS = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]},
    "resultTypes": ["violations"],
}


@pytest.mark.long
@pytest.mark.parametrize("look", ["light", "dark"])
async def test_every_page_keeps_the_rules_a_program_can_check(
    browser: Browser, live_stack: LiveStack, look: str
) -> None:
    (change_id,) = await portal.parked_at_the_crm(live_stack, [portal.fresh_account()])
    await portal.awaiting_approval(live_stack, portal.fresh_account())
    done = await portal.awaiting_approval(live_stack, portal.fresh_account())
    await portal.act(live_stack, done, "approve")
    await portal.reaches(live_stack, done, ChangeStatus.ACTIVE)
    page = await signed_in(
        browser, live_stack, f"/change?id={change_id}", "operator", 1440,
        look="dark" if look == "dark" else "light",
    )  # fmt: skip
    broken: list[str] = []
    for name, address in (await console_pages(live_stack)).items():
        await page.goto(live_stack.console_url + address)
        await page.get_by_role("heading", level=1).first.wait_for()
        await settled(page)
        found = await Axe().run(page, options=OPTIONS)
        broken += [
            f"{name}: {each['id']} ({each['help']}): {node['html'][:200]}"
            for each in found.response["violations"]
            for node in each["nodes"]
        ]
    assert not broken, "\n".join(broken)
