"""Revised documents: before the approval, while it is applied, after billing, after the end."""

import asyncio
from typing import Any

import pytest

from domain.errors import VendorRejectedError
from domain.identifiers import System
from http_client import Response
from tests.support.api import PNG
from tests.support.office import Office
from tests.support.polling import eventually

REVISED = PNG + b"revised"
OPEN = ("checking", "awaiting_approval")


def states(change: dict[str, Any]) -> list[str]:
    return [version["state"] for version in change["document_versions"]]


async def test_a_document_that_comes_while_it_is_applied_lets_the_step_end_and_then_holds(
    office: Office,
) -> None:
    change_id = await office.held_for_a_revision(REVISED)

    change = await office.read(change_id)
    retry = await office.act(change_id, "retry")

    assert states(change) == ["current", "pending_review"]
    assert (change["status"], change["failure"]["owner"]) == ("needs_attention", "operations")
    assert (retry.status_code, retry.json()["code"]) == (409, "not_applicable")
    assert {effect["document_version"] for effect in change["effects"]} == {1}


async def test_applying_a_revision_reverses_and_posts_what_differs_under_the_new_version(
    office: Office,
) -> None:
    change_id = await office.held_for_a_revision(REVISED)

    answer = await office.act(change_id, "apply_revision")
    change = await office.reaches(change_id, "active")

    assert answer.status_code == 200
    assert states(change) == ["superseded", "current"]
    keys = {
        effect["idempotency_key"].removeprefix(change_id): effect["status"]
        for effect in change["effects"]
    }
    assert keys == {
        ":post_billing_change:1:1": "reversed",
        ":reverse_billing_change:1:1": "applied",
        ":post_billing_change:2:1": "applied",
        ":book_appointment:1:1": "applied",  # a document asks nothing else of these two
        ":update_services:1:1": "applied",
    }
    answers = (await office.api.operator.get(f"/v1/service-changes/{change_id}/answers")).json()
    held = {
        each["system"]: each["document_version"]
        for each in answers["payload_version"]
        if each["status"] == "applied"
    }
    assert held == {"billing": 2, "scheduling": 1, "crm": 1}
    amounts = [line.amount_minor for line in office.world.billing.lines.values()]
    assert amounts == [2500, -2500, 2500]


async def test_discarding_a_revision_goes_on_with_the_version_that_was_approved(
    office: Office,
) -> None:
    change_id = await office.held_for_a_revision(REVISED)

    await office.act(change_id, "discard_revision", reason="Scanned twice.")
    change = await office.reaches(change_id, "active")

    assert states(change) == ["current", "discarded"]
    assert [line.amount_minor for line in office.world.billing.lines.values()] == [2500]
    audit = (await office.api.operator.get("/v1/audit", params={"change_id": change_id})).json()
    (entry,) = (e for e in audit["items"] if e["action"] == "discard_revision")
    assert (entry["reason"], entry["facts"]["document_version"]) == ("Scanned twice.", 2)


async def active(office: Office) -> str:
    change_id = await office.submitted()
    await office.reaches(change_id, "awaiting_approval")
    await office.act(change_id, "approve")
    await office.reaches(change_id, "active")
    return change_id


async def test_after_the_end_nothing_moves_until_somebody_decides(office: Office) -> None:
    change_id = await active(office)
    upload = await office.upload(change_id, REVISED)
    await office.relay.dispatch()

    change = await office.read(change_id)

    assert upload.json()["state"] == "pending_review"
    assert (change["status"], states(change)) == ("active", ["current", "pending_review"])
    assert "version 2 waits for a decision" in change["next_action"]
    assert len(office.world.billing.lines) == 1


@pytest.mark.parametrize("action", ["apply_revision", "discard_revision"])
async def test_a_revision_is_decided_upon_after_the_end_too(office: Office, action: str) -> None:
    change_id = await active(office)
    await office.upload(change_id, REVISED)

    answer = await office.act(change_id, action)

    async def settled() -> dict[str, Any]:
        await office.relay.dispatch()
        return await office.read(change_id)

    applied = action == "apply_revision"
    lines = 3 if applied else 1
    change = await eventually(
        settled,
        lambda seen: (
            seen["status"] == "active"
            and "pending_review" not in states(seen)
            and len(office.world.billing.lines) == lines
        ),
    )
    assert answer.status_code == 200
    assert states(change) == (["superseded", "current"] if applied else ["current", "discarded"])
    assert change["next_action"] is None


