"""Several approvals decided at once: each for itself, with a result for each."""

from streamlit.testing.v1 import AppTest

from domain.service_change import ChangeStatus, Role
from tests.ui.conftest import Console
from tests.ui.samples import CHANGES
from tests.ui.stub_api import StubApi, World

PNG_CHANGE, ADD_CHANGE, OWN_CHANGE = (
    change for change in CHANGES if change.status is ChangeStatus.AWAITING_APPROVAL
)


def ticked(
    console: Console, stub: StubApi, rows: list[int], role: Role = Role.OPERATOR
) -> tuple[AppTest, World]:
    """The queue with these rows ticked, as a person ticks them."""
    key, world = stub.open_world(role)
    console.open("approvals")
    page = console.sign_in(key)
    table = page.dataframe[0].key
    assert table is not None
    page.session_state[table] = {"selection": {"rows": rows, "columns": [], "cells": []}}
    page.run()
    return console.healthy(), world


def send(page: AppTest, action: str, reason: str = "The batch was looked at.") -> None:
    """Write the reason and press the button."""
    page.text_area(key="reason.several").set_value(reason)
    page.button(key=f"several.{action}").click().run()


def results(page: AppTest) -> dict[str, str]:
    """Result by account, from the table of results."""
    found = next(table.value for table in page.table if "Result" in table.value)
    return {
        account.replace("\\", ""): result.split(": ")[-1].rstrip("]")
        for account, result in zip(found["Account"], found["Result"], strict=True)
    }


def test_what_the_rules_do_not_allow_is_named_with_why_and_left_out(
    console: Console, stub: StubApi
) -> None:
    page, _ = ticked(console, stub, [0, 1, 2])
    together = page.table[0].value
    assert list(together["Reject"]) == ["Yes", "Yes", "Yes"]
    assert list(together["Approve"])[:2] == ["Yes", "Yes"]
    assert "Nobody approves what they submitted" in together["Approve"][2]
    assert page.button(key="several.approve").label == "Approve 2 changes"
    assert page.button(key="several.reject").label == "Reject 3 changes"
    assert "id" not in page.query_params


def test_each_is_sent_with_its_own_plan_and_its_own_key(console: Console, stub: StubApi) -> None:
    page, world = ticked(console, stub, [0, 1, 2])
    send(page, "approve")
    console.healthy()
    assert [asked.path.split("/")[3] for asked in world.asked] == [PNG_CHANGE.id, ADD_CHANGE.id]
    for asked, change in zip(world.asked, (PNG_CHANGE, ADD_CHANGE), strict=True):
        assert change.plan is not None
        assert asked.body == {
            "reason": "The batch was looked at.",
            "plan_sha256": change.plan.sha256,
            "document_sha256": change.plan.document_sha256,
        }
    assert len({asked.idempotency_key for asked in world.asked}) == 2
    assert results(page) == {"7590-VHVEG": "Done", "5575-GNVDE": "Done"}
    assert page.success[0].value == "2 approved."
    assert world.changes[OWN_CHANGE.id].status is ChangeStatus.AWAITING_APPROVAL


def test_one_that_changed_meanwhile_is_refused_and_holds_up_no_other(
    console: Console, stub: StubApi
) -> None:
    page, world = ticked(console, stub, [0, 1])
    assert PNG_CHANGE.plan is not None
    world.move(PNG_CHANGE.id, plan=PNG_CHANGE.plan.model_copy(update={"sha256": "f" * 64}))
    send(page, "approve")
    assert results(console.healthy()) == {"7590-VHVEG": "Refused", "5575-GNVDE": "Done"}
    assert page.warning[0].value == "1 approved, 1 refused."
    assert world.changes[ADD_CHANGE.id].status is ChangeStatus.APPLYING


def test_what_was_not_answered_is_sent_again_as_the_same_request(
    console: Console, stub: StubApi
) -> None:
    page, world = ticked(console, stub, [0, 1])
    world.unsettled.add(PNG_CHANGE.id)
    send(page, "reject")
    assert results(console.healthy()) == {"7590-VHVEG": "No answer yet", "5575-GNVDE": "Done"}
    page.button(key="several.again").click().run()
    assert results(console.healthy()) == {"7590-VHVEG": "Done", "5575-GNVDE": "Done"}
    first, _, again = world.asked
    assert first == again


def test_results_stay_until_they_are_put_away(console: Console, stub: StubApi) -> None:
    page, _ = ticked(console, stub, [0, 1])
    send(page, "reject")
    page.run()
    assert results(console.healthy())
    page.button(key="several.close").click().run()
    assert not any("Result" in table.value for table in console.healthy().table)


def test_a_decision_about_many_needs_its_reason(console: Console, stub: StubApi) -> None:
    page, world = ticked(console, stub, [0, 1])
    page.button(key="several.approve").click().run()
    assert "Write the reason first, then approve 2 changes" in console.healthy().warning[0].value
    assert world.asked == []


def test_support_may_decide_none_of_them(console: Console, stub: StubApi) -> None:
    page, _ = ticked(console, stub, [0, 1], Role.SUPPORT)
    assert page.button(key="several.approve").disabled
    assert page.button(key="several.reject").disabled


def test_nothing_ticked_says_what_ticking_does(console: Console, stub: StubApi) -> None:
    ticked(console, stub, [])
    assert "tick several to decide them at once" in console.said()
