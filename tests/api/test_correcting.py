"""Corrections: what an operator may change, who must agree, and what becomes of what stands."""

from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from tests.support.api import new_key
from tests.support.office import Office

Sessions = async_sessionmaker[AsyncSession]
LATER = "2026-12-02"


async def test_a_correction_before_approval_is_checked_anew_and_voids_the_plan(
    office: Office,
) -> None:
    change_id = await office.submitted()
    before = await office.reaches(change_id, "awaiting_approval")

    answer = await office.act(change_id, "correct", changes={"requested_date": LATER})
    await office.reaches(change_id, "awaiting_approval")
    stale = await office.act(change_id, "approve", plan_sha256=before["plan"]["sha256"])

    assert (answer.status_code, answer.json()["requested_date"]) == (200, LATER)
    assert answer.json()["pending_decisions"] == []
    assert (stale.status_code, stale.json()["code"]) == (409, "stale_approval")
    assert (await office.act(change_id, "approve")).status_code == 200
    await office.reaches(change_id, "active")
    (visit,) = office.world.scheduling.appointments.values()
    assert visit.booking.on.isoformat() == LATER


@pytest.mark.parametrize(
    ("field", "owner"),
    [("services_held", "CRM"), ("recurring_charge", "billing"), ("change_status", "throughline")],
)
async def test_a_field_of_another_system_is_refused_with_its_owner_and_that_is_on_record(
    office: Office, field: str, owner: str
) -> None:
    change_id = await office.submitted()
    await office.reaches(change_id, "awaiting_approval")

    answer = await office.act(change_id, "correct", changes={field: "x"})

    body = answer.json()
    assert (answer.status_code, body["code"]) == (422, "field_not_owned")
    assert body["errors"] == [{"field": f"changes.{field}", "message": f"is owned by {owner}"}]
    assert await office.refusals(change_id) == [("operator", "correct")]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "changes"),
        ({"changes": {}}, "changes"),
        ({"changes": {"requested_date": "2026-12-01"}}, "changes"),
        ({"changes": {"requested_date": "soon"}}, "changes.requested_date"),
        ({"changes": {"colour": "red"}}, "changes.colour"),
        ({"changes": {"details": {"internet_service": "X.25"}}}, None),
        ({"changes": {"note": "n"}, "evidence": {"ticket": "T-1"}}, "evidence"),
    ],
)
async def test_a_wrong_correction_names_the_field(
    office: Office, body: dict[str, Any], field: str | None
) -> None:
    change_id = await office.submitted()
    await office.reaches(change_id, "awaiting_approval")

    answer = await office.act(change_id, "correct", **body)

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    fields = [problem["field"] for problem in answer.json()["errors"]]
    assert fields == [field or "changes.details.internet_service"]
    assert (await office.read(change_id))["requested_date"] == "2026-12-01"


async def test_after_billing_a_correction_waits_for_a_second_person_who_sees_the_difference(
    office: Office,
) -> None:
    change_id = await office.parked_at_the_crm()

    pending = await office.proposed(change_id, "correct", changes={"requested_date": LATER})
    shown = await office.read(change_id)
    queue = (await office.api.client("support").get("/v1/second-approvals")).json()["items"]
    account = (await office.api.operator.get(f"/v1/accounts/{shown['account_id']}")).json()
    confirmed = await office.second(change_id, pending)
    await office.reaches(change_id, "awaiting_approval")
    await office.act(change_id, "approve")
    change = await office.reaches(change_id, "active")

    assert shown["status"] == "needs_attention"
    assert pending["differences"] == [
        {"field": "requested_date", "before": "2026-12-01", "after": LATER}
    ]
    assert [item["id"] for item in queue] == [pending["id"]]
    assert queue[0]["change"]["id"] == change_id
    assert [item["id"] for item in account["pending_decisions"]] == [pending["id"]]
    assert confirmed.status_code == 200
    keys = {
        effect["idempotency_key"].removeprefix(change_id): effect["status"]
        for effect in change["effects"]
    }
    assert keys == {
        ":post_billing_change:1:1": "reversed",
        ":book_appointment:1:1": "reversed",
        ":update_services:1:1": "skipped",
        ":release_appointment:1:1": "applied",
        ":reverse_billing_change:1:1": "applied",
        ":post_billing_change:1:2": "applied",
        ":book_appointment:1:2": "applied",
        ":update_services:1:2": "applied",
    }
    amounts = [line.amount_minor for line in office.world.billing.lines.values()]
    assert amounts == [2500, -2500, 2500]


async def test_nobody_confirms_what_they_proposed(office: Office) -> None:
    change_id = await office.parked_at_the_crm()
    pending = await office.proposed(change_id, "reject")

    own = await office.second(change_id, pending, caller="operator")
    support = await office.second(change_id, pending, caller="support")

    assert (own.status_code, own.json()["code"]) == (403, "forbidden")
    assert "ask a colleague" in own.json()["detail"]
    assert support.status_code == 403
    assert ("operator", "second_approval") in await office.refusals(change_id)
    assert (await office.read(change_id))["status"] == "needs_attention"


