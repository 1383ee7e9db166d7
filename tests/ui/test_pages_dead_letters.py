"""Dead letters: what stands still, by cause."""

from datetime import timedelta

from domain.service_change import Role
from tests.ui.conftest import Console
from tests.ui.samples import CHANGES, NOW
from tests.ui.samples_desk import PARKED, another_cause
from tests.ui.stub_api import StubApi, problem

AWAY = problem(503, "database_unavailable", "The database does not answer", "", "Wait.")
assert PARKED.failure
CAUSE = PARKED.failure.fingerprint


def test_causes_stand_with_clock_owner_count_and_trend(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world(changes=[PARKED, another_cause(1), another_cause(2)])
    console.open("dead_letters")
    page = console.sign_in(key)
    found = page.dataframe[0].value.set_index("Cause")
    row = found.loc["Post billing change: billing did not say whether it was done"]
    assert (row["Team"], row["Whose"], row["State"]) == (
        "Billing operations",
        "Nobody yet",
        ["Open"],
    )
    assert (row["Changes"], row["Clock"]) == (1, ["In time"])
    assert row["Due"].startswith("due in ")
    assert (len(row["Standing"]), row["Standing"][-1]) == (24, 1)
    assert len(found) == 3


def test_what_is_overdue_says_so_and_by_how_much(console: Console, stub: StubApi) -> None:
    assert PARKED.failure
    late = PARKED.failure.model_copy(update={"last_seen_at": NOW - timedelta(hours=7)})
    key, _ = stub.open_world(changes=[PARKED.model_copy(update={"failure": late})])
    console.open("dead_letters")
    page = console.sign_in(key)
    row = page.dataframe[0].value.iloc[0]
    assert (row["Clock"], row["Due"]) == (["Overdue"], "overdue by 3 h")
    assert "Overdue by 3 h" in console.said()
    assert [metric.value for metric in page.metric] == ["1", "1"]


def test_the_chosen_cause_leads_to_the_changes_behind_it(console: Console, stub: StubApi) -> None:
    twin = PARKED.model_copy(update={"id": "chg_twin000000000000"})
    key, _ = stub.open_world(changes=[PARKED, twin, another_cause(1)])
    console.open("dead_letters", cause=CAUSE)
    page = console.sign_in(key)
    behind = page.dataframe[1].value
    assert list(behind["Change"]) == [PARKED.id, twin.id]
    assert behind["It said"][0].startswith("504 upstream timed out")
    assert "2 shown" in console.said()
    assert page.query_params["cause"] == CAUSE


def test_a_mailed_link_to_a_cause_that_was_cured_says_so(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world(changes=[another_cause(1)])
    console.open("dead_letters", cause=CAUSE)
    page = console.sign_in(key)
    assert "Nothing stands still for this cause any more" in console.said()
    next(each for each in page.button if each.label == "Back to all causes").click().run()
    assert list(console.healthy().dataframe[0].value["Cause"]) == ["Cause number 1"]


def test_many_causes_come_page_by_page(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world(changes=[another_cause(number) for number in range(30)])
    console.open("dead_letters")
    page = console.sign_in(key)
    assert len(page.dataframe[0].value) == 25
    page.button(key="causes.next").click().run()
    assert console.healthy().dataframe[0].value["Cause"][0] == "Cause number 25"
    assert "Cause number 25" in console.said()


def test_a_quiet_desk_says_when_something_will_be_there(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world(changes=[c for c in CHANGES if c is not PARKED])
    console.open("dead_letters")
    page = console.sign_in(key)
    assert "Nothing stands still" in console.said()
    assert not page.dataframe


def test_what_stands_still_is_counted_for_the_navigation(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world(changes=[PARKED, another_cause(1), *CHANGES[:3]])
    console.open("today")
    page = console.sign_in(key)
    assert page.session_state["session.standing_still"][1] == 2


def test_a_navigation_that_cannot_count_is_still_there(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world(failing={"/counts": AWAY})
    console.open("dead_letters")
    page = console.sign_in(key)
    assert len(page.dataframe) == 2
    assert not page.error


def test_the_desk_is_refused_in_the_apis_words(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world(Role.PORTAL)
    console.open("dead_letters")
    page = console.sign_in(key)
    assert "This needs one of the roles" in page.warning[0].value
    assert not page.dataframe


def test_a_record_that_is_away_is_told_with_when_to_try_again(
    console: Console, stub: StubApi
) -> None:
    key, _ = stub.open_world(failing={"/dead-letters": AWAY})
    console.open("dead_letters")
    page = console.sign_in(key)
    assert "Try again in 7 s" in page.error[0].value