@pytest.mark.parametrize("action", ["apply_revision", "discard_revision"])
async def test_a_decision_about_another_version_than_the_one_that_waits_is_stale(
    office: Office, action: str
) -> None:
    change_id = await active(office)
    await office.upload(change_id, REVISED)
    await office.upload(change_id, REVISED + b" once more")

    stale = await office.act(change_id, action, document_version=2)

    assert (stale.status_code, stale.json()["code"]) == (409, "stale_approval")
    assert states(await office.read(change_id)) == ["current", "pending_review", "pending_review"]
    assert (await office.act(change_id, "discard_revision", document_version=3)).status_code == 200
    assert states(await office.read(change_id)) == ["current", "discarded", "discarded"]


async def test_the_submitter_does_not_apply_a_revision(office: Office) -> None:
    change_id = await office.submitted(caller="operator")
    await office.reaches(change_id, "awaiting_approval")
    await office.act(change_id, "approve", caller="admin")
    await office.reaches(change_id, "active")
    await office.upload(change_id, REVISED, caller="operator")

    own = await office.act(change_id, "apply_revision")

    assert (own.status_code, own.json()["code"]) == (403, "forbidden")


async def test_a_revision_decided_twice_at_once_is_applied_once(office: Office) -> None:
    change_id = await active(office)
    await office.upload(change_id, REVISED)

    async def relaying() -> None:
        for _ in range(40):
            await office.relay.dispatch()
            await asyncio.sleep(0.05)

    answers, _ = await asyncio.gather(
        asyncio.gather(
            office.act(change_id, "apply_revision"),
            office.act(change_id, "discard_revision", caller="second_operator"),
        ),
        relaying(),
    )

    change = await office.reaches(change_id, "active")
    assert sorted(answer.status_code for answer in answers) in ([200, 409], [200, 200])
    assert "pending_review" not in states(change)
    assert len(office.world.billing.lines) in {1, 3}


async def test_a_revision_that_billing_refuses_parks_and_undoes_nothing_by_itself(
    office: Office,
) -> None:
    change_id = await active(office)
    await office.upload(change_id, REVISED)
    refusal = VendorRejectedError(System.BILLING, "No.", reason="closed_period")
    office.world.billing.failures.plan_before("post_change", refusal)

    await office.act(change_id, "apply_revision")
    parked = await office.reaches(change_id, "needs_attention")
    await office.act(change_id, "retry")
    change = await office.reaches(change_id, "active")

    assert parked["failure"]["code"] == "refused"
    assert [effect["status"] for effect in change["effects"]][-1] == "applied"
    assert len(office.world.billing.lines) == 3


@pytest.mark.parametrize("head_start", range(6))
async def test_a_document_and_an_approval_at_once_never_approve_what_nobody_saw(
    office: Office, head_start: int
) -> None:
    """Whichever is recorded first: the document voids the approval, or waits for review."""
    change_id = await office.submitted()
    await office.reaches(change_id, "awaiting_approval")

    async def upload() -> Response:
        for _ in range(head_start * 20):  # turns of the event loop, to meet the other half-way
            await asyncio.sleep(0)
        return await office.upload(change_id, REVISED)

    answer, uploaded = await asyncio.gather(office.act(change_id, "approve"), upload())

    approved = answer.status_code == 200
    assert approved or answer.json()["code"] == "stale_approval"
    assert uploaded.json()["state"] == ("pending_review" if approved else "current")
    await office.reaches(change_id, *(("active", "needs_attention") if approved else OPEN))
    if approved:
        assert (await office.act(change_id, "discard_revision")).status_code == 200
    else:
        assert (await office.act(change_id, "cancel")).status_code == 200
    await office.reaches(change_id, "active" if approved else "cancelled")
