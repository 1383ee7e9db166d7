"""Disagreements: both values side by side, whose counts, and what is decided."""

from domain.contracts_reconciliation import DifferenceDecisionView
from domain.identifiers import System
from domain.reconciliation import Field, Freshness
from domain.reconciliation_decisions import DifferenceAction, DifferenceState, RunState
from domain.service_change import Role
from support_ui.view_models import text
from tests.ui.conftest import Console
from tests.ui.samples import NOW
from tests.ui.samples_reconciliation import EXPLAINED, Reconciled, difference, run
from tests.ui.stub_api import StubApi, problem

AWAY = problem(503, "database_unavailable", "The database does not answer", "", "Wait.")


def test_a_difference_shows_both_values_the_owner_and_its_age(
    console: Console, stub: StubApi
) -> None:
    key, _ = stub.open_world()
    console.open("disagreements")
    page = console.sign_in(key)
    first = page.dataframe[0].value.iloc[0]
    assert (first["Account"], first["Field"]) == ("7590-VHVEG", "Services held")
    assert (first["Owner"], first["Owner says"]) == ("CRM", "with Tech support")
    assert (first["Other"], first["Other says"]) == ("Billing", "without Tech support")
    assert (first["State"], first["Since"]) == ("Unexplained", "2 d ago")
    said = console.said()
    assert "DSL, Phone, Tech support" in said
    assert "owner by rule: its value counts" in said
    assert "**Only here:** Tech support" in said
    assert "in 3 runs" in said
    assert page.query_params["difference"] == "dif_services"


def test_what_is_explained_is_found_by_its_state_and_links_to_its_change(
    console: Console, stub: StubApi
) -> None:
    key, _ = stub.open_world()
    console.open("disagreements", difference=EXPLAINED.id)
    page = console.sign_in(key)
    said = console.said()
    assert "Change under way: A change of this field is under way" in said
    assert "Explained" in said
    assert "Repair" not in [button.label for button in page.button]


def test_the_last_run_its_completeness_and_what_agrees_are_told(
    console: Console, stub: StubApi
) -> None:
    key, _ = stub.open_world()
    console.open("disagreements")
    console.sign_in(key)
    said = console.said()
    assert "Up to date" in said
    assert "7,043 accounts, 1 new" in said
    assert "Agree everywhere: account open or closed (CRM and Billing)" in said


def test_a_run_that_is_missing_or_old_is_a_red_state(console: Console, stub: StubApi) -> None:
    for freshness, label in ((Freshness.NOT_RUN, "Never run"), (Freshness.STALE, "Stale")):
        key, world = stub.open_world()
        last = None if freshness is Freshness.NOT_RUN else run()
        world.reconciled = Reconciled(differences=[], freshness=freshness, last=last)
        console.open("disagreements")
        console.sign_in(key)
        said = console.said()
        assert f":red-badge[:material/{'error' if last is None else 'history'}: {label}]" in said
        assert "Run it now" in said
        assert "No disagreement to deal with" in said


def test_comparing_now_is_one_request_and_shows_its_progress(
    console: Console, stub: StubApi
) -> None:
    key, world = stub.open_world(Role.SUPPORT)
    console.open("disagreements")
    page = console.sign_in(key)
    page.text_input(key="disagreements.account").set_value("7590-VHVEG")
    page.button(key="compare_now").click().run()
    (asked,) = world.asked
    assert asked.path == "/v1/reconciliation/runs"
    assert asked.body == {"account_id": "7590-VHVEG"}
    said = console.healthy() and console.said()
    assert "The comparison has begun" in said
    assert "Comparing account 7590" in said
    assert world.reconciled.under_way is not None
    assert world.reconciled.under_way.state is RunState.RUNNING
    assert console.app.button(key="compare_now").disabled


