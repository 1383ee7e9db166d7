"""The stub API and the console over it, as the tests of the pages use them."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser
from streamlit.testing.v1 import AppTest

from tests.support.browser import chromium
from tests.ui.samples import NOW
from tests.ui.stub_api import StubApi, serving

ROUTER = Path(__file__).resolve().parents[2] / "support_ui" / "streamlit_app.py"


@pytest.fixture(scope="session")
def _stub_server() -> Iterator[StubApi]:
    with serving() as stub:
        yield stub


@pytest.fixture
def stub(_stub_server: StubApi, monkeypatch: pytest.MonkeyPatch) -> StubApi:
    """The stub API, with the console pointed at it."""
    monkeypatch.setenv("THROUGHLINE_API_URL", _stub_server.url)
    return _stub_server


class Console:
    """A browser session of the console, without a browser."""

    def __init__(self) -> None:
        self.app = AppTest.from_file(ROUTER, default_timeout=30)
        self.token: str | None = None
        """What the provider's cookie would hold; the browser tests have a real one."""

    def open(self, page: str = "today", **query: str | list[str]) -> AppTest:
        """Open a page by its file, as a link with a query does."""
        for name, value in query.items():
            self.app.query_params[name] = value
        self.app.run()
        self.app.switch_page(f"app_pages/{page}.py").run()
        return self.healthy()

    def sign_in(self, key: str) -> AppTest:
        """Come back from the provider as somebody to whom the API opens this world."""
        self.token = key
        self.app.run()
        return self.healthy()

    def sign_out(self) -> None:
        """What `st.logout` does to the cookie."""
        self.token = None

    def healthy(self) -> AppTest:
        """The page, after checking that nothing broke while it was drawn."""
        assert not self.app.exception, self.app.exception[0].value
        return self.app

    def said(self) -> str:
        """Every word on the page that Markdown, captions, alerts and headings carry."""
        page = self.app
        lists = (
            page.title, page.subheader, page.markdown, page.caption,
            page.error, page.warning, page.info, page.success,
        )  # fmt: skip
        return "\n".join(str(item.value) for items in lists for item in items)


@pytest.fixture
def console(stub: StubApi, monkeypatch: pytest.MonkeyPatch) -> Console:
    """A fresh session that is not signed in, at the time the samples are told from."""
    assert stub.url
    fresh = Console()
    monkeypatch.setattr("support_ui.session.id_token", lambda: fresh.token)
    monkeypatch.setattr("streamlit.logout", fresh.sign_out)
    monkeypatch.setattr("support_ui.session.now", lambda: NOW)
    return fresh


@pytest_asyncio.fixture
async def browser() -> AsyncIterator[Browser]:
    """A browser of the test's own."""
    async with chromium() as found:
        yield found


def click(page: AppTest, label: str) -> AppTest:
    next(each for each in page.button if each.label == label).click().run()
    return page
