"""Today, audit and field ownership."""

from urllib.parse import unquote_plus

from streamlit.testing.v1 import AppTest

from domain.service_change import Role
from tests.ui.conftest import Console
from tests.ui.samples import CHANGES
from tests.ui.stub_api import StubApi, problem

FORBIDDEN = problem(403, "forbidden", "Not allowed", "Only staff may read this.", "Ask staff.")
AWAY = problem(503, "database_unavailable", "The database does not answer", "", "Wait.")


def leads(page: AppTest) -> dict[str, str]:
    """What each link on the page says, and the query of the address it leads to."""
    return {link.label: unquote_plus(link.proto.query_string) for link in page.page_link}


def today(console: Console, key: str) -> AppTest:
    console.open("today")
    return console.sign_in(key)


def test_each_figure_of_the_day_leads_to_its_list(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world()
    page = today(console, key)
    assert {each.label: each.value for each in page.metric} == {
        "Wait for your approval": "3",
        "Wait for a second person": "2",
        "Changes past their time": "1",
        "Dead letters past their time": "1",
        "Oldest open change": page.metric[4].value,
        "Waiting for people": "5",
        "Moving by themselves": "4",
        "Ended today": "4",
    }
    found = leads(page)
    assert found["Confirm or decline"] == "tab=Waiting for a second person"
    assert found["See who is waited for"] == "due=Overdue"
    assert found["Billing"] == "system=billing"
    assert {"Decide them", "See what stands still"} <= set(found)
    assert len([label for label in found if "badge" in label]) == 11


def test_what_is_late_is_said_in_words_and_listed(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world()
    page = today(console, key)
    assert "Past its time" in console.said()
    late = page.dataframe[0].value
    assert [each.split(" h")[0] for each in late["Late by"]] == ["3"]


def test_what_broke_says_what_is_new_and_how_much_is_left(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world()
    broken = next(
        table.value for table in today(console, key).dataframe if "Cause is" in table.value
    )
    assert [tuple(each) for each in broken["Cause is"]] == [("New",), ("Known",)]
    assert broken["Still open"].iloc[0] == "1 of 3"


def test_what_is_mine_is_listed_with_who_handed_it_over(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world(Role.SUPPORT)
    page = today(console, key)
    mine = next(table.value for table in page.dataframe if "Handed over by" in table.value)
    assert list(mine["What"]) == ["A change", "A cause of dead letters"]
    assert set(mine["Handed over by"]) == {"second_operator"}
    assert "Wait for your approval" not in {each.label for each in page.metric}


def test_the_day_tells_how_vendors_are_and_what_to_do(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world()
    today(console, key)
    said = console.said().replace("\\", "")
    for word in ("Well", "Not as usual", "Down", "Unknown"):
        assert word in said
    assert "It does not answer: one call probes, the others wait." in said
    assert "Ask the vendor; what waits goes on by itself once it answers." in said


def test_the_hours_stand_in_a_table_as_well(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world()
    page = today(console, key)
    hours = next(table.value for table in page.table if "Hour" in table.value)
    assert hours.iloc[0]["Hour"] == "00:00"
    assert "average of the 6 days before" in console.said()


def test_a_day_on_which_nothing_happened_is_quiet(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world(changes=())
    page = today(console, key)
    assert {each.value for each in page.metric} == {"0"}
    said = console.said()
    for words in (
        "None is late",
        "Assigned to you: 0",
        "Nothing broke since yesterday",
        "No system of record is connected",
        "There is no day before to compare with yet",
        "No change is open",
    ):
        assert words in said


def test_a_portal_reads_its_own_day_and_what_is_not_for_it(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world(Role.PORTAL)
    page = today(console, key)
    said = console.said()
    assert "You see the changes you submitted" in said
    assert not page.warning
    for heading in ("Broke since yesterday", "Systems of record", "Assigned to you"):
        assert heading not in said
    assert [each.label for each in page.metric][:2] == [
        "Changes past their time",
        "Oldest open change",
    ]


def test_a_record_that_is_away_is_told_once(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world(failing={"/counts": AWAY, "/today": AWAY})
    assert len(today(console, key).error) == 1


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
    assert line["Who else may change it"].startswith("Throughline")


def test_field_ownership_may_be_empty_or_away(console: Console, stub: StubApi) -> None:
    key, world = stub.open_world(Role.SUPPORT, changes=())
    console.open("ownership")
    console.sign_in(key)
    assert "The API listed no field" in console.said()
    world.failing["/field-ownership"] = AWAY
    assert "The database does not answer" in console.app.run().error[0].value
