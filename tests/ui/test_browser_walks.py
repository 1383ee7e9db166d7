"""Whole tasks in a real browser, from the landing page to their end."""

import pytest
from playwright.async_api import Browser

from tests.support.live import LiveStack
from tests.support.walks import WALKS


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", WALKS)
async def test_a_person_gets_it_done_from_the_screen_alone(
    browser: Browser, live_stack: LiveStack, name: str
) -> None:
    walked = await WALKS[name](browser, live_stack)
    assert walked.clicks, "the browser did not say what was clicked"
