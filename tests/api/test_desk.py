"""The dead-letter desk: what stands still is grouped by cause, and every one can be ended."""

from datetime import timedelta
from typing import Any

import pytest

from adapters.postgres.reading import encode_cursor
from domain.errors import CredentialError
from domain.identifiers import System
from tests.support.api import new_key
from tests.support.office import Office
from tests.support.polling import eventually


async def groups(office: Office, **filters: str) -> list[dict[str, Any]]:
    answer = await office.api.client("support").get("/v1/dead-letters", params=filters)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def test_what_stands_still_is_shown_by_cause_with_owner_and_next_action(
    office: Office,
) -> None:
    change_id = await office.parked_at_the_crm()

    (group,) = await groups(office)
    failure = (await office.read(change_id))["failure"]
    answer = await office.api.operator.get(f"/v1/dead-letters/{group['fingerprint']}")
    (letter,) = answer.json()["items"]

    assert (group["system"], group["step"], group["code"], group["count"]) == (
        "crm",
        "update_services",
        "unrecognised_payload",
        1,
    )
    assert group["changes"] == [change_id]
    assert group["owner"] == "integration engineers"
    assert group["next_action"].startswith("Open the drift inbox")
    assert (letter["change_id"], letter["words"], letter["attempts"]) == (change_id, "<html>", 1)
    assert failure["fingerprint"] == letter["fingerprint"] == group["fingerprint"]
    assert failure["dead_letter"] == letter["id"]
    assert failure["first_error"] == failure["last_error"]
    assert await groups(office, system="billing") == []
    assert len(await groups(office, system="crm", code="unrecognised_payload")) == 1


async def test_a_dead_letter_is_closed_by_what_ended_it(office: Office) -> None:
    change_id = await office.parked_at_the_crm()

    await office.act(change_id, "retry", caller="support")
    await office.reaches(change_id, "active")

    assert await groups(office) == []
    answer = await office.api.operator.get(f"/v1/service-changes/{change_id}/dead-letters")
    (letter,) = answer.json()["items"]
    assert (letter["closed_by"], letter["closed_action"]) == ("support", "retry")
    assert (await office.read(change_id))["failure"] is None


async def test_parked_twice_keeps_both_and_the_first_error(office: Office) -> None:
    change_id = await office.parked_at_the_crm()
    denied = CredentialError(System.CRM, "401")
    office.world.crm.failures.plan_before("find_service_update", denied)

    await office.act(change_id, "retry")

    async def both() -> list[dict[str, Any]]:
        answer = await office.api.operator.get(f"/v1/service-changes/{change_id}/dead-letters")
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    first, second = await eventually(both, lambda seen: len(seen) == 2)
    assert (first["code"], second["code"]) == ("unrecognised_payload", "credential")
    assert second["first_error"]["words"] == "<html>"
    assert second["last_error"]["words"] == "401"
    assert second["attempts"] == 2


async def test_skipping_takes_evidence_and_two_persons_and_later_steps_see_the_reference(
    office: Office,
) -> None:
    change_id = await office.parked_at_the_crm()
    nothing = await office.act(change_id, "skip", evidence={})

    pending = await office.proposed(
        change_id, "skip", evidence={"vendor_reference": "ord_by_hand", "ticket": "T-9"}
    )
    await office.second(change_id, pending)
    change = await office.reaches(change_id, "active")

    assert (nothing.status_code, nothing.json()["errors"][0]["field"]) == (422, "evidence")
    assert pending["evidence"] == {"vendor_reference": "ord_by_hand", "ticket": "T-9"}
    (effect,) = (e for e in change["effects"] if e["step"] == "update_services")
    assert (effect["status"], effect["vendor_reference"]) == ("skipped", "ord_by_hand")
    assert effect["facts"]["skipped_by"] == ["operator", "second_operator"]
    assert office.world.crm.orders == {}
    hits = (await office.api.operator.get("/v1/search", params={"q": "ord_by_hand"})).json()
    assert [hit["change"]["id"] for hit in hits["items"]] == [change_id]


