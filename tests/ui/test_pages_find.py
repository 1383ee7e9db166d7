"""The list of changes and its search."""

from datetime import date

from domain.service_change import ChangeKind, ChangeStatus, Role
from tests.ui.conftest import Console
from tests.ui.samples import CHANGES
from tests.ui.stub_api import StubApi, problem


def test_the_list_shows_every_change_with_words_and_ages(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world()
    console.open("find")
    table = console.sign_in(key).dataframe[0].value
    assert len(table) == len(CHANGES)
    first = table.iloc[0]
    assert first["Account"] == "7590-VHVEG"
    assert list(first["Status"]) == ["Awaiting approval"]
    assert first["Submitted"] == "20 h ago"


def test_filters_from_a_mailed_link_narrow_the_list(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world()
    console.open("find", status=["Active", "Rejected"])
    table = console.sign_in(key).dataframe[0].value
    assert sorted(status[0] for status in table["Status"]) == ["Active", "Rejected"]


def test_choosing_filters_narrows_the_list(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world()
    console.open("find")
    page = console.sign_in(key)
    page.multiselect(key="kind").select(ChangeKind.ADD_SERVICE.value).run()
    page.multiselect(key="status").select(ChangeStatus.ACTIVE.value).run()
    assert list(console.healthy().dataframe[0].value["Account"]) == ["7795-CFOCW"]


def test_a_search_tells_what_it_matched(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world()
    console.open("find", q="7590-VHVEG")
    table = console.sign_in(key).dataframe[0].value
    assert list(table["Found by"]) == ["Account id: 7590-VHVEG"]


def test_a_search_without_a_hit_says_what_can_be_searched(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world()
    console.open("find", q="no-such-thing")
    console.sign_in(key)
    assert "Nothing found" in console.said()
    assert "correlation id" in console.said()


def test_an_empty_record_says_how_to_submit(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world(changes=())
    console.open("find")
    console.sign_in(key)
    assert "./throughline submit" in console.said()


def test_filters_without_a_hit_say_so(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world(changes=CHANGES[:1])
    console.open("find", status="Active")
    console.sign_in(key)
    assert "No change fits these filters" in console.said()


def test_pages_go_forward_and_back_and_stand_in_the_link(console: Console, stub: StubApi) -> None:
    many = [CHANGES[0].model_copy(update={"id": f"chg_{number:016d}"}) for number in range(120)]
    key, _ = stub.open_world(changes=many)
    console.open("find")
    page = console.sign_in(key)
    page.button(key="changes.next").click().run()
    assert page.query_params["cursor"] == "50"
    page.button(key="changes.next").click().run()
    assert len(console.healthy().dataframe[0].value) == 20
    assert page.button(key="changes.next").disabled
    page.button(key="changes.previous").click().run()
    assert page.query_params["cursor"] == "50"
    page.button(key="changes.previous").click().run()
    assert "cursor" not in page.query_params


def test_a_mailed_link_opens_at_its_place(console: Console, stub: StubApi) -> None:
    many = [CHANGES[0].model_copy(update={"id": f"chg_{number:016d}"}) for number in range(60)]
    key, _ = stub.open_world(changes=many)
    console.open("find", cursor="50")
    assert len(console.sign_in(key).dataframe[0].value) == 10


def test_a_changed_filter_starts_the_list_from_the_top(console: Console, stub: StubApi) -> None:
    many = [CHANGES[0].model_copy(update={"id": f"chg_{number:016d}"}) for number in range(60)]
    key, _ = stub.open_world(changes=many)
    console.open("find", cursor="50")
    page = console.sign_in(key)
    page.multiselect(key="status").select(ChangeStatus.AWAITING_APPROVAL.value).run()
    assert len(console.healthy().dataframe[0].value) == 50
    assert "cursor" not in page.query_params


def test_every_filter_reaches_the_api(console: Console, stub: StubApi) -> None:
    key, world = stub.open_world()
    console.open("find")
    page = console.sign_in(key)
    page.number_input(key="tried").set_value(3).run()
    page.number_input(key="price_to").set_value(-5.5).run()
    page.selectbox(key="due").select("Overdue").run()
    page.date_input(key="submitted_to").set_value(date(2026, 11, 1)).run()
    page.multiselect(key="system").select("billing").run()
    page.text_input(key="also").set_value("submitted_at=gte:now-7d & submitted_by=portal").run()
    console.healthy()
    asked = world.lists[-1]
    assert asked["attempts"] == "gte:3"
    assert asked["price_difference"] == "lte:-550"
    assert asked["due_at"] == "lt:now"
    assert asked["submitted_to"].startswith("2026-11-02T00:00:00")
    assert asked["system"] == "billing"
    assert (asked["submitted_at"], asked["submitted_by"]) == ("gte:now-7d", "portal")


def test_how_many_fit_and_what_a_file_would_hold_is_told(console: Console, stub: StubApi) -> None:
    many = [CHANGES[0].model_copy(update={"id": f"chg_{number:016d}"}) for number in range(1001)]
    for changes, told, file in (
        (CHANGES[:1], "One change fits", "exactly this one"),
        (CHANGES[:3], "3 changes fit", "exactly these 3"),
        (many, "More than 1,000 changes fit", "the newest 50,000 of them at most"),
    ):
        key, _ = stub.open_world(changes=changes)
        console.open("find")
        console.sign_in(key)
        assert told in console.said()
        assert file in console.said()
        assert "personal fields masked" in console.said()


def test_a_refusal_is_shown_in_the_apis_words(console: Console, stub: StubApi) -> None:
    no = problem(403, "forbidden", "Not allowed", "This key is for webhooks.", "Use another key.")
    key, _ = stub.open_world(Role.PARTNER, failing={"/service-changes": no})
    console.open("find")
    page = console.sign_in(key)
    assert "This key is for webhooks" in page.warning[0].value.replace("\\", "")