@pytest.mark.parametrize(
    ("caller", "allowed", "why"),
    [
        ("second_operator", True, None),
        ("operator", False, "Nobody confirms what they proposed; ask a colleague."),
        ("support", False, "A second approval needs one of the roles: admin, operator."),
    ],
)
async def test_the_queue_tells_each_reader_whether_they_may_be_the_second_person(
    office: Office, caller: str, allowed: bool, why: str | None
) -> None:
    change_id = await office.parked_at_the_crm()
    pending = await office.proposed(change_id, "reject")

    read = office.api.client(caller).get
    (mine,) = (await read("/v1/second-approvals", params={"change_id": change_id})).json()["items"]
    others = (await read("/v1/second-approvals", params={"change_id": "chg_other"})).json()["items"]

    assert (mine["id"], mine["sha256"]) == (pending["id"], pending["sha256"])
    assert mine["caller"] == {"action": "reject", "allowed": allowed, "reason": why}
    assert others == []


async def test_a_confirmation_of_something_else_than_what_stands_now_is_stale(
    office: Office,
) -> None:
    change_id = await office.parked_at_the_crm()
    pending = await office.proposed(change_id, "reject")
    await office.upload(change_id, b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + b"\x00" * 17)

    stale = await office.second(change_id, pending)
    (again,) = (await office.read(change_id))["pending_decisions"]
    fresh = await office.second(change_id, again)

    assert (stale.status_code, stale.json()["code"]) == (409, "stale_approval")
    assert fresh.status_code == 200
    await office.reaches(change_id, "rejected")


async def test_a_declined_proposal_does_nothing_and_makes_room(office: Office) -> None:
    change_id = await office.parked_at_the_crm()
    pending = await office.proposed(change_id, "reject")
    blocked = await office.act(change_id, "cancel", caller="admin")

    declined = await office.second(change_id, pending, verdict="decline")
    late = await office.second(change_id, pending, caller="admin")
    room = await office.proposed(change_id, "cancel")

    assert (blocked.status_code, blocked.json()["code"]) == (409, "not_applicable")
    assert declined.json()["pending_decisions"] == []
    assert (late.status_code, late.json()["code"]) == (409, "not_applicable")
    assert room["action"] == "cancel"


async def test_a_confirmation_repeated_gets_the_first_answer(office: Office) -> None:
    change_id = await office.parked_at_the_crm()
    pending = await office.proposed(change_id, "reject")
    key = new_key()

    first = await office.second(change_id, pending, headers=key)
    await office.reaches(change_id, "rejected")
    again = await office.second(change_id, pending, headers=key)

    assert again.content == first.content
    assert again.headers["idempotent-replayed"] == "true"


async def test_a_proposal_that_nobody_answered_in_a_day_makes_room(
    office: Office, sessions: Sessions
) -> None:
    change_id = await office.parked_at_the_crm()
    pending = await office.proposed(change_id, "reject")
    async with sessions.begin() as session:
        await session.execute(text("UPDATE decisions SET expires_at = at"))

    late = await office.second(change_id, pending)
    room = await office.proposed(change_id, "cancel", caller="second_operator")

    assert (late.status_code, late.json()["code"]) == (409, "not_applicable")
    assert room["proposed_by"] == "second_operator"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE decisions SET second_actor = actor",
        "UPDATE decisions SET state = 'given'",
        "UPDATE decisions SET state = 'taken'",
        "UPDATE decisions SET action = 'approve', actor = submitted_by",
        "UPDATE decisions SET action = 'apply_revision', actor = submitted_by",
    ],
)
async def test_the_database_itself_refuses_one_person_for_two(
    office: Office, sessions: Sessions, statement: str
) -> None:
    change_id = await office.parked_at_the_crm()
    pending = await office.proposed(change_id, "reject")

    with pytest.raises(IntegrityError, match="ck_decisions_"):
        async with sessions.begin() as session:
            await session.execute(text(f"{statement} WHERE id = :id"), {"id": pending["id"]})


async def test_neither_reason_nor_correction_reaches_the_engine(office: Office) -> None:
    change_id = await office.submitted()
    await office.reaches(change_id, "awaiting_approval")

    await office.act(
        change_id, "correct", reason="Mrs Example rang", changes={"note": "Mrs Example"}
    )
    await office.reaches(change_id, "awaiting_approval")
    handle = office.world.client.get_workflow_handle(f"service-change/{change_id}")
    history = (await handle.fetch_history()).to_json()

    assert "Example" not in history
    audit = (await office.api.operator.get("/v1/audit", params={"change_id": change_id})).json()
    assert "Mrs Example rang" in {entry["reason"] for entry in audit["items"]}
