"""The drift inbox: what is seen, what is sent, what is refused."""

from domain.service_change import Role
from tests.ui.conftest import Console
from tests.ui.samples_drift import MAPPED, NEW, RENAMED, UNKNOWN, UNREADABLE
from tests.ui.stub_api import StubApi, problem

AWAY = problem(503, "database_unavailable", "The database does not answer", "", "Wait.")


def test_what_holds_something_up_stands_first_with_how_much(
    console: Console, stub: StubApi
) -> None:
    key, _ = stub.open_world()
    console.open("drift")
    page = console.sign_in(key)
    table = page.dataframe[0].value
    assert list(table["System"]) == ["Billing", "CRM", "Scheduling"]
    first = table.iloc[0]
    assert first["What"] == UNKNOWN.sentence
    assert (first["Parked"], first["Seen"], first["Kind"]) == (37, 412, "Unknown value")
    assert table["State"][1] == "Second person"
    said = console.said()
    assert "**37** changes parked" in said
    assert "Map it to what is known here" in said
    assert page.query_params["id"] == UNKNOWN.id


def test_the_form_offers_only_what_is_known_and_sends_it(console: Console, stub: StubApi) -> None:
    key, world = stub.open_world()
    console.open("drift")
    page = console.sign_in(key)
    choice = page.selectbox(key=f"known.{UNKNOWN.id}")
    assert choice.options == ["closed", "current", "past_due"]
    choice.set_value("past_due")
    page.text_area(key=f"reason.{UNKNOWN.id}").set_value("So their release notes say.")
    page.button(key=f"submit.map.{UNKNOWN.id}").click().run()
    assert "a second person has confirmed it" in console.healthy().success[0].value
    (asked,) = world.asked
    assert asked.path == f"/v1/drift/{UNKNOWN.id}/actions/map"
    assert asked.body == {"reason": "So their release notes say.", "known": "past_due"}
    assert asked.idempotency_key


def test_without_a_reason_nothing_is_sent(console: Console, stub: StubApi) -> None:
    key, world = stub.open_world()
    console.open("drift")
    page = console.sign_in(key)
    page.button(key=f"submit.dismiss.{UNKNOWN.id}").click().run()
    assert "reason" in console.healthy().warning[0].value
    assert not world.asked


def test_a_second_person_sees_the_mapping_and_confirms_what_was_shown(
    console: Console, stub: StubApi
) -> None:
    key, world = stub.open_world(Role.ADMIN)
    console.open("drift", id=RENAMED.id)
    page = console.sign_in(key)
    assert "Proposed by **operator**" in console.said()
    proposal = f"map_{RENAMED.id[-4:]}"
    page.text_area(key=f"reason.{proposal}").set_value("Read them, too.")
    page.button(key=f"submit.confirm.{proposal}").click().run()
    (asked,) = world.asked
    assert asked.path.endswith(f"/{RENAMED.id}/second-approvals/{proposal}")
    assert (asked.body["verdict"], asked.body["seen_sha256"]) == ("confirm", "a" * 64)
    console.healthy()


def test_whoever_proposed_it_is_told_that_a_colleague_has_to_answer(
    console: Console, stub: StubApi
) -> None:
    key, _ = stub.open_world(Role.OPERATOR, principal="operator")
    console.open("drift", id=RENAMED.id)
    page = console.sign_in(key)
    assert "ask a colleague" in console.said()
    assert not [each for each in page.button if str(each.key).startswith("submit.confirm")]


def test_the_difference_of_a_renamed_field_stands_path_by_path(
    console: Console, stub: StubApi
) -> None:
    key, _ = stub.open_world()
    console.open("drift", id=RENAMED.id)
    page = console.sign_in(key)
    diff = next(table.value for table in page.table if "Path" in table.value)
    assert list(diff["Path"]) == ["`lifecycle`", "`lifecycleV2`"]
    assert "not there" in diff["Now"][0]


def test_what_cannot_be_mapped_can_only_be_dismissed(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world()
    console.open("drift", id=UNREADABLE.id)
    page = console.sign_in(key)
    offered = [str(each.key) for each in page.button if str(each.key).startswith("submit.")]
    assert offered == [f"submit.dismiss.{UNREADABLE.id}"]
    facts = next(table.value for table in page.table if "Fact" in table.value)
    assert dict(zip(facts["Fact"], facts["Value"], strict=True))["Place"] == "the whole answer"


def test_what_is_merely_new_is_apart_and_can_be_accepted(console: Console, stub: StubApi) -> None:
    key, world = stub.open_world()
    console.open("drift", tab="Noted")
    page = console.sign_in(key)
    assert list(page.dataframe[0].value["What"]) == [NEW.sentence]
    assert "holds nothing up" in console.said()
    page.text_area(key=f"reason.{NEW.id}").set_value("A new field of theirs.")
    page.button(key=f"submit.accept.{NEW.id}").click().run()
    assert world.asked[0].path.endswith("/actions/accept")
    console.healthy()


def test_the_release_of_what_was_parked_is_followed(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world()
    console.open("drift", tab="Decided")
    page = console.sign_in(key)
    release = next(table.value for table in page.table if "Release" in table.value)
    assert "Running" in release["Release"][0]
    assert "12 of 37" in release["How it stands"][0]
    assert MAPPED.sentence in list(page.dataframe[0].value["What"])


def test_an_administrator_retires_a_mapping(console: Console, stub: StubApi) -> None:
    key, world = stub.open_world(Role.ADMIN)
    console.open("drift", tab="Mappings")
    page = console.sign_in(key)
    mapping = f"map_{MAPPED.id[-4:]}"
    assert "is read as" in page.table[0].value["Says"][0]
    page.text_area(key=f"reason.{mapping}").set_value("It was wrong.")
    page.button(key=f"submit.retire.{mapping}").click().run()
    assert world.asked[0].path == f"/v1/mappings/{mapping}/actions/retire"
    console.healthy()


def test_support_reads_and_is_told_who_may_decide(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world(Role.SUPPORT)
    console.open("drift")
    page = console.sign_in(key)
    assert "You cannot decide this" in console.said()
    assert not [each for each in page.button if str(each.key).startswith("submit.")]


def test_an_empty_inbox_says_when_something_will_be_there(console: Console, stub: StubApi) -> None:
    key, world = stub.open_world()
    world.drift = ()
    console.open("drift")
    page = console.sign_in(key)
    assert "Nothing is held up" in console.said()
    assert not page.dataframe


def test_a_mailed_link_to_what_is_decided_still_shows_it(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world()
    console.open("drift", id=MAPPED.id)
    console.sign_in(key)
    assert "What was decided" in console.said()


def test_a_link_to_nothing_says_so(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world()
    console.open("drift", id="drf_gone")
    page = console.sign_in(key)
    assert "There is no drift" in page.warning[0].value


def test_the_inbox_is_refused_in_the_apis_words(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world(Role.PORTAL)
    console.open("drift")
    page = console.sign_in(key)
    assert "This needs one of the roles" in page.warning[0].value
    assert not page.dataframe


def test_a_record_that_is_away_is_told_with_when_to_try_again(
    console: Console, stub: StubApi
) -> None:
    key, _ = stub.open_world(failing={"/drift": AWAY})
    console.open("drift")
    page = console.sign_in(key)
    assert "Try again in 7 s" in page.error[0].value
