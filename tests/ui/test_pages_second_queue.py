"""The second-person queue on the page Approvals: what waits, seen whole, answered right there."""

from streamlit.testing.v1 import AppTest

from domain.service_change import Action, ChangeStatus, Role
from tests.ui.conftest import Console
from tests.ui.samples_desk import CORRECTION, SKIPPING, billed, proposal
from tests.ui.stub_api import StubApi, World, problem

TAB = "Waiting for a second person"
REJECTION = proposal(Action.REJECT)
OTHER = "chg_other00000000000"
AWAY = problem(503, "database_unavailable", "The database does not answer", "", "Wait.")


def opened(
    console: Console, stub: StubApi, *, role: Role = Role.OPERATOR, principal: str = "olga",
    **query: str,
) -> tuple[AppTest, World]:  # fmt: skip
    """The tab with a correction and, proposed by an admin, a skipped step."""
    skipping = SKIPPING.model_copy(update={"id": "f" * 32, "proposed_by": "admin"})
    changes = [
        billed(pending_decisions=[CORRECTION]),
        billed(id=OTHER, pending_decisions=[skipping]),
    ]
    key, world = stub.open_world(role, changes=changes, principal=principal)
    console.open("approvals", tab=TAB, **query)
    return console.sign_in(key), world


def test_the_queue_says_who_asks_for_what_and_whether_it_is_mine(
    console: Console, stub: StubApi
) -> None:
    page, _ = opened(console, stub, principal="operator")
    queue = page.dataframe[0].value
    assert list(queue["Proposed"]) == ["Correct the change", "Skip the step"]
    assert list(queue["By"]) == ["operator", "admin"]
    assert list(queue["You"]) == [
        "Nobody confirms what they proposed; ask a colleague.", "May decide",
    ]  # fmt: skip
    assert list(queue["Expires"]) == ["in 23 h", "in 23 h"]


def test_the_chosen_proposal_shows_the_difference_and_what_it_would_undo(
    console: Console, stub: StubApi
) -> None:
    page, _ = opened(console, stub)
    difference = next(table.value for table in page.table if "Before" in table.value)
    assert difference["Field"].tolist() == ["Requested date", "Internet service"]
    assert any("What happens to it" in table.value for table in page.table)
    assert page.query_params["proposal"] == CORRECTION.id


def test_a_link_to_a_proposal_opens_it_and_it_is_answered_here(
    console: Console, stub: StubApi
) -> None:
    page, world = opened(console, stub, proposal="f" * 32)
    evidence = next(table.value for table in page.table if "Evidence" in table.value)
    assert evidence["Named"].tolist() == ["`ord_by_hand`", "`T-9`"]
    page.text_area(key=f"reason.second.{'f' * 32}").set_value("Looked it up.")
    page.button(key=f"submit.confirm.{'f' * 32}").click().run()
    (asked,) = world.asked
    assert asked.path.endswith(f"/{OTHER}/second-approvals/{'f' * 32}")
    assert "Confirmed to skip the step" in console.healthy().success[0].value
    assert world.changes[OTHER].status is ChangeStatus.APPLYING
    assert len(page.dataframe[0].value) == 1


def test_an_empty_queue_says_when_something_will_be_there(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world(changes=())
    console.open("approvals", tab=TAB)
    console.sign_in(key)
    assert "No proposal waits" in console.said()


def test_the_queue_is_refused_in_the_apis_words(console: Console, stub: StubApi) -> None:
    page, _ = opened(console, stub, role=Role.PORTAL)
    assert "This needs one of the roles" in page.warning[0].value
    assert not page.dataframe


def test_a_record_that_is_away_is_told_with_when_to_try_again(
    console: Console, stub: StubApi
) -> None:
    key, _ = stub.open_world(failing={"/second-approvals": AWAY})
    console.open("approvals", tab=TAB)
    page = console.sign_in(key)
    assert "Try again in 7 s" in page.error[0].value


def test_many_proposals_come_page_by_page(console: Console, stub: StubApi) -> None:
    many = [
        billed(
            id=f"chg_{number:016d}",
            pending_decisions=[REJECTION.model_copy(update={"id": f"{number:032d}"})],
        )
        for number in range(30)
    ]
    key, _ = stub.open_world(changes=many)
    console.open("approvals", tab=TAB)
    page = console.sign_in(key)
    assert len(page.dataframe[0].value) == 25
    page.button(key="proposals.next").click().run()
    assert len(console.healthy().dataframe[0].value) == 5