def test_a_run_says_which_system_it_waits_for_and_why(console: Console, stub: StubApi) -> None:
    key, world = stub.open_world()
    last = run(state=RunState.RUNNING, finished_at=None)
    crm, billing, *others = last.systems
    why = "billing does not accept our credential."
    waiting = billing.model_copy(update={"whole": None, "waits_for": why})
    world.reconciled.under_way = last.model_copy(update={"systems": [crm, waiting, *others]})
    console.open("disagreements")
    page = console.sign_in(key)
    read = next(each.value for each in page.table if "Share of its rate" in each.value)
    assert (
        f":orange-badge[:material/hourglass_top: Waits] {text.plain(why)}" in read["Read"].tolist()
    )


def test_a_repair_of_money_is_proposed_with_what_was_seen(console: Console, stub: StubApi) -> None:
    key, world = stub.open_world(Role.OPERATOR)
    console.open("disagreements")
    page = console.sign_in(key)
    assert "A second person has to confirm it" in console.said()
    page.text_area(key="reason.dif_services").set_value("The shop sold it.")
    (propose,) = [each for each in page.button if each.label.startswith("Propose the repair")]
    propose.click().run()
    (asked,) = world.asked
    assert asked.path == "/v1/reconciliation/differences/dif_services/actions/repair"
    assert asked.body == {"reason": "The shop sold it.", "seen_sha256": difference().sha256}
    assert "It waits for a second person" in console.said()
    confirm = [each for each in console.healthy().button if each.label == "Confirm the repair"]
    assert [each.disabled for each in confirm] == [True]
    assert "Nobody confirms what they proposed" in console.said()


def test_a_second_person_confirms_and_without_a_reason_nothing_is_sent(
    console: Console, stub: StubApi
) -> None:
    key, world = stub.open_world(Role.OPERATOR)
    proposal = DifferenceDecisionView(
        action=DifferenceAction.REPAIR, actor="olga", reason="The shop sold it.", at=NOW
    )
    world.reconciled.differences = [
        difference(state=DifferenceState.REPAIR_PROPOSED, decision=proposal)
    ]
    console.open("disagreements")
    page = console.sign_in(key)
    assert "“The shop sold it\\.”" in console.said()
    (confirm,) = [each for each in page.button if each.label == "Confirm the repair"]
    confirm.click().run()
    assert world.asked == []
    console.app.text_area(key="reason.dif_services").set_value("Seen.")
    (confirm,) = [each for each in console.app.button if each.label == "Confirm the repair"]
    confirm.click().run()
    assert world.asked[0].path.endswith("/actions/confirm")


def test_support_sees_why_it_may_not_repair(console: Console, stub: StubApi) -> None:
    key, world = stub.open_world(Role.SUPPORT)
    charge = difference(
        "dif_charge",
        name=Field.RECURRING_CHARGE,
        system=System.THROUGHLINE,
        values=("4520", "4020"),
    )
    world.reconciled.differences = [charge]
    console.open("disagreements")
    page = console.sign_in(key)
    said = console.said()
    assert r"Repair needs one of the roles\: admin, operator" in said
    assert page.dataframe[0].value["Owner says"][0] == "$45.20 a month"
    held = {each.label: each.disabled for each in page.button}
    assert held["Hold for review"] is False
    assert held["Dismiss"] is True


def test_many_differences_come_page_by_page_and_a_lost_link_says_so(
    console: Console, stub: StubApi
) -> None:
    key, world = stub.open_world()
    world.reconciled.differences = [
        difference(f"dif_{number}", account_id=f"account-{number}") for number in range(30)
    ]
    console.open("disagreements")
    page = console.sign_in(key)
    assert len(page.dataframe[0].value) == 25
    page.button(key="differences.next").click().run()
    assert console.healthy().dataframe[0].value["Account"][0] == "account-25"

    console.open("disagreements", difference="dif_gone")
    assert "There is no difference" in console.said()


def test_nobody_is_shown_what_the_api_keeps_from_them(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world(Role.PORTAL)
    console.open("disagreements")
    console.sign_in(key)
    assert "This needs one of the roles" in console.said()


def test_the_page_says_that_the_api_is_away(console: Console, stub: StubApi) -> None:
    key, world = stub.open_world()
    world.failing["/reconciliation/differences"] = AWAY
    console.open("disagreements")
    console.sign_in(key)
    assert "The database does not answer" in console.said()
