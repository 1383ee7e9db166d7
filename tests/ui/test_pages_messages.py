"""Messages: what vendors told, and what was said to them."""

from streamlit.testing.v1 import AppTest

from domain.service_change import Role
from tests.ui.conftest import Console
from tests.ui.samples import CHANGES
from tests.ui.stub_api import StubApi, problem

AWAY = problem(503, "database_unavailable", "The database does not answer", "", "Wait.")
QUARANTINED = "billing:evt/4"
RELEASE = "/v1/webhooks/events/billing/evt/4/actions/release"


def messages(console: Console, key: str, **query: str | list[str]) -> AppTest:
    console.open("messages", **query)
    return console.sign_in(key)


def said(console: Console) -> str:
    return console.said().replace("\\", "")


def test_the_inbox_says_what_is_stuck_forged_and_repeated(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world(Role.SUPPORT)
    messages(console, key)
    told = said(console)
    for words in (
        "1 quarantined: look at them below",
        "3 forged** in 24 h",
        "2 duplicates, harmless",
        "It could not be asked for missed events",
        "Waits for a person",
        "Cannot be asked",
    ):
        assert words in told


def test_events_are_listed_with_state_and_outcome(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world(Role.SUPPORT)
    table = messages(console, key).dataframe[0].value
    assert list(table["State"]) == [
        "… Queued", "✓ Processed", "= Stale", "? Quarantined", "✗ Failed",
    ]  # fmt: skip
    assert list(table["Again"])[1] == "2 times"


def test_the_address_narrows_what_was_received(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world(Role.SUPPORT)
    by_state = messages(console, key, state=["Quarantined", "Failed"])
    assert len(by_state.dataframe[0].value) == 2


def test_the_address_names_who_told(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world(Role.SUPPORT)
    table = messages(console, key, **{"from": "Ticketing"}).dataframe[0].value
    assert list(table["From"]) == ["Ticketing"]


def test_a_duplicate_is_told_beside_its_original(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world(Role.SUPPORT)
    page = messages(console, key, event="billing:evt/2")
    told = said(console)
    assert "It came 2 times more. That is harmless" in told
    arrivals = next(table.value for table in page.table if "Effect" in table.value)
    assert len(arrivals) == 3
    assert arrivals["Effect"].iloc[0].startswith("The original")
    links = {link.label: link.proto.query_string for link in page.page_link}
    assert links[f"It concerned change {CHANGES[0].id}"] == f"id={CHANGES[0].id}"


def test_a_mailed_event_is_shown_although_the_list_does_not_hold_it(
    console: Console, stub: StubApi
) -> None:
    key, _ = stub.open_world(Role.SUPPORT)
    page = messages(console, key, event="billing:evt/2", state="Failed")
    assert "invoice.line_posted" in said(console)
    page.button("received.back").click().run()
    assert console.healthy().dataframe


def test_an_event_that_is_not_there_is_told_in_the_apis_words(
    console: Console, stub: StubApi
) -> None:
    key, _ = stub.open_world(Role.SUPPORT)
    page = messages(console, key, event="billing:evt/none")
    assert "There is no event" in page.warning[0].value


def test_an_operator_releases_what_is_in_quarantine(console: Console, stub: StubApi) -> None:
    key, world = stub.open_world(Role.OPERATOR)
    page = messages(console, key, event=QUARANTINED)
    page.button(f"release.send.{QUARANTINED}").click().run()
    assert "Say why" in console.healthy().warning[0].value
    assert world.asked == []
    page.text_area(f"release.why.{QUARANTINED}").set_value("The type is known by now.")
    page.button(f"release.send.{QUARANTINED}").click().run()
    assert "the event is queued" in console.healthy().success[0].value
    assert [(each.path, each.body) for each in world.asked] == [
        (RELEASE, {"reason": "The type is known by now."})
    ]


def test_support_reads_why_it_may_not_release(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world(Role.SUPPORT)
    page = messages(console, key, event=QUARANTINED)
    assert "Releasing needs one of the roles: admin, operator." in said(console)
    assert not page.text_area


def test_a_body_that_cannot_be_read_says_so(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world(Role.SUPPORT)
    messages(console, key, event="billing:evt/5")
    assert "It cannot be read as JSON" in said(console)
    assert "Last error after 10 attempts: BrokenError: *why*" in said(console)


def test_every_attempt_leads_to_what_was_said(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world(Role.SUPPORT)
    page = messages(console, key, tab="Sent")
    table = page.dataframe[0].value
    assert list(table["Outcome"]) == ["✓ Went through", "✗ Throttled", "✗ Unavailable"]
    assert list(table["Took"]) == ["240 ms"] * 3


def test_the_address_narrows_what_was_sent(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world(Role.SUPPORT)
    page = messages(console, key, tab="Sent", to="Billing", outcome=["Throttled"])
    assert list(page.dataframe[0].value["Said"]) == ["slow down"]


def test_filters_that_nothing_fits_say_so(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world(Role.SUPPORT)
    messages(console, key, tab="Sent", to="CRM", outcome=["Throttled"])
    assert "No attempt fits these filters" in console.said()


def test_an_empty_inbox_and_outbox_say_what_will_be_here(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world(Role.SUPPORT, changes=())
    messages(console, key)
    assert "What vendors send to our webhooks" in console.said()
    messages(console, key, tab="Sent")
    assert "Every call to a vendor appears here" in console.said()


def test_messages_are_for_staff_and_the_record_may_be_away(console: Console, stub: StubApi) -> None:
    key, world = stub.open_world(Role.PORTAL)
    page = messages(console, key)
    assert "one of the roles" in page.warning[0].value
    assert not page.dataframe
    world.failing["/summary"] = AWAY
    assert "The database does not answer" in console.app.run().error[0].value
