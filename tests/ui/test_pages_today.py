"""Today, audit and field ownership."""

from domain.service_change import Role
from tests.ui.conftest import Console
from tests.ui.samples import CHANGES
from tests.ui.stub_api import StubApi, problem

FORBIDDEN = problem(403, "forbidden", "Not allowed", "Only staff may read this.", "Ask staff.")
AWAY = problem(503, "database_unavailable", "The database does not answer", "", "Wait.")


def test_the_overview_counts_every_status_once(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world()
    console.open("today")
    page = console.sign_in(key)
    assert [metric.value for metric in page.metric] == ["5", "4", "4"]
    assert len([link for link in page.page_link if "badge" in link.value]) == 11


def test_the_overview_lists_what_waits_for_people_oldest_first(
    console: Console, stub: StubApi
) -> None:
    key, _ = stub.open_world()
    console.open("today")
    table = console.sign_in(key).dataframe[0].value
    assert list(table["Account"])[:2] == ["7590-VHVEG", "9305-CDSKC"]


def test_the_overview_tells_how_vendors_answer(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world()
    console.open("today")
    console.sign_in(key)
    said = console.said()
    for word in ("Reachable", "Rate limited", "Unreachable", "Not asked yet"):
        assert word in said
    assert "2 answers not understood" in said


def test_an_overview_of_nothing_is_quiet(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world(changes=())
    console.open("today")
    page = console.sign_in(key)
    assert [metric.value for metric in page.metric] == ["0", "0", "0"]
    assert "Nobody is waited for" in console.said()
    assert "No system of record is connected" in console.said()


def test_the_overview_of_a_portal_ends_where_its_rights_end(
    console: Console, stub: StubApi
) -> None:
    key, _ = stub.open_world(Role.PORTAL, failing={"/integrations": FORBIDDEN})
    console.open("today")
    page = console.sign_in(key)
    assert page.metric
    assert "Only staff may read this" in page.warning[0].value


def test_a_record_that_is_away_is_told_once(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world(failing={"/counts": AWAY, "/service-changes": AWAY})
    console.open("today")
    page = console.sign_in(key)
    assert len(page.error) == 1


def test_the_audit_list_shows_who_did_what(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world(Role.SUPPORT)
    console.open("audit")
    table = console.sign_in(key).dataframe[0].value
    assert len(table) == len(CHANGES)
    assert set(table["Did"]) == {"Submit"}


def test_the_audit_list_is_narrowed_by_a_mailed_link(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world(Role.SUPPORT)
    console.open("audit", change_id=CHANGES[0].id)
    table = console.sign_in(key).dataframe[0].value
    assert list(table["Account"]) == ["7590-VHVEG"]


def test_an_audit_filter_without_a_hit_says_so(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world(Role.SUPPORT)
    console.open("audit", change_id="chg_nope")
    console.sign_in(key)
    assert "No entries" in console.said()


def test_the_audit_list_is_refused_in_the_apis_words(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world(Role.PORTAL, failing={"/audit": FORBIDDEN})
    console.open("audit")
    page = console.sign_in(key)
    assert "Only staff may read this" in page.warning[0].value
    assert not page.dataframe


def test_field_ownership_names_owner_and_rights(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world(Role.SUPPORT)
    console.open("ownership")
    table = console.sign_in(key).table[0].value
    line = table[table["Field"] == "`invoice_line`"].iloc[0]
    assert line["Owner"] == "Billing"
    assert line["May change it"].startswith("Throughline")


def test_field_ownership_may_be_empty_or_away(console: Console, stub: StubApi) -> None:
    key, world = stub.open_world(Role.SUPPORT, changes=())
    console.open("ownership")
    console.sign_in(key)
    assert "The API listed no field" in console.said()
    world.failing["/field-ownership"] = AWAY
    assert "The database does not answer" in console.app.run().error[0].value
