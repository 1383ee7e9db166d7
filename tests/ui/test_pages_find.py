"""The list of changes and its search."""

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
    page.selectbox(key="kind").select(ChangeKind.ADD_SERVICE.value).run()
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


def test_a_refusal_is_shown_in_the_apis_words(console: Console, stub: StubApi) -> None:
    no = problem(403, "forbidden", "Not allowed", "This key is for webhooks.", "Use another key.")
    key, _ = stub.open_world(Role.PARTNER, failing={"/service-changes": no})
    console.open("find")
    page = console.sign_in(key)
    assert "This key is for webhooks" in page.warning[0].value.replace("\\", "")