async def test_a_check_is_not_skipped(office: Office) -> None:
    denied = CredentialError(System.BILLING, "401")
    office.world.billing.failures.plan_before("read_standing", denied)
    change_id = await office.submitted()
    await office.reaches(change_id, "needs_attention")

    answer = await office.act(change_id, "skip", evidence={"ticket": "T-1"})

    assert (answer.status_code, answer.json()["code"]) == (409, "not_applicable")
    assert "Only an effect" in answer.json()["detail"]


async def test_rejecting_after_billing_takes_two_and_gives_everything_back(
    office: Office,
) -> None:
    change_id = await office.parked_at_the_crm()

    pending = await office.proposed(change_id, "reject")
    await office.second(change_id, pending)
    await office.reaches(change_id, "rejected")

    assert sum(line.amount_minor for line in office.world.billing.lines.values()) == 0
    assert all(visit.released for visit in office.world.scheduling.appointments.values())
    audit = (await office.api.operator.get("/v1/audit", params={"change_id": change_id})).json()
    (rejection,) = (e for e in audit["items"] if e["action"] == "reject")
    assert rejection["facts"]["second_person"] == "second_operator"


@pytest.mark.parametrize("action", ["cancel", "reject", "apply_revision"])
async def test_what_an_action_would_mean_is_told_before_it_is_taken(
    office: Office, action: str
) -> None:
    change_id = await office.parked_at_the_crm()

    answer = await office.api.operator.get(
        f"/v1/service-changes/{change_id}/outlook", params={"action": action}
    )

    body = answer.json()
    assert body["possible"] is (action != "apply_revision")
    assert body["needs_second_person"] is (action != "apply_revision")
    assert body["becomes_new_change"] is False
    assert {step["step"]: step["state"] for step in body["steps"]} == {
        "post_billing_change": "undoable",
        "book_appointment": "undoable",
        "update_services": "undoable",  # nobody knows yet whether it stands
        "close_ticket": "not_begun",
    }


async def test_past_the_point_of_no_return_it_becomes_a_new_change(office: Office) -> None:
    change_id = await office.parked_at_the_crm()
    office.world.clock.advance(timedelta(days=26))

    outlook = await office.api.operator.get(
        f"/v1/service-changes/{change_id}/outlook", params={"action": "cancel"}
    )
    answer = await office.act(change_id, "cancel")

    assert outlook.json()["becomes_new_change"] is True
    assert (answer.status_code, answer.json()["code"]) == (409, "not_applicable")
    assert "Submit a new change" in answer.json()["detail"]


@pytest.mark.parametrize(
    "path", ["/v1/dead-letters", "/v1/second-approvals", "/v1/failure-policy", "/v1/accounts/A"]
)
async def test_the_desk_is_for_staff(office: Office, path: str) -> None:
    assert (await office.api.portal.get(path)).status_code == 403
    assert (await office.api.client("support").get(path)).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/v1/dead-letters",
        "/v1/dead-letters/abc",
        "/v1/second-approvals",
        "/v1/dead-letters/replays",
    ],
)
async def test_a_cursor_that_is_not_ours_is_named(office: Office, path: str) -> None:
    made_up = encode_cursor("not a time", "x")

    answer = await office.api.operator.get(path, params={"cursor": made_up})

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "cursor")


async def test_a_change_whose_workflow_is_gone_goes_on_by_a_further_run(office: Office) -> None:
    change_id = await office.parked_at_the_crm()
    handle = office.world.client.get_workflow_handle(f"service-change/{change_id}")
    await handle.terminate("as if the engine had lost it")

    answer = await office.act(change_id, "retry", headers=new_key())
    change = await office.reaches(change_id, "active")

    assert answer.status_code == 200
    statuses = [effect["status"] for effect in change["effects"]]
    assert statuses == ["applied", "applied", "applied"]
    assert len(office.world.billing.lines) == 1
