"""Saved views: opened, kept, changed, deleted, linked; and the pages Audit and Ownership."""

from datetime import timedelta

import pytest

from domain.contracts_views import ViewAlertView
from domain.filters import ListPage
from domain.service_change import Role
from tests.ui.conftest import Console
from tests.ui.samples import NOW
from tests.ui.stub_api import StubApi, World, problem
from tests.ui.stub_finding import view_of

AWAY = problem(503, "database_unavailable", "The database does not answer", "", "Wait.")
ACTIVE = {"status": ["active"], "submitted_at": ["gte:now-7d"], "attempts": ["gte:2"]}


def with_view(world: World, **values: object) -> None:
    world.views["view_a"] = view_of("view_a", **{"filters": ACTIVE} | values)


def test_a_view_fills_the_fields_and_the_address(console: Console, stub: StubApi) -> None:
    key, world = stub.open_world()
    with_view(world)
    console.open("find")
    page = console.sign_in(key)
    page.selectbox(key="views.changes.").select("view_a").run()
    console.healthy()
    assert page.multiselect(key="status").value == ["active"]
    assert page.number_input(key="tried").value == 2
    assert page.text_input(key="also").value == "submitted_at=gte:now-7d"
    assert page.query_params["view"] == "view_a"
    asked = world.lists[-1]
    assert (asked["status"], asked["submitted_at"]) == ("active", "gte:now-7d")


def test_a_link_to_a_view_opens_it(console: Console, stub: StubApi) -> None:
    key, world = stub.open_world()
    with_view(world)
    console.open("find", view="view_a")
    page = console.sign_in(key)
    assert page.multiselect(key="status").value == ["active"]
    assert page.selectbox(key="views.changes.view_a").value == "view_a"
    page.multiselect(key="status").unselect("active").run()
    assert "have been changed since" in console.said()


def test_a_link_to_a_view_that_is_gone_says_so(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world()
    console.open("find", view="view_z")
    page = console.sign_in(key)
    assert "not there any more" in page.warning[0].value
    assert len(page.dataframe[0].value)


def test_what_is_asked_for_is_kept_under_a_name(console: Console, stub: StubApi) -> None:
    key, world = stub.open_world()
    console.open("find", status="Active", tried="2")
    page = console.sign_in(key)
    page.text_input(key="views.name").set_value("Running")
    page.checkbox(key="views.shared").check()
    page.number_input(key="views.alert").set_value(5)
    page.button(key="views.keep").click().run()
    console.healthy()
    assert world.asked[-1].body == {
        "page": "changes",
        "name": "Running",
        "filters": {"status": ["active"], "attempts": ["gte:2"]},
        "shared": True,
        "alert_above": 5,
    }
    assert page.query_params["view"] == "view_0"
    assert "Kept: Running" in page.success[0].value


def test_a_view_without_a_name_is_asked_for_one(console: Console, stub: StubApi) -> None:
    key, world = stub.open_world()
    console.open("find")
    page = console.sign_in(key)
    page.button(key="views.keep").click().run()
    assert "Give the view a name" in page.warning[0].value
    assert not world.asked


def test_a_view_is_renamed_takes_over_the_fields_and_is_deleted(
    console: Console, stub: StubApi
) -> None:
    key, world = stub.open_world()
    with_view(world)
    console.open("find", view="view_a")
    page = console.sign_in(key)
    page.multiselect(key="status").select("rejected").run()
    page.text_input(key="views.name.view_a").set_value("Ended")
    page.checkbox(key="views.taken.view_a").check()
    page.button(key="views.save.view_a").click().run()
    console.healthy()
    assert world.views["view_a"].name == "Ended"
    assert world.views["view_a"].filters["status"] == ["active", "rejected"]
    page.button(key="narrowing.delete.view_a").click().run()
    console.healthy()
    assert not world.views
    assert "view" not in page.query_params


def test_an_alert_says_whether_the_view_holds_too_much(console: Console, stub: StubApi) -> None:
    key, world = stub.open_world()
    alert = ViewAlertView(above=2, held=3, opened_at=NOW - timedelta(minutes=5), resolved_at=None)
    with_view(world, alert_above=2, held=3, looked_at=NOW, alert=alert)
    console.open("find", view="view_a")
    console.sign_in(key)
    assert "Too many" in console.said()
    assert "Holds more than 2" in console.said()


def test_a_colleagues_view_can_be_opened_and_not_changed(console: Console, stub: StubApi) -> None:
    key, world = stub.open_world()
    with_view(world, owner="olga", shared=True, may_edit=False)
    console.open("find", view="view_a")
    page = console.sign_in(key)
    assert page.multiselect(key="status").value == ["active"]
    assert not [button for button in page.button if "delete.view_a" in str(button.key)]


def test_the_audit_trail_is_asked_by_person_action_identifier_and_time(
    console: Console, stub: StubApi
) -> None:
    key, world = stub.open_world()
    console.open("audit", actor="olga, portal", ticket="T-1", since="2026-11-01")
    page = console.sign_in(key)
    asked = world.lists[-1]
    assert (asked["actor"], asked["ticket"]) == ("portal", "T-1")
    assert asked["since"].startswith("2026-11-01T00:00:00")
    row = page.dataframe[0].value.iloc[0]
    assert (row["Who"], row["Did"]) == ("portal", "Submit")
    assert row["Before → after"] == "Pending"
    assert "entries fit" in console.said()


def test_an_audit_view_keeps_what_the_api_takes(console: Console, stub: StubApi) -> None:
    key, world = stub.open_world()
    console.open("audit", actor="olga, portal", ticket="T-1")
    page = console.sign_in(key)
    page.text_input(key="views.name").set_value("Theirs")
    page.button(key="views.keep").click().run()
    console.healthy()
    assert world.asked[-1].body["filters"] == {"actor": ["olga", "portal"], "ticket": "T-1"}
    assert next(iter(world.views.values())).page is ListPage.AUDIT


def test_an_audit_trail_without_an_entry_says_how_it_matches(
    console: Console, stub: StubApi
) -> None:
    key, _ = stub.open_world(changes=())
    console.open("audit")
    console.sign_in(key)
    assert "No entries" in console.said()


@pytest.mark.parametrize("page", ["audit", "find"])
def test_pages_of_records_are_refused_in_the_apis_words(
    console: Console, stub: StubApi, page: str
) -> None:
    key, _ = stub.open_world(failing={"/views": AWAY})
    console.open(page)
    shown = console.sign_in(key)
    assert "Try again in 7 s" in shown.error[0].value


def test_the_audit_trail_is_for_staff(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world(Role.PORTAL)
    console.open("audit")
    page = console.sign_in(key)
    assert "This needs one of the roles" in page.warning[0].value


def test_rights_stand_with_the_readers_own_column_marked(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world(Role.SUPPORT)
    console.open("ownership")
    page = console.sign_in(key)
    fields, rights = page.table[0].value, page.table[1].value
    assert "Who else may change it" in fields.columns
    assert "Version known by" in fields.columns
    assert rights.columns[1] == "Support (you)"
    retry = rights[rights["Right"] == "**Retry**"].iloc[0]
    assert "yes" in retry["Support (you)"]
    skip = rights[rights["Right"] == "**Skip**"].iloc[0]
    assert "no" in skip["Support (you)"]
    assert "Always" in skip["Second person"]
    assert "You are **support**" in console.said()


def test_a_right_that_cannot_be_read_leaves_the_fields(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world(failing={"/permissions": AWAY})
    console.open("ownership")
    page = console.sign_in(key)
    assert len(page.table) == 1
    assert "Try again in 7 s" in page.error[0].value
