"""Decisions through the API, with the real workflow behind it and vendors in memory."""

import asyncio
import json
from collections.abc import AsyncIterator
from hashlib import sha256
from typing import Any

import pytest
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from adapters.postgres.tables import IdempotencyKeyRow
from adapters.postgres.tables_desk import DecisionRow
from domain.service_change import ChangeStatus
from tests.support.api import PNG, ApiUnderTest, new_key
from tests.support.office import FIBER, ROUTE, Office
from tests.support.polling import eventually

Sessions = async_sessionmaker[AsyncSession]


async def test_an_approved_change_becomes_active(office: Office) -> None:
    change_id = await office.submitted()
    asked = await office.reaches(change_id, "awaiting_approval")

    answer = await office.act(
        change_id,
        "approve",
        plan_sha256=asked["plan"]["sha256"],
        document_sha256=asked["plan"]["document_sha256"],
    )

    assert answer.status_code == 200
    assert answer.json()["status"] in {"applying", "active"}
    change = await office.reaches(change_id, "active")
    assert {effect["status"] for effect in change["effects"]} == {"applied"}
    answers = (await office.api.portal.get(f"{ROUTE}/{change_id}/answers")).json()
    assert answers["succeeded"]["succeeded"] is True
    assert {sent["system"] for sent in answers["sent"]} == {"billing", "scheduling", "crm"}


async def test_a_repeated_decision_is_answered_with_the_first_answer(office: Office) -> None:
    change_id = await office.submitted()
    await office.reaches(change_id, "awaiting_approval")
    key = new_key()

    first = await office.act(change_id, "approve", headers=key)
    await office.reaches(change_id, "active")
    again = await office.act(change_id, "approve", headers=key)
    other = await office.act(change_id, "cancel", headers=key)

    assert again.content == first.content
    assert again.headers["idempotent-replayed"] == "true"
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert await office.refusals(change_id) == []


async def test_a_decision_whose_answer_was_lost_is_answered_when_asked_again(
    office: Office, sessions: Sessions
) -> None:
    change_id = await office.submitted()
    await office.reaches(change_id, "awaiting_approval")
    key = new_key()
    await office.act(change_id, "approve", headers=key)
    await office.reaches(change_id, "active")
    async with sessions.begin() as session:  # as if the API had died before it could keep it
        await session.execute(
            delete(IdempotencyKeyRow).where(IdempotencyKeyRow.key == key["Idempotency-Key"])
        )

    again = await office.act(change_id, "approve", headers=key)

    assert (again.status_code, again.json()["status"]) == (200, "active")
    assert await office.refusals(change_id) == []


async def test_the_same_decision_ten_times_at_once_is_taken_once(
    office: Office, sessions: Sessions
) -> None:
    change_id = await office.submitted()
    await office.reaches(change_id, "awaiting_approval")
    key = new_key()

    answers = await asyncio.gather(
        *(office.act(change_id, "approve", headers=key) for _ in range(10))
    )

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    async with sessions() as session:
        assert len(list(await session.scalars(select(DecisionRow)))) == 1


async def test_of_two_operators_at_once_one_decides(office: Office) -> None:
    change_id = await office.submitted()
    await office.reaches(change_id, "awaiting_approval")

    answers = await asyncio.gather(
        office.act(change_id, "approve"),
        office.act(change_id, "reject", caller="second_operator"),
    )

    statuses = sorted(answer.status_code for answer in answers)
    # A rejection just after an approval is applicable, too: it undoes what was begun.
    assert statuses in ([200, 200], [200, 409])
    assert all(answer.status_code == 200 or answer.json()["code"] for answer in answers)


async def test_the_submitter_does_not_approve(office: Office) -> None:
    change_id = await office.submitted(caller="operator")
    await office.reaches(change_id, "awaiting_approval")

    own = await office.act(change_id, "approve")
    colleague = await office.act(change_id, "approve", caller="second_operator")

    assert (own.status_code, own.json()["code"]) == (403, "forbidden")
    assert "colleague" in own.json()["detail"]
    assert colleague.status_code == 200
    assert await office.refusals(change_id) == [("operator", "approve")]


@pytest.mark.parametrize(
    ("caller", "action"),
    [
        ("portal", "approve"),
        ("portal", "reject"),
        ("portal", "retry"),
        ("support", "approve"),
        ("support", "reject"),
        ("support", "cancel"),
    ],
)
async def test_who_may_not_is_refused_by_role_and_that_is_on_record(
    idle_office: Office, caller: str, action: str
) -> None:
    change_id = await idle_office.submitted()

    answer = await idle_office.act(change_id, action, caller=caller)

    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert await idle_office.refusals(change_id) == [(caller, action)]


async def test_what_does_not_fit_the_status_is_refused_naming_it(office: Office) -> None:
    change_id = await office.submitted(document=None)
    await office.reaches(change_id, "incomplete")

    early = await office.act(change_id, "approve")
    rejected = await office.act(change_id, "reject")
    await office.reaches(change_id, "rejected")
    late = [await office.act(change_id, action) for action in ("approve", "cancel", "retry")]

    assert rejected.status_code == 200
    for answer, status in [(early, "incomplete"), *((each, "rejected") for each in late)]:
        body = answer.json()
        assert (answer.status_code, body["code"]) == (409, "not_applicable")
        assert status in body["detail"]
    assert len(await office.refusals(change_id)) == 4


