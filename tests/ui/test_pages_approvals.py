"""The approval queue: what is seen, what is sent, what is refused."""

from domain.service_change import ChangeStatus, Role
from tests.ui.conftest import Console
from tests.ui.samples import CHANGES
from tests.ui.stub_api import StubApi, problem

PNG_CHANGE, ADD_CHANGE, OWN_CHANGE = (
    change for change in CHANGES if change.status is ChangeStatus.AWAITING_APPROVAL
)


def test_the_queue_shows_the_soonest_due_first_with_its_price(
    console: Console, stub: StubApi
) -> None:
    key, _ = stub.open_world()
    console.open("approvals")
    table = console.sign_in(key).dataframe[0].value
    assert list(table["Account"]) == ["7590-VHVEG", "5575-GNVDE", "3668-QPYBK"]
    assert table["Monthly price"][0] == "$29.85 → $54.85"
    assert table["Difference"][0] == "+$25.00"
    assert table["Checks"][0] == "4 of 4 passed"
    assert table["Submitted"][0] == "20 h ago"
    assert table["Due"][0] == "in 6 d"
    assert list(table["You may"]) == ["Approve or reject", "Approve or reject", "Reject"]


def test_the_chosen_change_shows_plan_checks_and_document(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world()
    console.open("approvals", id=PNG_CHANGE.id)
    page = console.sign_in(key)
    plan, wanted, checks = (table.value for table in page.table)
    assert list(plan["System"]) == ["Billing", "Scheduling", "CRM"]
    assert all("Passed" in outcome for outcome in checks["Outcome"])
    assert checks["Asked"][1] == "Billing, 20 h ago"
    assert checks["Facts"][1] == r"Pays per month: **\$29\.85**"
    assert "Services held: **Dsl, Tech support**" in checks["Facts"][0]
    assert "Fiber optic" in list(wanted["Wanted"])
    assert "Version 2" in console.said()
    assert page.download_button


def test_an_approval_names_the_plan_and_document_that_were_shown(
    console: Console, stub: StubApi
) -> None:
    key, world = stub.open_world()
    console.open("approvals", id=PNG_CHANGE.id)
    page = console.sign_in(key)
    page.text_area(key=f"reason.{PNG_CHANGE.id}").set_value("Document and plan agree.")
    page.button(key=f"submit.approve.{PNG_CHANGE.id}").click().run()
    assert "Approved" in console.healthy().success[0].value
    (asked,) = world.asked
    assert asked.path.endswith(f"/{PNG_CHANGE.id}/actions/approve")
    assert PNG_CHANGE.plan is not None
    assert asked.body == {
        "reason": "Document and plan agree.",
        "plan_sha256": PNG_CHANGE.plan.sha256,
        "document_sha256": PNG_CHANGE.plan.document_sha256,
    }
    assert asked.idempotency_key


def test_a_plan_that_changed_behind_the_page_is_refused_in_the_apis_words(
    console: Console, stub: StubApi
) -> None:
    key, world = stub.open_world()
    console.open("approvals", id=PNG_CHANGE.id)
    page = console.sign_in(key)
    assert PNG_CHANGE.plan is not None
    world.move(PNG_CHANGE.id, plan=PNG_CHANGE.plan.model_copy(update={"sha256": "f" * 64}))
    page.text_area(key=f"reason.{PNG_CHANGE.id}").set_value("Fine.")
    page.button(key=f"submit.approve.{PNG_CHANGE.id}").click().run()
    assert world.asked[0].body["plan_sha256"] == PNG_CHANGE.plan.sha256
    assert "no longer what would be done" in console.healthy().error[0].value
    assert world.changes[PNG_CHANGE.id].status is ChangeStatus.AWAITING_APPROVAL


def test_a_decision_without_a_reason_is_not_sent(console: Console, stub: StubApi) -> None:
    key, world = stub.open_world()
    console.open("approvals", id=PNG_CHANGE.id)
    page = console.sign_in(key)
    page.button(key=f"submit.reject.{PNG_CHANGE.id}").click().run()
    assert console.healthy().warning[0].value == "Write the reason first, then reject."
    assert world.asked == []


def test_a_repeated_click_after_a_lost_answer_is_the_same_request(
    console: Console, stub: StubApi
) -> None:
    key, world = stub.open_world()
    world.unsettled.add(PNG_CHANGE.id)
    console.open("approvals", id=PNG_CHANGE.id)
    page = console.sign_in(key)
    for _ in range(2):
        page.text_area(key=f"reason.{PNG_CHANGE.id}").set_value("Fine.")
        page.button(key=f"submit.approve.{PNG_CHANGE.id}").click().run()
    first, second = world.asked
    assert first == second
    assert console.healthy().success


def test_after_a_refusal_the_next_click_is_a_new_request(console: Console, stub: StubApi) -> None:
    key, world = stub.open_world()
    console.open("approvals", id=PNG_CHANGE.id)
    page = console.sign_in(key)
    assert PNG_CHANGE.plan is not None
    world.move(PNG_CHANGE.id, plan=PNG_CHANGE.plan.model_copy(update={"sha256": "f" * 64}))
    for _ in range(2):
        page.text_area(key=f"reason.{PNG_CHANGE.id}").set_value("Fine.")
        page.button(key=f"submit.approve.{PNG_CHANGE.id}").click().run()
    first, second = world.asked
    assert first.idempotency_key != second.idempotency_key
    assert second.body["plan_sha256"] == "f" * 64


def test_nobody_is_offered_the_approval_of_their_own_change(
    console: Console, stub: StubApi
) -> None:
    key, _ = stub.open_world(Role.OPERATOR)
    console.open("approvals", id=OWN_CHANGE.id)
    page = console.sign_in(key)
    assert page.button(key=f"submit.approve.{OWN_CHANGE.id}").disabled
    assert not page.button(key=f"submit.reject.{OWN_CHANGE.id}").disabled
    assert "Nobody approves what they submitted" in console.said()


def test_support_sees_the_queue_and_why_it_may_not_decide(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world(Role.SUPPORT)
    console.open("approvals")
    page = console.sign_in(key)
    assert all(
        page.button(key=f"submit.{action}.{PNG_CHANGE.id}").disabled
        for action in ("approve", "reject")
    )
    assert "Approve needs one of the roles" in console.said().replace("\\", "")


def test_an_empty_queue_says_when_something_will_be_there(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world(changes=())
    console.open("approvals")
    console.sign_in(key)
    assert "Nothing waits for a decision" in console.said()


def test_a_mailed_link_to_a_decided_change_says_where_it_stands(
    console: Console, stub: StubApi
) -> None:
    key, _ = stub.open_world()
    active = next(change for change in CHANGES if change.status is ChangeStatus.ACTIVE)
    console.open("approvals", id=active.id)
    page = console.sign_in(key)
    assert "does not wait for a decision: it is active" in page.info[0].value
    assert page.page_link


def test_a_record_that_is_away_is_told_with_when_to_try_again(
    console: Console, stub: StubApi
) -> None:
    away = problem(503, "database_unavailable", "The database does not answer", "", "Wait a bit.")
    key, _ = stub.open_world(failing={"/approvals": away})
    console.open("approvals")
    page = console.sign_in(key)
    assert "The database does not answer" in page.error[0].value
    assert "Try again in 7 s" in page.error[0].value
    assert "correlation id" in console.said()


def test_a_long_queue_comes_page_by_page(console: Console, stub: StubApi) -> None:
    many = [ADD_CHANGE.model_copy(update={"id": f"chg_{number:016d}"}) for number in range(45)]
    key, _ = stub.open_world(changes=many)
    console.open("approvals")
    page = console.sign_in(key)
    assert len(page.dataframe[0].value) == 25
    page.button(key="approvals.next").click().run()
    assert len(console.healthy().dataframe[0].value) == 20


def test_a_mailed_link_beyond_the_first_page_opens_its_change(
    console: Console, stub: StubApi
) -> None:
    many = [ADD_CHANGE.model_copy(update={"id": f"chg_{number:016d}"}) for number in range(30)]
    key, _ = stub.open_world(changes=many)
    console.open("approvals", id=many[29].id)
    page = console.sign_in(key)
    assert not page.button(key=f"submit.approve.{many[29].id}").disabled
    back = next(button for button in page.button if button.label == "Back to the queue")
    back.click().run()
    assert len(console.healthy().dataframe[0].value) == 25


def test_the_queue_is_not_for_portals(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world(Role.PORTAL)
    console.open("approvals")
    page = console.sign_in(key)
    assert "This needs one of the roles" in page.warning[0].value
    assert not page.dataframe


def test_a_picture_is_shown_at_once(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world()
    console.open("approvals", id=PNG_CHANGE.id)
    page = console.sign_in(key)
    assert page.get("image")
    assert [toggle.key for toggle in page.toggle] == ["mine"]


def test_a_pdf_is_shown_at_once_in_a_viewer(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world()
    console.open("approvals", id=ADD_CHANGE.id)
    page = console.sign_in(key)
    assert page.get("bidi_component")
    assert not page.warning


def test_a_document_that_cannot_be_read_leaves_the_rest_of_the_page(
    console: Console, stub: StubApi
) -> None:
    away = problem(503, "document_store_unavailable", "The document store does not answer", "", "")
    key, _ = stub.open_world(failing={"/documents/2": away})
    console.open("approvals", id=PNG_CHANGE.id)
    page = console.sign_in(key)
    assert "The document store does not answer" in page.error[0].value
    assert not page.button(key=f"submit.approve.{PNG_CHANGE.id}").disabled


def test_a_large_document_is_left_to_be_downloaded(console: Console, stub: StubApi) -> None:
    version = PNG_CHANGE.document_versions[-1].model_copy(update={"size_bytes": 15 * 1024 * 1024})
    versions = [*PNG_CHANGE.document_versions[:-1], version]
    large = PNG_CHANGE.model_copy(update={"document_versions": versions})
    key, _ = stub.open_world(changes=[large])
    console.open("approvals")
    page = console.sign_in(key)
    assert "download it to read it" in page.info[0].value
    assert not page.get("image")
