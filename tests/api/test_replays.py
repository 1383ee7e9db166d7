"""Replays of dead letters through the API, with real workflows and vendors in memory."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from adapters.postgres.tables import ApiKeyRow
from adapters.postgres.tables_desk import DecisionRow, ReplayRow
from adapters.postgres.tables_operations import VendorGateRow
from adapters.temporal.runs import WorkflowRuns
from domain.identifiers import workflow_id
from tests.support.api import PNG, new_key
from tests.support.office import Office
from tests.support.polling import eventually
from tests.support.replays import CREDENTIAL, ROUTE, Desk, counts, states
from worker.lost_workflows import sweep_replays

Sessions = async_sessionmaker[AsyncSession]


@pytest.fixture
def desk(office: Office) -> Desk:
    return Desk(office)


async def test_a_dry_run_starts_nothing_and_names_the_rule_for_each(
    desk: Desk, sessions: Sessions
) -> None:
    claimed = await desk.parked(1)
    running = await desk.replay()
    await desk.steer(running, "suspend")
    free = await desk.parked(1)
    revised = await desk.office.held_for_a_revision(PNG + b"revised")
    everything = {"opened_before": "2100-01-01T00:00:00Z"}

    answer = await desk.ask(dry_run=True, filter=everything)

    replay = answer.json()
    assert (answer.status_code, replay["state"], replay["workflow_id"]) == (202, "dry_run", None)
    found = {item["change_id"]: (item["eligible"], item["rule"]) for item in replay["items"]}
    assert found == {
        claimed[0]: (False, "in_another_replay"),
        free[0]: (True, "may_be_retried"),
        revised: (False, "revision_pending"),
    }
    details = {item["change_id"]: item["detail"] for item in replay["items"]}
    assert running["id"] in details[claimed[0]]
    assert "version 2 waits for a decision" in details[revised]
    assert counts(replay) == {"eligible": 1, "not_eligible": 2}
    assert replay["finished_at"] is not None
    assert (await desk.office.read(free[0]))["status"] == "needs_attention"
    async with sessions() as session:
        retried = select(DecisionRow).where(DecisionRow.action == "retry")
        assert [row.change_id for row in await session.scalars(retried)] == [revised]


async def test_what_is_selected_is_frozen_when_it_is_asked_for(desk: Desk) -> None:
    first = await desk.parked(2)
    replay = await desk.replay()
    await desk.steer(replay, "suspend")
    later = await desk.parked(1)
    await desk.steer(replay, "resume")

    done = await desk.finished(replay)

    assert [item["change_id"] for item in done["items"]] == first
    assert (done["state"], counts(done)) == ("done", {"succeeded": 2})
    for change_id in first:
        await desk.office.reaches(change_id, "awaiting_approval")
    assert (await desk.office.read(later[0]))["status"] == "needs_attention"


async def test_one_then_ten_then_the_rest_each_once_the_ones_before_are_judged(desk: Desk) -> None:
    changes = await desk.parked(14)
    answer = await desk.ask(reason="The credential was renewed.")
    replay = answer.json()
    assert answer.headers["location"] == f"{ROUTE}/{replay['id']}"

    done = await desk.finished(replay)

    items = done["items"]
    assert [item["change_id"] for item in items] == changes
    assert [item["stage"] for item in items] == [1, *[2] * 10, *[3] * 3]
    assert set(states(done)) == {"succeeded"}
    assert [stage["succeeded"] for stage in done["stages"]] == [1, 10, 3]
    for stage in (2, 3):
        judged = max(item["finished_at"] for item in items if item["stage"] < stage)
        begun = min(item["started_at"] for item in items if item["stage"] == stage)
        assert begun >= judged
    for change_id in changes:
        (entry,) = await desk.retries(change_id)
        assert (entry["actor"], entry["outcome"]) == ("operator", "done")
        assert entry["facts"]["replay"] == replay["id"]
        assert entry["reason"] == f"The credential was renewed. (replay {replay['id']})"


async def test_it_stops_itself_when_the_first_one_fails_and_frees_the_others(desk: Desk) -> None:
    changes = await desk.parked(4)
    replay = await desk.replay()

    with desk.refused():  # the cause is not mended after all
        stopped = await desk.finished(replay)

    assert stopped["state"] == "stopped"
    assert "the first one failed" in stopped["sentence"]
    assert states(stopped) == ["failed", "not_reached", "not_reached", "not_reached"]
    assert "for the same cause" in stopped["items"][0]["detail"]
    assert [await desk.retries(change_id) != [] for change_id in changes] == [True, *[False] * 3]
    again = await desk.finished(await desk.replay())
    assert (again["state"], counts(again)) == ("done", {"succeeded": 4})
    audit = await desk.office.api.operator.get(
        "/v1/audit", params={"correlation_id": stopped["correlation_id"]}
    )
    assert [entry["action"] for entry in audit.json()["items"]] == ["stop_replay", "replay"]


async def test_a_suspended_replay_retries_nothing_until_it_is_resumed(desk: Desk) -> None:
    changes = await desk.parked(3)
    replay = await desk.replay()

    suspended = await desk.steer(replay, "suspend", caller="second_operator")
    again = await desk.steer(replay, "suspend")
    await desk.office.relay.dispatch()
    handle = desk.office.world.client.get_workflow_handle(replay["workflow_id"])
    await eventually(  # its workflow has looked at the record, more than once
        handle.fetch_history,
        lambda seen: sum(event.event_type == 12 for event in seen.events) > 1,
    )
    seen = await desk.read(replay)
    resumed = await desk.steer(replay, "resume")
    done = await desk.finished(replay)

    assert (suspended.status_code, suspended.json()["state"]) == (200, "suspended")
    assert "second_operator" in suspended.json()["sentence"]
    assert (again.status_code, again.json()["code"]) == (409, "not_applicable")
    assert set(states(seen)) == {"waiting"}
    assert resumed.json()["state"] == "running"
    assert (done["state"], counts(done)) == ("done", {"succeeded": len(changes)})


async def test_a_cancelled_replay_leaves_what_had_no_turn(desk: Desk) -> None:
    await desk.parked(3)
    replay = await desk.replay()
    key = new_key()

    cancelled = await desk.steer(replay, "cancel", headers=key)
    repeated = await desk.steer(replay, "cancel", headers=key)
    late = await desk.steer(replay, "resume")
    ended = await desk.finished(replay)

    assert (ended["state"], set(states(ended))) == ("cancelled", {"not_reached"})
    assert repeated.content == cancelled.content
    assert repeated.headers["idempotent-replayed"] == "true"
    assert (late.status_code, late.json()["code"]) == (409, "not_applicable")
    assert "cancelled" in late.json()["detail"]
    free = await desk.replay(dry_run=True)
    assert counts(free) == {"eligible": 3}


async def test_another_worker_goes_on_and_nothing_is_retried_twice(
    idle_office: Office, sessions: Sessions
) -> None:
    desk = Desk(idle_office)
    world = idle_office.world
    async with world.working():
        changes = await desk.parked(13)
        replay = await desk.replay()
        await idle_office.relay.dispatch()
        await eventually(lambda: desk.read(replay), lambda seen: seen["counts"]["succeeded"] > 3)
    in_between = await desk.read(replay)

    async with world.working():
        done = await desk.finished(replay)

    assert in_between["finished_at"] is None
    assert (done["state"], counts(done)) == ("done", {"succeeded": 13})
    async with sessions() as session:
        retried = select(DecisionRow.change_id).where(DecisionRow.action == "retry")
        assert sorted(await session.scalars(retried)) == sorted(changes)
    for change_id in changes:
        assert len(await desk.retries(change_id)) == 1


async def test_a_replay_whose_workflow_was_lost_goes_on_by_a_further_run(
    desk: Desk, sessions: Sessions
) -> None:
    await desk.parked(3)
    replay = await desk.replay()
    await desk.steer(replay, "suspend")
    await desk.office.relay.dispatch()
    handle = desk.office.world.client.get_workflow_handle(replay["workflow_id"])
    await handle.terminate("lost")
    await desk.steer(replay, "resume")

    found = await sweep_replays(
        sessions, WorkflowRuns(desk.office.world.client), desk.office.world.clock
    )
    done = await desk.finished(replay)

    assert found == [replay["id"]]
    assert (done["state"], counts(done)) == ("done", {"succeeded": 3})


async def test_the_same_request_again_is_the_same_replay(desk: Desk, sessions: Sessions) -> None:
    await desk.parked(2)
    key = new_key()

    answers = await asyncio.gather(*(desk.ask(headers=key) for _ in range(10)))
    other = await desk.ask(headers=key, reason="Another.")

    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.content for answer in answers}) == 1
    assert len({answer.headers["location"] for answer in answers}) == 1
    assert sum("idempotent-replayed" in answer.headers for answer in answers) == 9
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    async with sessions() as session:
        assert await session.scalar(select(func.count()).select_from(ReplayRow)) == 1


async def test_of_two_replays_at_once_each_dead_letter_belongs_to_one(desk: Desk) -> None:
    await desk.parked(3)

    answers = await asyncio.gather(desk.ask(), desk.ask(caller="second_operator"))

    found = sorted(str(counts(answer.json())) for answer in answers)
    assert found == [str({"not_eligible": 3}), str({"waiting": 3})]


@pytest.mark.parametrize("caller", ["portal", "partner"])
async def test_who_may_not_retry_may_not_replay_and_that_is_on_record(
    desk: Desk, caller: str
) -> None:
    answer = await desk.ask(caller=caller)

    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    audit = await desk.office.api.operator.get("/v1/audit", params={"actor": caller})
    assert [(entry["action"], entry["outcome"]) for entry in audit.json()["items"]] == [
        ("replay", "refused")
    ]


async def test_support_replays_what_is_safe_and_nothing_else(desk: Desk) -> None:
    await desk.parked(1)
    safe = await desk.ask(caller="support")
    foreign = await desk.replay(dry_run=True)
    steered = await desk.steer(foreign, "cancel", caller="support")
    revised = await desk.office.held_for_a_revision(PNG + b"revised")

    unsafe = await desk.ask(caller="support", filter={"code": "revision_pending"})
    looked = await desk.ask(caller="support", filter={"code": "revision_pending"}, dry_run=True)

    assert safe.status_code == 202
    assert (steered.status_code, steered.json()["code"]) == (403, "forbidden")
    assert (unsafe.status_code, unsafe.json()["code"]) == (403, "forbidden")
    assert revised in unsafe.json()["detail"]
    assert looked.status_code == 202


async def test_rights_taken_away_meanwhile_end_it(desk: Desk, sessions: Sessions) -> None:
    changes = await desk.parked(2)
    replay = await desk.replay()
    async with sessions.begin() as session:
        await session.execute(
            update(ApiKeyRow)
            .where(ApiKeyRow.principal == "operator")
            .values(disabled_at=func.now())
        )

    await desk.office.relay.dispatch()
    desk.office.api.parts.keys.clear()
    answer = await eventually(
        lambda: desk.office.api.client("admin").get(f"{ROUTE}/{replay['id']}"),
        lambda seen: seen.json()["finished_at"] is not None,
    )

    assert answer.json()["state"] == "stopped"
    assert "operator may no longer act" in answer.json()["sentence"]
    assert set(states(answer.json())) == {"not_reached"}
    assert len(changes) == 2


async def test_what_moved_on_before_its_turn_is_passed_over(desk: Desk) -> None:
    first, second = await desk.parked(2)
    replay = await desk.replay()
    await desk.office.act(first, "reject")
    await desk.office.reaches(first, "rejected")

    done = await desk.finished(replay)

    assert done["state"] == "done"
    assert [(item["state"], item["rule"], item["stage"]) for item in done["items"]] == [
        ("passed_over", "moved_on", None),
        ("succeeded", "may_be_retried", 1),
    ]
    assert await desk.retries(first) == []
    assert len(await desk.retries(second)) == 1


async def test_a_change_whose_workflow_is_gone_goes_on_by_a_further_run(desk: Desk) -> None:
    (lost,) = await desk.parked(1)
    world = desk.office.world
    await world.client.get_workflow_handle(workflow_id(lost)).terminate("lost")

    done = await desk.finished(await desk.replay())

    assert (done["state"], states(done)) == ("done", ["succeeded"])
    await desk.office.reaches(lost, "awaiting_approval")


async def test_a_vendor_that_wants_to_be_left_alone_is(desk: Desk, sessions: Sessions) -> None:
    await desk.parked(2)
    async with sessions.begin() as session:
        gate = await session.get_one(VendorGateRow, "crm")
        gate.closed_until = func.now() + timedelta(seconds=1.5)
    async with sessions() as session:
        until = await session.scalar(select(VendorGateRow.closed_until))
    replay = await desk.replay()

    async def begun() -> tuple[datetime | None, dict[str, Any]]:
        await desk.office.relay.dispatch()
        async with sessions() as session:
            now = await session.scalar(select(func.now()))
        return now, await desk.read(replay)

    now, _ = await eventually(begun, lambda seen: "waiting" not in states(seen[1])[:1])
    done = await desk.finished(replay)

    assert now is not None
    assert until is not None
    assert now >= until
    assert counts(done) == {"succeeded": 2}


async def test_forty_are_brought_to_an_end_by_their_cause(desk: Desk) -> None:
    changes = await desk.parked(40)
    (cause,) = (await desk.office.api.operator.get("/v1/dead-letters")).json()["items"]
    assert cause["count"] == 40

    replay = await desk.replay(fingerprint=cause["fingerprint"], filter={})
    done = await desk.finished(replay)

    assert (done["state"], counts(done)) == ("done", {"succeeded": 40})
    assert sorted(item["change_id"] for item in done["items"]) == sorted(changes)
    left = await desk.office.api.operator.get("/v1/dead-letters")
    assert left.json()["items"] == []


async def test_replays_are_listed_newest_first_and_their_items_are_paged(desk: Desk) -> None:
    await desk.parked(3)
    made = [(await desk.replay(dry_run=True))["id"] for _ in range(3)]
    client = desk.office.api.client("support")

    first = (await client.get(ROUTE, params={"limit": 2})).json()
    rest = (await client.get(ROUTE, params={"limit": 2, "cursor": first["next_cursor"]})).json()
    some = (await client.get(f"{ROUTE}/{made[0]}", params={"limit": 2})).json()
    others = (
        await client.get(f"{ROUTE}/{made[0]}", params={"limit": 2, "cursor": some["next_cursor"]})
    ).json()
    bad = await client.get(f"{ROUTE}/{made[0]}", params={"cursor": "nonsense"})
    unknown = await client.get(f"{ROUTE}/rpl_nothing")

    assert [item["id"] for item in first["items"] + rest["items"]] == list(reversed(made))
    assert rest["next_cursor"] is None
    assert [item["position"] for item in some["items"] + others["items"]] == [1, 2, 3]
    assert others["next_cursor"] is None
    assert (bad.status_code, unknown.status_code) == (422, 404)
    hidden = await desk.office.api.portal.get(ROUTE)
    assert hidden.status_code == 403


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"filter": {}}, "fingerprint"),
        ({"filter": {"colour": "red"}}, "filter.colour"),
        ({"filter": {"opened_before": "2026-01-01T00:00:00"}}, "filter.opened_before"),
        ({"reason": ""}, "reason"),
        ({"fingerprint": "\x00"}, "fingerprint"),
    ],
)
async def test_a_wrong_field_of_a_replay_is_named(
    idle_office: Office, body: dict[str, Any], field: str
) -> None:
    answer = await Desk(idle_office).ask(**body)

    assert answer.status_code == 422
    assert [problem["field"] for problem in answer.json()["errors"]] == [field]


async def test_nothing_selected_is_done_at_once(idle_office: Office) -> None:
    replay = await Desk(idle_office).replay(**CREDENTIAL)

    assert (replay["state"], replay["items"]) == ("done", [])
    assert replay["sentence"] == "0 of 0 selected may be retried."