@pytest.mark.parametrize("field", ["plan_sha256", "document_sha256"])
async def test_an_approval_of_something_else_is_stale(office: Office, field: str) -> None:
    change_id = await office.submitted()
    await office.reaches(change_id, "awaiting_approval")

    other: dict[str, Any] = {field: "0" * 64}
    answer = await office.act(change_id, "approve", **other)

    assert (answer.status_code, answer.json()["code"]) == (409, "stale_approval")
    assert await office.refusals(change_id) == [("operator", "approve")]


async def test_an_approval_is_stale_from_the_moment_a_new_document_is_there(
    office: Office,
) -> None:
    change_id = await office.submitted()
    await office.reaches(change_id, "awaiting_approval")
    revision = PNG + b"revised"
    await office.api.portal.post(
        f"{ROUTE}/{change_id}/documents", files={"document": ("b.png", revision)}
    )

    # The relay has not told the workflow yet.
    answer = await office.act(change_id, "approve")
    assert (answer.status_code, answer.json()["code"]) == (409, "stale_approval")

    async def renewed() -> str:
        await office.relay.dispatch()
        change = (await office.api.operator.get(f"{ROUTE}/{change_id}")).json()
        return str(change["plan"]["document_sha256"])

    await eventually(renewed, lambda seen: seen == sha256(revision).hexdigest())
    await office.reaches(change_id, "awaiting_approval")
    assert (await office.act(change_id, "approve")).status_code == 200


async def test_the_portal_cancels_its_own_before_approval(office: Office) -> None:
    change_id = await office.submitted()
    await office.reaches(change_id, "awaiting_approval")

    answer = await office.act(change_id, "cancel", caller="portal")

    assert answer.status_code == 200
    await office.reaches(change_id, "cancelled")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"reason": ""}, "reason"),
        ({"reason": "   "}, "reason"),
        ({"reason": "x" * 1001}, "reason"),
        ({"reason": "a\x00b"}, "reason"),
        ({"reason": "\ud800"}, "reason"),
        ({"plan_sha256": "short"}, "plan_sha256"),
        ({"document_sha256": "\x00" * 64}, "document_sha256"),
        ({"colour": "red"}, "colour"),
    ],
)
async def test_a_wrong_field_of_a_decision_is_named(
    api: ApiUnderTest, body: dict[str, str], field: str
) -> None:
    change = await api.accepted()
    headers = new_key() | {"Content-Type": "application/json"}
    answer = await api.operator.post(
        f"{ROUTE}/{change['id']}/actions/cancel",
        content=json.dumps({"reason": "As agreed."} | body),
        headers=headers,
    )

    assert answer.status_code == 422
    assert [problem["field"] for problem in answer.json()["errors"]] == [field]


async def test_a_decision_needs_a_key_a_reason_and_a_known_action(api: ApiUnderTest) -> None:
    change = await api.accepted()
    actions = f"{ROUTE}/{change['id']}/actions"

    keyless = await api.operator.post(f"{actions}/cancel", json={"reason": "As agreed."})
    without_reason = await api.operator.post(f"{actions}/cancel", json={}, headers=new_key())
    unknown = await api.operator.post(f"{actions}/bless", json={"reason": "?"}, headers=new_key())

    assert keyless.json()["code"] == "idempotency_key_missing"
    assert without_reason.json()["errors"][0]["field"] == "reason"
    assert unknown.json()["errors"][0]["field"] == "action"


async def test_an_endless_decision_is_refused(api: ApiUnderTest) -> None:
    change = await api.accepted()
    sent: list[int] = []

    async def endless() -> AsyncIterator[bytes]:
        yield b'{"reason": "'
        for _ in range(10_000):
            sent.append(65536)
            yield b"x" * 65536

    answer = await api.operator.post(
        f"{ROUTE}/{change['id']}/actions/cancel",
        content=endless(),
        headers=new_key() | {"Content-Type": "application/json"},
    )

    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
    assert sum(sent) < 1024 * 1024


async def test_a_change_not_yet_begun_is_decided_later_not_refused(idle_office: Office) -> None:
    change = await idle_office.api.accepted(FIBER)

    answer = await idle_office.act(change["id"], "cancel")

    assert (answer.status_code, answer.json()["code"]) == (503, "nobody_answers")
    assert answer.headers["retry-after"]
    assert await idle_office.refusals(change["id"]) == []


async def test_without_a_worker_a_decision_is_told_so_and_taken_once_there_is_one(
    idle_office: Office,
) -> None:
    change_id = await idle_office.submitted()
    key = new_key()

    answer = await idle_office.act(change_id, "cancel", headers=key)
    assert (answer.status_code, answer.json()["code"]) == (503, "nobody_answers")
    assert answer.json()["retryable"] is True

    async with idle_office.world.working():
        again = await idle_office.act(change_id, "cancel", headers=key)
        assert again.status_code == 200, again.text
        change = await idle_office.reaches(change_id, ChangeStatus.CANCELLED)
    assert change["effects"] == []
