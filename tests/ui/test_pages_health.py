"""Health: the vendors, what is paused, and our own machinery."""

from streamlit.testing.v1 import AppTest

from domain.service_change import Role
from tests.ui import samples_operations
from tests.ui.conftest import Console, click
from tests.ui.stub_api import StubApi, problem

AWAY = problem(503, "database_unavailable", "The database does not answer", "", "Wait.")


def health(console: Console, key: str, **query: str) -> AppTest:
    console.open("health", **query)
    return console.sign_in(key)


def said(console: Console) -> str:
    return console.said().replace("\\", "")


def test_the_vendor_that_is_worst_is_shown_first(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world(Role.SUPPORT)
    page = health(console, key)
    assert [heading.value for heading in page.subheader] == ["Scheduling", "Our own machinery"]
    told = said(console)
    assert "Left alone (unavailable); one call probes" in told
    assert "31 steps under way" in told


def test_the_address_names_the_vendor(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world(Role.SUPPORT)
    page = health(console, key, system="billing")
    assert page.subheader[0].value == "Billing"
    told = said(console)
    for words in (
        "It asks us to wait; the next call is",
        "380 calls, 4.2 % failed",
        "19 of 20 took at most 1.4 s",
        "2 answers in the last hour",
        "Usually 12 events come in a time as long",
        "429 slow *down*",
    ):
        assert words in told
    links = {link.label: link.proto.query_string for link in page.page_link}
    assert links["Those answers"] == "tab=Sent&to=Billing&outcome=Unrecognised+payload"
    assert links["CRM"] == "system=crm"
    assert "Billing" not in links


def test_calls_over_time_stand_in_a_table_as_well(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world(Role.SUPPORT)
    page = health(console, key, system="billing")
    told = page.dataframe[0].value
    assert list(told["Calls"]) == [30, 40]
    assert list(told["Failed"]) == [30, 2]
    assert told["Left alone for"].iloc[0] == "2 min"


def test_a_vendor_nobody_called_says_so(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world(Role.SUPPORT)
    page = health(console, key, system="ticketing")
    assert "Nobody called it in the last hour." in said(console)
    assert "No calls in this time" in said(console)
    assert not page.dataframe


def test_a_pause_says_who_and_why(console: Console, stub: StubApi) -> None:
    key, world = stub.open_world(Role.SUPPORT)
    world.pauses += samples_operations.PAUSES
    health(console, key)
    told = said(console)
    assert "Scheduling was paused by **operator**" in told
    assert "“They move house *today*.”" in told
    assert "Alone." not in told


def test_an_operator_pauses_a_vendor_and_lets_it_go_on(console: Console, stub: StubApi) -> None:
    key, world = stub.open_world(Role.OPERATOR)
    page = health(console, key)
    page.selectbox(key="pause.Pause.of").select("crm")
    page.text_area(key="pause.Pause.why").input("They move house.")
    click(page, "Pause it")
    assert [(each.path, each.body) for each in world.asked] == [
        ("/v1/pauses/crm", {"reason": "They move house."})
    ]
    assert "CRM was paused by **operator**" in said(console)
    click(page, "End this pause")
    assert not world.pauses


def test_whoever_may_not_pause_is_told_who_may(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world(Role.SUPPORT)
    page = health(console, key)
    opens = next(each for each in page.get("popover") if each.proto.popover.label == "Pause")
    assert opens.proto.popover.disabled


def test_what_is_not_well_in_the_machinery_says_what_to_do(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world(Role.SUPPORT)
    page = health(console, key)
    machinery = page.table[0].value.set_index("Part")
    assert "Down" in machinery.loc["**Workers**"]["State"]
    assert machinery.loc["**Workers**"]["What to do"].startswith("Start a worker")
    assert machinery.loc["**Database**"]["What to do"].startswith("Nothing")
    assert "the engine does not answer" in page.table[1].value.to_string()


def test_machinery_is_told_while_the_record_is_away(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world(
        Role.SUPPORT, failing={"/counts": AWAY, "/integrations": AWAY, "/pauses": AWAY}
    )
    page = health(console, key)
    assert len(page.error) == 1
    assert page.table[0].value.shape[0] == 7


def test_no_vendor_is_connected(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world(Role.SUPPORT, changes=())
    page = health(console, key)
    assert "No system of record is connected" in console.said()
    assert [heading.value for heading in page.subheader] == ["Our own machinery"]


def test_health_is_for_staff_and_says_so_once(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world(Role.PORTAL)
    page = health(console, key)
    assert len(page.warning) == 1
    assert "one of the roles" in page.warning[0].value
    assert not page.table
