"""Acting on a change from its page: what each form holds, what it says first, what it sends."""

from datetime import date

import pytest
from streamlit.testing.v1 import AppTest

from domain.contracts import ServiceChangeView
from domain.service_change import Action, ChangeStatus, Role
from domain.verdicts import Repeatability
from tests.ui.conftest import Console
from tests.ui.samples import CHANGES
from tests.ui.samples_desk import ACTIVE, ADDRESS, PARKED, billed, revised
from tests.ui.stub_api import StubApi, World, problem

AWAY = problem(503, "database_unavailable", "The database does not answer", "", "Wait.")


def opened(
    console: Console,
    stub: StubApi,
    change: ServiceChangeView,
    *,
    role: Role = Role.OPERATOR,
    **query: str,
) -> tuple[AppTest, World]:
    """The page of one change, as that role has it."""
    key, world = stub.open_world(role, changes=[change])
    console.open("change", id=change.id, **query)
    return console.sign_in(key), world


def fields_of_forms(page: AppTest) -> list[str | None]:
    """Where text is asked for, but for the form that pauses, which every change's page has."""
    keys = [field.key for field in page.text_area]
    return [key for key in keys if not (key or "").startswith("pause.")]


def sent(page: AppTest, console: Console, action: Action, change_id: str, reason: str) -> AppTest:
    """Give the reason and send the form that is open."""
    page.text_area(key=f"reason.{action}.{change_id}").set_value(reason)
    page.button(key=f"submit.{action}.{change_id}").click().run()
    return console.healthy()


def test_every_action_has_a_button_and_what_is_not_allowed_is_grey_and_explained(
    console: Console, stub: StubApi
) -> None:
    page, _ = opened(console, stub, PARKED, role=Role.SUPPORT)
    buttons = {button.key: button for button in page.button}
    assert {f"open.{action}" for action in Action} <= set(buttons)
    assert [a for a in Action if not buttons[f"open.{a}"].disabled] == [Action.RETRY]
    assert "needs one of the roles" in buttons["open.reject"].help.replace("\\", "")
    refused = page.expander[0].table[0].value
    assert len(refused) == len(Action) - 1
    rejected = refused[refused["Action"] == "Reject"].iloc[0]
    assert rejected["Who may now"] == "Administrator, operator"
    assert "Reject needs one of the roles" in rejected["Why not you"]


def test_whether_a_retry_is_safe_stands_beside_its_button_and_in_its_form(
    console: Console, stub: StubApi
) -> None:
    opened(console, stub, PARKED, act="retry")
    said = console.said().replace("\\", "")
    assert said.count("Safe to retry") == 2
    assert "**Post billing change at Billing**: outcome unknown." in said
    assert "a retry looks it up first" in said


def test_a_retry_that_is_not_safe_says_so(console: Console, stub: StubApi) -> None:
    effect = PARKED.effects[0].model_copy(update={"repeatability": Repeatability.NEITHER})
    opened(console, stub, PARKED.model_copy(update={"effects": [effect]}))
    assert "Not safe to retry" in console.said()


def test_a_masked_address_has_to_be_shown_before_it_is_corrected(
    console: Console, stub: StubApi
) -> None:
    change = ADDRESS.model_copy(update={"status": ChangeStatus.INCOMPLETE})
    page, _ = opened(console, stub, change, act="correct")
    assert not fields_of_forms(page)
    page.button(key="show.correct").click().run()
    shown = page.text_input(key=f"correct.billing_address.line1.{change.id}")
    assert console.healthy()
    assert shown.value == "12 Elm St"


def test_a_form_opens_by_its_button_and_closes_again(console: Console, stub: StubApi) -> None:
    page, _ = opened(console, stub, PARKED)
    page.button(key="open.retry").click().run()
    assert fields_of_forms(page) == [f"reason.retry.{PARKED.id}"]
    page.button(key="close").click().run()
    assert not fields_of_forms(console.healthy())


def test_a_retry_is_sent_once_with_its_reason(console: Console, stub: StubApi) -> None:
    page, world = opened(console, stub, PARKED, role=Role.SUPPORT, act="retry")
    page = sent(page, console, Action.RETRY, PARKED.id, "Billing is back.")
    assert [asked.body for asked in world.asked] == [{"reason": "Billing is back."}]
    assert "goes on by itself" in page.success[0].value
    assert not fields_of_forms(page)


def test_skipping_names_its_evidence_and_asks_a_second_person(
    console: Console, stub: StubApi
) -> None:
    page, world = opened(console, stub, PARKED, act="skip")
    submit = page.button(key=f"submit.skip.{PARKED.id}")
    assert submit.label == "Ask a second person to skip the step"
    assert "Nothing moves until a second person" in page.info[-1].value
    page.text_input(key=f"evidence.ticket.{PARKED.id}").set_value(" T-9 ")
    page = sent(page, console, Action.SKIP, PARKED.id, "Done by hand.")
    assert world.asked[0].body == {"reason": "Done by hand.", "evidence": {"ticket": "T-9"}}
    assert "waits for a second person" in page.success[0].value
    assert "Waits for a second person: skip the step" in console.said()


