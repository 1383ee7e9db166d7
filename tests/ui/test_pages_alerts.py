"""Alerts: what fires, what to do about it, and from when on rules fire."""

from datetime import datetime, timedelta

from streamlit.testing.v1 import AppTest

from domain.alerts import RULES
from domain.service_change import Role
from tests.ui.conftest import Console
from tests.ui.samples import NOW
from tests.ui.stub_api import StubApi, World, problem

AWAY = problem(503, "database_unavailable", "The database does not answer", "", "Wait.")


def opened(console: Console, key: str, **query: str) -> AppTest:
    console.open("alerts", **query)
    return console.sign_in(key)


def said(console: Console) -> str:
    return console.said().replace("\\", "")


def labels(page: AppTest) -> set[str]:
    return {button.label for button in page.button}


def press(page: AppTest, label: str, reason: str = "We know.") -> None:
    page.text_area[0].set_value(reason)
    next(button for button in page.button if button.label == label).click().run()


def test_what_fires_comes_first_with_all_a_person_needs(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world(Role.OPERATOR)
    page = opened(console, key)

    rows = page.dataframe[0].value
    assert next(iter(rows["Alert"])) == "A vendor does not answer"
    assert list(rows["Reading"]) == ["60 min", "3", "20 min", "0"]
    assert [state[0] for state in rows["State"]] == ["Firing", "Taken", "Silenced", "Resolved"]
    told = said(console)
    for words in (
        "2 firing, 1 of them critical.",
        "Field planning",
        "over 5 min",
        "What you see.",
        "docs/runbooks/vendor-down.md",
    ):
        assert words in told
    links = {link.label: link.proto.query_string for link in page.page_link}
    assert links["How the vendor answers"] == "system=scheduling"


def test_the_address_names_the_alert_and_what_people_said_of_it(
    console: Console, stub: StubApi
) -> None:
    key, _ = stub.open_world(Role.SUPPORT)
    opened(console, key, alert="alert_quiet")
    told = said(console)
    assert "Silenced until" in told
    assert "“They move *house*.”" in told


def test_the_address_narrows_the_list(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world(Role.SUPPORT)
    page = opened(console, key, rule="Systems disagree and nobody has looked", system="Billing")
    assert list(page.dataframe[0].value["At"]) == ["Billing, services held"]


def test_a_link_leads_to_an_alert_that_is_far_down_in_the_list(
    console: Console, stub: StubApi
) -> None:
    key, _ = stub.open_world(Role.SUPPORT)
    page = opened(console, key, alert="alert_old")
    assert page.subheader[0].value == "Accepted work does not reach the engine: Throughline"
    assert "Back to the list" in labels(page)


def test_a_link_to_an_alert_that_is_not_there_says_so(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world(Role.SUPPORT)
    page = opened(console, key, alert="alert_never")
    assert "There is no alert alert" in page.warning[0].value.replace("\\", "")


def test_an_operator_takes_an_alert(console: Console, stub: StubApi) -> None:
    key, world = stub.open_world(Role.OPERATOR)
    page = opened(console, key)
    press(page, "Take it")
    assert world.asked[0].path == "alert_away/acknowledge"
    assert world.asked[0].body == {"reason": "We know."}
    assert "It is yours" in said(console)
    assert "Take it" not in labels(page)


def until(world: World) -> timedelta:
    return datetime.fromisoformat(world.asked[0].body["until"]) - NOW


def test_an_operator_silences_an_alert_for_a_time_and_ends_it(
    console: Console, stub: StubApi
) -> None:
    key, world = stub.open_world(Role.OPERATOR)
    page = opened(console, key)
    press(page, "Silence it")
    assert timedelta(hours=3, minutes=58) < until(world) <= timedelta(hours=4)
    assert "it stays in the list" in said(console)
    press(page, "End the silence")
    assert world.asked[-1].path == "alert_away/unsilence"


def test_nothing_is_sent_without_a_reason(console: Console, stub: StubApi) -> None:
    key, world = stub.open_world(Role.OPERATOR)
    page = opened(console, key)
    press(page, "Take it", " ")
    assert world.asked == []
    assert page.warning


def test_support_sees_why_nothing_is_offered(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world(Role.SUPPORT)
    page = opened(console, key)
    assert "This needs one of the roles: admin, operator." in said(console)
    assert not labels(page) & {"Take it", "Silence it", "Set it"}
    assert "Thresholds are set by administrators." in said(console)


def test_what_is_over_offers_nothing(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world(Role.OPERATOR)
    page = opened(console, key, alert="alert_over")
    assert not labels(page) & {"Take it", "Silence it", "End the silence"}
    assert "Resolved" in said(console)


def test_rules_say_from_when_on_they_fire_and_who_changed_that(
    console: Console, stub: StubApi
) -> None:
    key, _ = stub.open_world(Role.SUPPORT)
    page = opened(console, key, tab="Rules")
    table = page.table[0].value
    assert len(table) == len(RULES)
    shown = " ".join(str(cell) for cell in table.to_numpy().flatten()).replace("\\", "")
    assert "over 10, for 60 s" in shown
    assert "admin set it" in shown
    assert "A known backlog." in shown


def test_an_admin_sets_a_threshold(console: Console, stub: StubApi) -> None:
    key, world = stub.open_world(Role.ADMIN, principal="ada")
    page = opened(console, key, tab="Rules")
    page.number_input[0].set_value(40.0)
    page.text_area[-1].set_value("A known backlog.")
    next(button for button in page.button if button.label == "Set it").click().run()
    (asked,) = world.asked
    assert (asked.path, asked.body) == (
        "dead_letter_depth",
        {"threshold": 40.0, "reason": "A known backlog."},
    )
    assert "fires over 40 from the next round on" in said(console)


def test_nothing_that_fires_is_good_news(console: Console, stub: StubApi) -> None:
    key, world = stub.open_world(Role.SUPPORT)
    world.alerts.clear()
    page = opened(console, key)
    assert "Nothing fires" in said(console)
    assert not page.dataframe


def test_nothing_that_fits_says_how_to_see_more(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world(Role.SUPPORT)
    opened(console, key, rule="A vendor answers in a new shape")
    assert "Clear a filter to see more." in said(console)


def test_alerts_that_cannot_be_read_are_told(console: Console, stub: StubApi) -> None:
    key, world = stub.open_world(Role.SUPPORT)
    world.failing["/v1/alerts"] = AWAY
    page = opened(console, key)
    assert "The database does not answer" in page.error[0].value


def test_those_who_may_not_read_alerts_are_told_so(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world(Role.PORTAL)
    page = opened(console, key)
    assert page.warning
    assert not page.dataframe


def test_the_navigation_counts_what_fires(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world(Role.OPERATOR)
    page = opened(console, key)
    assert page.session_state["session.alerts"][1] == 2
