"""Signing in and out, as far as no browser is needed."""

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from domain.service_change import Role
from http_client import ASGITransport, AsyncClient
from support_ui.returning import COOKIE, ReturnMiddleware, is_ours
from tests.ui.conftest import Console
from tests.ui.stub_api import StubApi, problem


def test_before_anybody_is_signed_in_no_page_shows_anything(console: Console) -> None:
    page = console.open("approvals")
    assert [title.value for title in page.title] == ["Sign in"]
    assert "second\\_operator" in console.said() or "second_operator" in console.said()
    assert not page.dataframe


def test_without_a_provider_it_is_said_how_to_name_one(console: Console) -> None:
    page = console.open()
    assert "THROUGHLINE_OIDC_ISSUER" in page.warning[0].value
    assert not page.button


def test_whoever_is_signed_in_is_on_the_page_they_asked_for(
    console: Console, stub: StubApi
) -> None:
    key, _ = stub.open_world(Role.SUPPORT, principal="night_shift")
    console.open("audit")
    page = console.sign_in(key)
    assert [title.value for title in page.title] == ["Audit"]
    assert "Signed in as **night\\_shift**, support" in console.said()


def test_a_sign_in_that_has_ended_asks_for_another(console: Console) -> None:
    console.open()
    page = console.sign_in("nobody-knows-this")
    assert "did not take your sign-in" in page.warning[0].value
    assert "This key is not known" in page.warning[0].value


def test_somebody_without_a_role_is_told_whom_to_ask_and_may_leave(
    console: Console, stub: StubApi
) -> None:
    no = problem(403, "forbidden", "Not allowed", "Nobody gave you a role here.", "Ask for one.")
    key, _ = stub.open_world(failing={"/v1/me": no})
    console.open()
    page = console.sign_in(key)
    assert "Nobody gave you a role here" in page.warning[0].value
    page.button(key="leave").click().run()
    assert console.token is None


def test_signing_out_ends_it_and_forgets_who_it_was(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world()
    console.open()
    page = console.sign_in(key)
    page.button(key="sign_out").click().run()
    assert [title.value for title in console.healthy().title] == ["Sign in"]
    assert key not in str(page.session_state.to_dict())


def test_a_sign_in_that_ends_meanwhile_leads_to_another(console: Console, stub: StubApi) -> None:
    key, world = stub.open_world()
    console.open("find")
    console.sign_in(key)
    ended = problem(401, "sign_in_ended", "Your sign-in has ended", "", "Sign in again.")
    world.failing["/service-changes"] = ended
    world.failing["/v1/me"] = ended
    page = console.app.run()
    assert [title.value for title in page.title] == ["Sign in"]
    assert "Your sign-in has ended" in page.warning[0].value


def test_an_api_that_is_away_is_named_with_what_to_do(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THROUGHLINE_API_URL", "http://127.0.0.1:9")
    console.open()
    page = console.sign_in("any-key")
    assert "The API does not answer" in page.error[0].value
    assert "throughline status" in page.error[0].value


HOST = "console.example"


def provider_round() -> AsyncClient:
    """The two ends of a sign-in, as Streamlit answers them."""

    async def begin(request: Request) -> Response:
        del request
        return RedirectResponse("https://provider.example/authorize", 302)

    async def end(request: Request) -> Response:
        del request
        return RedirectResponse("/", 302)

    app = Starlette(
        routes=[Route("/auth/login", begin), Route("/oauth2callback", end)],
        middleware=[Middleware(ReturnMiddleware)],
    )
    return AsyncClient(transport=ASGITransport(app=app), base_url=f"https://{HOST}")


@pytest.mark.parametrize(
    ("referer", "leads_to"),
    [
        (f"https://{HOST}/change?id=chg_1&tab=Documents", "/change?id=chg_1&tab=Documents"),
        (f"https://{HOST}/audit", "/audit"),
        ("https://elsewhere.example/audit", "/"),
        (None, "/"),
    ],
)
async def test_a_sign_in_leads_back_to_the_page_it_began_on(
    referer: str | None, leads_to: str
) -> None:
    async with provider_round() as browser:
        begun = await browser.get("/auth/login", headers={"Referer": referer} if referer else {})
        ended = await browser.get("/oauth2callback")
    assert begun.headers["location"] == "https://provider.example/authorize"
    assert ended.headers["location"] == leads_to
    assert f'{COOKIE}=""' in ended.headers["set-cookie"]


@pytest.mark.parametrize(
    "place",
    ["//elsewhere.example", "/\\elsewhere.example", "https://elsewhere.example/", "", "a\nb"],
)
def test_nobody_is_led_to_somewhere_else(place: str) -> None:
    assert not is_ours(place)