def test_a_correction_shows_its_difference_before_it_is_sent_and_sends_that_alone(
    console: Console, stub: StubApi
) -> None:
    page, world = opened(console, stub, PARKED, act="correct")
    assert page.button(key=f"submit.correct.{PARKED.id}").disabled
    page.date_input[0].set_value(date(2026, 12, 2))
    page.selectbox(key=f"correct.internet_service.{PARKED.id}").set_value("Fiber optic").run()
    shown = next(table.value for table in page.table if "Before" in table.value)
    assert shown.to_numpy().tolist() == [
        ["Requested date", r"2026\-12\-01", r"2026\-12\-02"],
        ["Internet service", "DSL", "Fiber optic"],
    ]
    sent(page, console, Action.CORRECT, PARKED.id, "The customer rang.")
    assert world.asked[0].body == {
        "reason": "The customer rang.",
        "changes": {
            "requested_date": "2026-12-02",
            "details": {"internet_service": "Fiber optic"},
        },
    }


def test_an_address_is_corrected_line_by_line_and_sent_whole(
    console: Console, stub: StubApi
) -> None:
    change = ADDRESS.model_copy(update={"status": ChangeStatus.INCOMPLETE})
    page, world = opened(console, stub, change, act="correct", personal="show")
    page.text_input(key=f"correct.billing_address.line1.{change.id}").set_value("14 Elm St").run()
    (shown,) = (table.value for table in page.table if "Before" in table.value)
    assert shown["Field"].tolist() == ["Line1"]
    sent(page, console, Action.CORRECT, change.id, "A typing error.")
    changes = world.asked[0].body["changes"]
    assert changes == {"details": {"billing_address": {
        "line1": "14 Elm St", "line2": "", "city": "Fresno", "postal_code": "93701",
        "country": "US",
    }}}  # fmt: skip


@pytest.mark.parametrize("action", [Action.CANCEL, Action.REJECT, Action.CORRECT])
def test_what_can_still_be_undone_is_told_before_it_is_sent(
    console: Console, stub: StubApi, action: Action
) -> None:
    page, _ = opened(console, stub, billed(), act=action)
    outlook = next(table.value for table in page.table if "What happens to it" in table.value)
    assert outlook["Step"].tolist() == [
        "Post billing change (Billing)", "Book appointment (Scheduling)",
    ]  # fmt: skip
    assert all("Can be undone" in now for now in outlook["Now"])
    assert page.button(key=f"submit.{action}.{PARKED.id}").label.startswith("Ask a second person")


def test_where_nothing_stands_there_is_nothing_to_undo(console: Console, stub: StubApi) -> None:
    waiting = next(each for each in CHANGES if each.status is ChangeStatus.AWAITING_APPROVAL)
    page, _ = opened(console, stub, waiting, act="cancel")
    assert "Nothing stands at any system" in console.said()
    assert page.button(key=f"submit.cancel.{waiting.id}").label == "Cancel the change"


def test_an_outlook_that_cannot_be_had_is_told_beside_the_form(
    console: Console, stub: StubApi
) -> None:
    page, world = opened(console, stub, billed())
    world.failing["/outlook"] = AWAY
    page.button(key="open.cancel").click().run()
    assert "The database does not answer" in console.healthy().error[-1].value
    assert not page.button(key=f"submit.cancel.{PARKED.id}").disabled


@pytest.mark.parametrize(
    ("action", "opens", "submits"),
    [
        (Action.APPLY_REVISION, "Apply version 2", "Apply document version 2"),
        (Action.DISCARD_REVISION, "Discard version 2", "Discard document version 2"),
    ],
)
def test_a_decision_about_a_revised_document_names_its_version(
    console: Console, stub: StubApi, action: Action, opens: str, submits: str
) -> None:
    page, world = opened(console, stub, revised(), act=action)
    assert page.button(key=f"open.{action}").label == opens
    assert page.button(key=f"submit.{action}.{ACTIVE.id}").label == submits
    sent(page, console, action, ACTIVE.id, "Read it.")
    assert world.asked[0].path.endswith(f"/actions/{action}")
    assert world.asked[0].body == {"reason": "Read it.", "document_version": 2}


def test_a_form_of_something_that_is_not_allowed_stays_shut(
    console: Console, stub: StubApi
) -> None:
    page, _ = opened(console, stub, PARKED, role=Role.SUPPORT, act="skip")
    assert not fields_of_forms(page)
    assert not page.text_input


def test_a_refusal_says_that_the_page_shows_how_things_stand(
    console: Console, stub: StubApi
) -> None:
    page, world = opened(console, stub, PARKED, act="retry")
    world.move(PARKED.id, status=ChangeStatus.CANCELLED)
    page = sent(page, console, Action.RETRY, PARKED.id, "Again.")
    assert "retry is not possible" in page.error[0].value
    assert "read again just now" in page.error[0].value
