"""The page of one change: seven answers, actions, and what is behind them."""

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from domain.service_change import ChangeStatus, Role
from tests.ui.conftest import Console
from tests.ui.samples import CHANGES, PNG
from tests.ui.stub_api import StubApi, problem

BY_STATUS = {change.status: change for change in reversed(CHANGES)}
QUESTIONS = (
    "Which record was sent?",
    "Which system rejected it?",
    "Which payload version?",
    "Was it retried?",
    "Did it succeed in the end?",
    "Who or what started it?",
    "Who may act now?",
)


def opened(console: Console, key: str, status: ChangeStatus, tab: str = "Timeline") -> AppTest:
    """The page of the sample in that status."""
    console.open("change", id=BY_STATUS[status].id, tab=tab)
    return console.sign_in(key)


def table_with(page: AppTest, column: str) -> Any:  # noqa: ANN401 - a data frame, whose library has no types
    """The one table that has this column."""
    (found,) = (table.value for table in page.table if column in table.value)
    return found


@pytest.mark.parametrize("status", ChangeStatus)
def test_every_status_has_its_seven_answers_on_top(
    console: Console, stub: StubApi, status: ChangeStatus
) -> None:
    key, _ = stub.open_world(Role.SUPPORT)
    opened(console, key, status)
    said = console.said()
    places = [said.index(question) for question in QUESTIONS]
    assert places == sorted(places)


def test_a_change_that_stands_still_says_why_whose_work_it_is_and_who_is_waited_for(
    console: Console, stub: StubApi
) -> None:
    key, _ = stub.open_world(Role.SUPPORT)
    page = opened(console, key, ChangeStatus.NEEDS_ATTENTION)
    assert "billing did not say whether it was done" in page.error[0].value
    assert "Billing took the request and did not answer" in page.error[0].value
    said = console.said().replace("\\", "")
    for fact in (
        "Retry: the effect is looked up first", "Billing operations", "3 attempts",
        "First error", "Last error", "Outcome unknown, ", "0123456789abcdef",
    ):  # fmt: skip
        assert fact in said
    assert page.page_link[-1].label == "Everything that stands still for this cause"
    assert "Waits for operations" in page.info[0].value
    assert "Yes, 1 step" in console.said()


def test_vendor_words_cannot_become_links_or_formulas(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world(Role.SUPPORT)
    page = opened(console, key, ChangeStatus.NEEDS_ATTENTION)
    assert "[see](" not in page.error[0].value
    assert "http://" not in page.error[0].value
    assert r"\$5 to \$10" in page.error[0].value


def test_the_timeline_is_a_picture_phases_and_a_table(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world(Role.SUPPORT)
    page = opened(console, key, ChangeStatus.ACTIVE)
    assert page.get("vega_lite_chart")
    assert "Awaiting approval] 1.2 s" in console.said()
    assert "Post billing change, attempt 1" in list(page.dataframe[0].value["Event"])


def test_effects_show_document_version_status_and_reference(
    console: Console, stub: StubApi
) -> None:
    key, _ = stub.open_world(Role.SUPPORT)
    page = opened(console, key, ChangeStatus.COMPENSATING, "Effects and tickets")
    effects = table_with(page, "Payload")
    assert list(effects["System"]) == ["Billing", "Scheduling"]
    assert "Applied" in effects["Status"][0]
    assert "Refused" in effects["Status"][1]
    assert set(effects["Document"]) == {"v1"}


def test_a_further_document_version_is_handed_in(console: Console, stub: StubApi) -> None:
    key, world = stub.open_world(Role.OPERATOR)
    page = opened(console, key, ChangeStatus.INCOMPLETE, "Documents")
    page.file_uploader[0].upload("signed.png", PNG)
    page.button(key="send_document").click().run()
    assert world.asked[0].body == {"name": "signed.png", "content": PNG.decode("latin-1")}
    assert "Version 1 was taken; it is current" in console.healthy().success[0].value


def test_handing_in_nothing_asks_for_a_file(console: Console, stub: StubApi) -> None:
    key, world = stub.open_world(Role.OPERATOR)
    page = opened(console, key, ChangeStatus.INCOMPLETE, "Documents")
    page.button(key="send_document").click().run()
    assert console.healthy().warning[0].value == "Choose a file first."
    assert world.asked == []


def test_a_refused_document_is_told_in_the_apis_words(console: Console, stub: StubApi) -> None:
    no = problem(415, "document_type", "The document is of another kind", "It is a ZIP.", "Send…")
    key, world = stub.open_world(Role.OPERATOR)
    page = opened(console, key, ChangeStatus.INCOMPLETE, "Documents")
    world.failing["/documents"] = no
    page.file_uploader[0].upload("signed.pdf", b"PK")
    page.button(key="send_document").click().run()
    assert "It is a ZIP" in console.healthy().error[0].value


def test_a_picture_is_fetched_only_when_asked_for(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world(Role.OPERATOR)
    page = opened(console, key, ChangeStatus.AWAITING_APPROVAL, "Documents")
    assert not page.image
    page.toggle[0].set_value(True).run()
    assert console.healthy().image


def test_every_identifier_is_listed_and_the_workflow_is_linked(
    console: Console, stub: StubApi
) -> None:
    key, _ = stub.open_world(Role.SUPPORT)
    page = opened(console, key, ChangeStatus.ACTIVE, "Identifiers")
    active = BY_STATUS[ChangeStatus.ACTIVE]
    values = "".join(table_with(page, "Identifier")["Value"])
    assert active.correlation_id in values
    assert active.effects[0].idempotency_key in values
    assert page.link_button[0].url.endswith(
        f"/namespaces/throughline/workflows/service-change%2F{active.id}"
    )


def test_the_plan_shows_prices_as_amounts(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world(Role.SUPPORT)
    opened(console, key, ChangeStatus.AWAITING_APPROVAL, "Request and plan")
    assert r"**\$29\.85 → \$54\.85**, \+\$25\.00" in console.said()


def test_an_unknown_change_is_not_found(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world(Role.SUPPORT)
    console.open("change", id="chg_nope")
    page = console.sign_in(key)
    assert "Not found" in page.warning[0].value


def test_no_change_chosen_leads_to_the_list(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world(Role.SUPPORT)
    console.open("change")
    page = console.sign_in(key)
    assert "No change chosen" in console.said()
    assert page.page_link


def test_an_id_cannot_reach_another_route(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world(Role.SUPPORT)
    console.open("change", id="../me?x=")
    page = console.sign_in(key)
    assert "Not found" in page.warning[0].value
