"""Credentials: the board, a new secret handed in, tried and promoted, and who may not."""

import pytest

from domain.service_change import Role
from tests.ui.conftest import Console
from tests.ui.stub_api import StubApi, problem

AWAY = problem(503, "database_unavailable", "The database does not answer", "", "Wait.")
SECRET = "a-new-secret-of-crm"


def test_the_board_says_of_each_system_what_is_due(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world(Role.ADMIN, principal="second_admin")
    console.open("credentials")
    page = console.sign_in(key)
    rows = page.dataframe[0].value
    assert list(rows["System"]) == ["Billing", "Scheduling", "CRM", "Ticketing"]
    assert list(rows["State"]) == ["New secret waits", "Expires soon", "Good", "Refused"]
    assert rows["Expires"][1].startswith("in ")
    assert "Scheduling and Ticketing need attention." in page.warning[0].value
    assert "A second admin promotes it" in console.said()


def test_a_second_admin_promotes_what_they_see(console: Console, stub: StubApi) -> None:
    key, world = stub.open_world(Role.ADMIN, principal="second_admin")
    console.open("credentials", system="billing")
    page = console.sign_in(key)
    said = console.said()
    assert "0a1b-2c3d-4e5f-0002" in said
    assert "Accepted version 2, 1 h ago by admin" in said
    page.text_area(key="secret.billing.2.reason").input("Tried and fine.")
    page.number_input(key="secret.billing.2.overlap").set_value(4.0)
    page.button(key="submit.promote.secret.billing.2").click().run()
    console.healthy()
    (asked,) = world.asked
    assert asked.path == "/v1/credentials/billing/versions/2/actions/promote"
    assert asked.idempotency_key
    assert asked.body == {
        "reason": "Tried and fine.", "seen_sha256": f"{2:064d}", "overlap_hours": 4.0,
    }  # fmt: skip


def test_who_staged_it_is_told_to_ask_a_colleague(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world(Role.ADMIN, principal="admin")
    console.open("credentials", system="billing")
    page = console.sign_in(key)
    assert page.button(key="submit.promote.secret.billing.2").disabled
    assert "Nobody promotes what they staged; ask another admin" in console.said()


def test_a_staged_secret_is_sent_once_and_forgotten(console: Console, stub: StubApi) -> None:
    key, world = stub.open_world(Role.ADMIN, principal="admin")
    console.open("credentials", system="crm")
    page = console.sign_in(key)
    field = page.text_input(key="stage.crm.secret")
    assert field.proto.type == field.proto.PASSWORD
    field.input(SECRET)
    page.text_area(key="stage.crm.reason").input("Yearly rotation.")
    page.button(key="submit.stage.crm").click().run()
    console.healthy()
    (asked,) = world.asked
    assert asked.body == {"secret": SECRET, "reason": "Yearly rotation."}
    assert page.text_input(key="stage.crm.secret").value == ""
    assert SECRET not in console.said()
    assert SECRET not in repr(page.session_state)


def test_without_a_secret_or_a_reason_nothing_is_sent(console: Console, stub: StubApi) -> None:
    key, world = stub.open_world(Role.ADMIN, principal="admin")
    console.open("credentials", system="crm")
    page = console.sign_in(key)
    page.button(key="submit.stage.crm").click().run()
    assert "Paste the secret" in console.healthy().warning[0].value
    assert world.asked == []


def test_everybody_is_asked_before_a_job(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world(Role.OPERATOR)
    console.open("credentials")
    page = console.sign_in(key)
    page.button(key="preflight").click().run()
    cells = console.healthy().table[0].value
    assert "Refused" in cells.to_string()
    assert "HTTP 401" in cells.to_string()


def test_support_reads_the_board_and_is_told_why_it_may_do_no_more(
    console: Console, stub: StubApi
) -> None:
    key, _ = stub.open_world(Role.SUPPORT)
    console.open("credentials", system="billing")
    page = console.sign_in(key)
    assert page.button(key="preflight").disabled
    assert page.button(key="submit.try.secret.billing.2").disabled
    said = console.said()
    assert "needs the role admin" in said
    assert "You cannot stage a secret" in said


def test_no_system_says_so(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world(Role.ADMIN, changes=[])
    console.open("credentials")
    console.sign_in(key)
    assert "No system" in console.said()


def test_an_api_that_does_not_answer_is_told_with_what_to_do(
    console: Console, stub: StubApi
) -> None:
    key, _ = stub.open_world(Role.ADMIN, failing={"/v1/credentials": AWAY})
    console.open("credentials")
    page = console.sign_in(key)
    assert "The database does not answer" in page.error[0].value


@pytest.mark.parametrize("role", [Role.PORTAL, Role.PARTNER])
def test_who_reads_no_credentials_is_told_so(console: Console, stub: StubApi, role: Role) -> None:
    key, _ = stub.open_world(role)
    console.open("credentials")
    page = console.sign_in(key)
    assert "one of the roles" in page.warning[0].value
