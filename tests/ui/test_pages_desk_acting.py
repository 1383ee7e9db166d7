"""The desk at work: whose causes, retrying by cause in every state, pauses, ways to a change."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from streamlit.testing.v1 import AppTest

from domain.contracts import Me, ServiceChangeView
from domain.contracts_operations import PauseView
from domain.replays import EligibilityRule, ReplayState
from domain.service_change import Action, Role
from support_ui.view_models import words
from tests.ui import samples_approvals, samples_desk, samples_replays
from tests.ui.conftest import Console, click
from tests.ui.samples import NOW
from tests.ui.samples_desk import PARKED, another_cause
from tests.ui.stub_api import StubApi, World, problem

assert PARKED.failure
CAUSE = PARKED.failure.fingerprint
TWIN = PARKED.model_copy(update={"id": "chg_twin000000000000"})
OLGA = Me(principal="olga", role=Role.OPERATOR)


@pytest.fixture(autouse=True)
def _nothing_assigned() -> Iterator[None]:
    yield
    samples_approvals.ASSIGNED.clear()


def causes(page: AppTest) -> list[str]:
    return list(page.dataframe[0].value["Cause"]) if page.dataframe else []


def add(world: World, state: ReplayState, changes: list[ServiceChangeView]) -> None:
    letters = samples_desk.letters(changes)
    world.replays.append(samples_replays.replay(letters, state, role=world.me.role))


def assign(cause: int, **body: str) -> None:
    failure = another_cause(cause).failure
    assert failure
    samples_approvals.assign(f"cause:{failure.fingerprint}", body | {"reason": "So."}, OLGA)


def test_the_desk_is_told_apart_by_whose_work_it_is(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world(changes=[another_cause(n) for n in range(3)], principal="olga")
    assign(0, assignee="olga")
    assign(1, follow_up_at=(NOW + timedelta(hours=20)).isoformat())
    seen = {}
    for part in ("To do", "Mine", "Unassigned", "Put off", "All"):
        fresh = Console()
        fresh.token = None
        console.app = fresh.app
        console.open("dead_letters", work=part)
        seen[part] = sorted(name[-1] for name in causes(console.sign_in(key)))
    assert seen == {
        "To do": ["0", "2"], "Mine": ["0"], "Unassigned": ["2"], "Put off": ["1"],
        "All": ["0", "1", "2"],
    }  # fmt: skip


def test_a_cause_is_taken_where_it_is_looked_at(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world(changes=[PARKED], principal="olga")
    console.open("dead_letters")
    page = console.sign_in(key)
    assert "Nobody has taken this yet" in console.said()
    page.text_area(key=f"assign.why.cause:{CAUSE}").set_value("I know this vendor.")
    click(page, "Keep this")
    assert "Taken by **olga**" in console.said()
    assert page.dataframe[0].value["State"][0] == ["Taken"]


def test_retrying_by_cause_shows_first_what_it_would_do(console: Console, stub: StubApi) -> None:
    key, world = stub.open_world(changes=[PARKED, TWIN])
    console.open("dead_letters", cause=CAUSE)
    page = click(console.sign_in(key), "Retry by cause")
    (asked,) = world.asked
    assert (asked.body["fingerprint"], asked.body["dry_run"]) == (CAUSE, True)
    assert "2 changes would be retried: one first, then ten, then the rest" in console.said()
    assert "No second person is needed" in console.said()
    assert page.query_params["replay"] == world.replays[0].id

    click(page, "Retry 2 changes")
    assert "Write the reason first" in console.said()
    assert len(world.asked) == 1


def test_a_retry_is_started_once_with_its_reason(console: Console, stub: StubApi) -> None:
    key, world = stub.open_world(changes=[PARKED, TWIN])
    console.open("dead_letters", cause=CAUSE)
    page = click(console.sign_in(key), "Retry by cause")
    page.text_area(key=f"replay.why.{CAUSE}").set_value("They renewed the certificate.")
    click(page, "Retry 2 changes")
    console.healthy()
    dry, started = world.asked
    assert (started.body["dry_run"], started.body["reason"]) == (
        False, "They renewed the certificate.",
    )  # fmt: skip
    assert started.idempotency_key != dry.idempotency_key
    assert page.query_params["replay"] == world.replays[-1].id
    assert "started by **operator**" in console.said()
    assert "1 succeeded, 1 waiting" in str(page.get("progress")[0].proto.text).lower()


@pytest.mark.parametrize("state", [each for each in ReplayState if each is not ReplayState.DRY_RUN])
def test_a_replay_says_how_it_stands_and_what_became_of_each(
    console: Console, stub: StubApi, state: ReplayState
) -> None:
    key, world = stub.open_world(changes=[PARKED, TWIN])
    add(world, state, [PARKED, TWIN])
    console.open("dead_letters", cause=CAUSE, replay="rpl_sample")
    page = console.sign_in(key)
    assert words.REPLAY[state].badge in console.said()
    assert "The credential was renewed" in console.said()
    tables = [each.value for each in page.dataframe]
    (items,) = (each for each in tables if "Became" in each)
    assert len(items) == 2
    (past,) = (each for each in tables if "Result" in each)
    assert list(past["State"]) == [[words.REPLAY[state].label]]
    steering = {each.label for each in page.button if each.label == "Cancel the rest"}
    assert bool(steering) is (state in {ReplayState.RUNNING, ReplayState.SUSPENDED})


def test_what_may_not_be_retried_is_named_with_its_rule(console: Console, stub: StubApi) -> None:
    key, world = stub.open_world(changes=[PARKED, TWIN])
    letters = samples_desk.letters([PARKED, TWIN])
    rule = EligibilityRule.REVISION_PENDING
    world.replays.append(samples_replays.replay(letters, ReplayState.DRY_RUN, refused=[rule]))
    console.open("dead_letters", cause=CAUSE, replay="rpl_sample")
    page = console.sign_in(key)
    rules = next(each.value for each in page.table if "By the rule" in each.value)
    assert list(rules["By the rule"]) == [
        "May be retried (`may_be_retried`)",
        "A revised document waits for a decision (`revision_pending`)",
    ]
    assert "1 change would be retried." in console.said()


def test_a_running_retry_is_suspended_with_a_reason(console: Console, stub: StubApi) -> None:
    key, world = stub.open_world(changes=[PARKED, TWIN])
    add(world, ReplayState.RUNNING, [PARKED, TWIN])
    console.open("dead_letters", cause=CAUSE, replay="rpl_sample")
    page = console.sign_in(key)
    page.text_area(key="steer.why.rpl_sample").set_value("The vendor rang.")
    click(page, "Suspend")
    (asked,) = world.asked
    assert asked.path.endswith("/rpl_sample/actions/suspend")
    assert asked.body == {"reason": "The vendor rang."}
    assert words.REPLAY[ReplayState.SUSPENDED].badge in console.said()
    assert next(each for each in page.button if each.label == "Suspend").disabled


def test_who_may_not_steer_a_retry_is_told_why(console: Console, stub: StubApi) -> None:
    key, world = stub.open_world(Role.SUPPORT, changes=[PARKED, TWIN])
    add(world, ReplayState.RUNNING, [PARKED, TWIN])
    console.open("dead_letters", cause=CAUSE, replay="rpl_sample")
    page = console.sign_in(key)
    button = next(each for each in page.button if each.label == "Suspend")
    assert button.disabled
    assert "ask an operator" in button.help


def test_a_replay_stays_on_the_page_when_nothing_stands_still_any_more(
    console: Console, stub: StubApi
) -> None:
    key, world = stub.open_world(changes=[another_cause(1)])
    add(world, ReplayState.DONE, [PARKED, TWIN])
    console.open("dead_letters", cause=CAUSE, replay="rpl_sample")
    page = console.sign_in(key)
    assert words.REPLAY[ReplayState.DONE].badge in console.said()
    assert "Nothing stands still for this cause any more" in console.said()
    click(page, "Back to all causes")
    assert causes(page) == ["Cause number 1"]
    assert "replay" not in page.query_params


def test_a_replay_there_is_not_leaves_the_desk_standing(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world(changes=[PARKED])
    console.open("dead_letters", cause=CAUSE, replay="rpl_gone")
    page = console.sign_in(key)
    assert "There is no replay rpl" in page.warning[0].value
    assert len(causes(page)) == 1


def test_a_pause_is_shown_and_ended_by_those_who_may(console: Console, stub: StubApi) -> None:
    key, world = stub.open_world(changes=[PARKED])
    world.pauses.append(_pause("billing", may=True))
    console.open("dead_letters")
    page = console.sign_in(key)
    assert "Billing was paused by **olga**" in console.said()
    click(page, "End this pause")
    assert [each.path for each in world.asked] == ["/v1/pauses/billing"]
    assert "Billing goes on" in console.said()


def test_a_pause_stays_with_those_who_may_end_it(console: Console, stub: StubApi) -> None:
    key, world = stub.open_world(Role.SUPPORT, changes=[PARKED])
    world.pauses.append(_pause("everything", may=False))
    console.open("dead_letters")
    page = console.sign_in(key)
    assert next(each for each in page.button if each.label == "End this pause").disabled


def _pause(scope: str, *, may: bool) -> PauseView:
    return PauseView(scope=scope, actor="olga", reason="They migrate.", at=NOW, may_resume=may)


def test_a_change_is_corrected_skipped_or_retried_by_a_link(
    console: Console, stub: StubApi
) -> None:
    key, _ = stub.open_world(changes=[PARKED])
    console.open("dead_letters", cause=CAUSE)
    page = console.sign_in(key)
    links = {each.proto.label: each.proto for each in page.get("page_link")}
    wanted = {
        "Retry this one": Action.RETRY,
        "Correct it, with the difference shown": Action.CORRECT,
        "Skip the step, with evidence": Action.SKIP,
    }
    for label, action in wanted.items():
        assert links[label].query_string == f"id={PARKED.id}&act={action}"
        assert not links[label].disabled


def test_support_is_told_what_it_may_not_do_to_a_change(console: Console, stub: StubApi) -> None:
    key, _ = stub.open_world(Role.SUPPORT, changes=[PARKED])
    console.open("dead_letters", cause=CAUSE)
    page = console.sign_in(key)
    links = {each.proto.label: each.proto for each in page.get("page_link")}
    assert not links["Retry this one"].disabled
    assert links["Skip the step, with evidence"].disabled
    assert "roles" in links["Skip the step, with evidence"].help


def test_a_retry_that_is_refused_is_told_in_the_apis_words(console: Console, stub: StubApi) -> None:
    refusal = problem(403, "forbidden", "Not allowed", "It is not safe to retry.", "Ask.")
    key, _ = stub.open_world(changes=[PARKED], failing={"/dead-letters/replays": refusal})
    console.open("dead_letters", cause=CAUSE)
    page = console.sign_in(key)
    assert "It is not safe to retry" in page.warning[0].value
    click(page, "Retry by cause")
    assert "It is not safe to retry" in page.error[0].value
