"""Steps the engine is backing off from: seen, tried at once, tried differently."""

import asyncio
from typing import Any

import pytest

from domain.identifiers import System
from tests.support.api import ApiUnderTest, new_key
from tests.support.factories import away
from tests.support.office import ROUTE, Office
from tests.support.polling import eventually

WHY = {"reason": "The vendor says it is back."}
STEP = "post_billing_change"


async def steps(office: Office, change_id: str) -> dict[str, dict[str, Any]]:
    answer = await office.api.client("support").get(f"{ROUTE}/{change_id}/live-steps")
    return {step["step"]: step for step in answer.raise_for_status().json()["steps"]}


async def backing_off(office: Office) -> str:
    """A change whose posting waits ten minutes for its next try."""
    office.world.billing.failures.plan_before("post_change", away(System.BILLING, for_seconds=600))
    change_id = await office.submitted()
    await office.reaches(change_id, "awaiting_approval")
    (await office.act(change_id, "approve")).raise_for_status()

    async def look() -> dict[str, dict[str, Any]]:
        return await steps(office, change_id)

    await eventually(look, lambda seen: STEP in seen and seen[STEP]["state"] == "backing_off")
    return change_id


async def test_a_step_that_backs_off_shows_its_tries_and_when_the_next_one_is(
    office: Office,
) -> None:
    change_id = await backing_off(office)

    step = (await steps(office, change_id))[STEP]

    assert (step["system"], step["attempts_left"]) == ("billing", None)
    assert step["attempt"] >= 2
    assert step["next_attempt_at"] > step["last_ended_at"]
    assert step["tried_until"] > step["next_attempt_at"]
    assert step["last_failure"]


async def test_trying_now_does_not_wait_for_the_back_off(office: Office) -> None:
    change_id = await backing_off(office)
    await office.world.open_gates()
    route = f"{ROUTE}/{change_id}/live-steps/{STEP}/actions/try_now"
    key = new_key()

    first = await office.api.client("support").post(route, json=WHY, headers=key)

    assert first.status_code == 200, first.text
    await office.reaches(change_id, "active")
    again = await office.api.client("support").post(route, json=WHY, headers=key)
    assert again.content == first.content
    assert again.headers["Idempotent-Replayed"] == "true"
    trail = await office.api.operator.get("/v1/audit", params={"action": "try_now"})
    (entry,) = trail.json()["items"]
    assert (entry["actor"], entry["reason"]) == ("support", WHY["reason"])
    assert entry["facts"]["step"] == STEP


async def test_the_same_click_at_once_is_answered_once_and_another_request_is_told(
    office: Office,
) -> None:
    change_id = await backing_off(office)
    route, key = f"{ROUTE}/{change_id}/live-steps/{STEP}/actions/change_tries", new_key()
    body = {**WHY, "attempts_left": 3}

    answers = await asyncio.gather(
        *(office.api.operator.post(route, json=body, headers=key) for _ in range(4)),
        office.api.operator.post(route, json={**WHY, "attempts_left": 5}, headers=key),
    )

    answered = [answer for answer in answers if answer.status_code == 200]
    reused = [answer.json()["code"] for answer in answers if answer.status_code != 200]
    assert len({answer.content for answer in answered}) == 1
    assert set(reused) == {"idempotency_key_reused"}
    trail = await office.api.operator.get("/v1/audit", params={"action": "change_tries"})
    assert len(trail.json()["items"]) == 1


async def test_a_step_may_be_given_so_many_further_tries(office: Office) -> None:
    change_id = await backing_off(office)
    before = (await steps(office, change_id))[STEP]

    answer = await office.api.operator.post(
        f"{ROUTE}/{change_id}/live-steps/{STEP}/actions/change_tries",
        json={**WHY, "attempts_left": 3, "longest_interval_seconds": 7},
        headers=new_key(),
    )

    (after,) = [step for step in answer.raise_for_status().json()["steps"] if step["step"] == STEP]
    assert before["attempts_left"] is None
    assert after["attempts_left"] == 3
    assert after["longest_interval_seconds"] == 7


@pytest.mark.parametrize(
    ("caller", "action", "status", "code"),
    [
        ("portal", "try_now", 403, "forbidden"),
        ("support", "change_tries", 403, "forbidden"),
        ("operator", "try_now", 409, "not_applicable"),
        ("operator", "change_tries", 422, "invalid_request"),
    ],
)
async def test_who_may_not_and_what_is_not_under_way_is_refused(
    api: ApiUnderTest, caller: str, action: str, status: int, code: str
) -> None:
    change = await api.accepted()

    answer = await api.client(caller).post(
        f"{ROUTE}/{change['id']}/live-steps/{STEP}/actions/{action}",
        json=WHY,
        headers=new_key(),
    )

    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_a_change_without_a_workflow_has_no_step_under_way(api: ApiUnderTest) -> None:
    change = await api.accepted()

    answer = await api.client("support").get(f"{ROUTE}/{change['id']}/live-steps")

    assert answer.json() == {
        "change_id": change["id"],
        "may": ["try_now"],
        "steps": [],
    }
