"""Signing in and out."""

import pytest

from domain.service_change import Role
from tests.ui.conftest import Console
from tests.ui.stub_api import StubApi, problem


def test_without_a_key_only_the_sign_in_form_is_shown(console: Console) -> None:
    page = console.open("approvals")
    assert [title.value for title in page.title] == ["Sign in"]
    assert ".throughline/credentials.json" in console.said()
    assert not page.dataframe


def test_a_known_key_opens_the_page_that_was_asked_for(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world(Role.SUPPORT, principal="night_shift")
    console.open("audit")
    page = console.sign_in(key)
    assert [title.value for title in page.title] == ["Audit"]
    assert "Signed in as **night\\_shift**, support" in console.said()


def test_an_unknown_key_is_refused_with_where_to_find_one(console: Console) -> None:
    console.open()
    page = console.sign_in("nobody-knows-this")
    assert "does not know this key" in page.warning[0].value
    assert "session.api_key" not in page.session_state


def test_a_key_with_spaces_is_not_sent(console: Console) -> None:
    console.open()
    page = console.sign_in("two words")
    assert "without quotes or spaces" in page.warning[0].value


def test_an_empty_form_asks_for_the_key(console: Console) -> None:
    console.open()
    page = console.sign_in("   ")
    assert page.warning[0].value == "Paste a key first."


def test_signing_out_forgets_the_key(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world()
    console.open()
    page = console.sign_in(key)
    page.button(key="sign_out").click().run()
    assert [title.value for title in console.healthy().title] == ["Sign in"]
    assert key not in str(page.session_state.to_dict())


def test_a_key_withdrawn_meanwhile_leads_back_to_the_form(console: Console, stub: StubApi) -> None:
    key, world = stub.open_world()
    console.open("find")
    console.sign_in(key)
    world.failing["/service-changes"] = problem(401, "not_signed_in", "Not signed in", "", "")
    page = console.app.run()
    assert [title.value for title in page.title] == ["Sign in"]
    assert "no longer valid" in console.said()


def test_an_api_that_is_away_is_named_with_what_to_do(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THROUGHLINE_API_URL", "http://127.0.0.1:9")
    console.open()
    page = console.sign_in("any-key")
    assert "The API does not answer" in page.error[0].value
    assert "throughline status" in page.error[0].value
