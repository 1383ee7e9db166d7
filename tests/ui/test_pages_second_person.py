"""Decisions that wait for a second person, on the page of their change."""

import pytest
from streamlit.testing.v1 import AppTest

from domain.contracts_failures import PendingDecisionView
from domain.service_change import Action, ChangeStatus, Role
from tests.ui.conftest import Console
from tests.ui.samples_desk import CORRECTION, PARKED, SKIPPING, billed, proposal
from tests.ui.stub_api import StubApi, World


def opened(
    console: Console,
    stub: StubApi,
    decision: PendingDecisionView,
    *,
    role: Role = Role.OPERATOR,
    principal: str = "second_operator",
) -> tuple[AppTest, World]:
    """The page of a change with one pending decision, as that caller has it."""
    change = billed(pending_decisions=[decision])
    key, world = stub.open_world(role, changes=[change], principal=principal)
    console.open("change", id=change.id)
    return console.sign_in(key), world


def test_a_second_person_sees_who_proposed_what_why_and_until_when(
    console: Console, stub: StubApi
) -> None:
    page, _ = opened(console, stub, CORRECTION)
    said = console.said().replace("\\", "")
    assert "Waits for a second person: correct the change" in said
    assert "Proposed by **operator** 1 h ago  ·  expires in 23 h" in said
    assert "The customer rang: the visit moved." in said
    difference = next(table.value for table in page.table if "Before" in table.value)
    assert difference["Field"].tolist() == ["Requested date", "Internet service"]
    assert difference["After"].tolist() == [r"2026\-12\-02", "Fiber optic"]
    assert any("What happens to it" in table.value for table in page.table)


def test_the_evidence_of_skipping_is_shown(console: Console, stub: StubApi) -> None:
    page, _ = opened(console, stub, SKIPPING)
    evidence = next(table.value for table in page.table if "Evidence" in table.value)
    assert evidence.to_numpy().tolist() == [
        ["Vendor reference", "`ord_by_hand`"], ["Ticket", "`T-9`"],
    ]  # fmt: skip


@pytest.mark.parametrize("verdict", ["confirm", "decline"])
def test_a_verdict_names_exactly_what_was_shown(
    console: Console, stub: StubApi, verdict: str
) -> None:
    page, world = opened(console, stub, SKIPPING)
    page.text_area(key=f"reason.second.{SKIPPING.id}").set_value("Looked it up.")
    page.button(key=f"submit.{verdict}.{SKIPPING.id}").click().run()
    (asked,) = world.asked
    assert asked.path.endswith(f"/{PARKED.id}/second-approvals/{SKIPPING.id}")
    assert asked.body == {
        "verdict": verdict, "reason": "Looked it up.", "seen_sha256": SKIPPING.sha256,
    }  # fmt: skip
    assert asked.idempotency_key
    goes = {"confirm": "goes on by itself", "decline": "is now “Needs attention”"}[verdict]
    assert goes in console.healthy().success[0].value
    assert "Waits for a second person" not in console.said()


def test_a_verdict_without_a_reason_is_not_sent(console: Console, stub: StubApi) -> None:
    page, world = opened(console, stub, SKIPPING)
    page.button(key=f"submit.confirm.{SKIPPING.id}").click().run()
    assert console.healthy().warning[0].value == "Write the reason first, then confirm."
    assert world.asked == []


def test_what_moved_on_meanwhile_is_refused_and_shown_anew(console: Console, stub: StubApi) -> None:
    page, world = opened(console, stub, SKIPPING)
    anew = SKIPPING.model_copy(update={"sha256": "f" * 64, "evidence": {"ticket": "T-10"}})
    world.move(PARKED.id, pending_decisions=[anew])
    page.text_area(key=f"reason.second.{SKIPPING.id}").set_value("Fine.")
    page.button(key=f"submit.confirm.{SKIPPING.id}").click().run()
    assert world.asked[0].body["seen_sha256"] == SKIPPING.sha256
    told = console.healthy().error[0].value
    assert "moved on since you looked" in told
    assert "read again just now" in told
    evidence = next(table.value for table in page.table if "Evidence" in table.value)
    assert evidence["Named"].tolist() == ["`T-10`"]
    assert world.changes[PARKED.id].status is ChangeStatus.NEEDS_ATTENTION


@pytest.mark.parametrize(
    ("role", "principal", "why"),
    [
        (Role.OPERATOR, "operator", "Nobody confirms what they proposed"),
        (Role.SUPPORT, "support", "needs one of the roles: admin, operator"),
        (Role.PORTAL, "portal", "needs one of the roles: admin, operator, support"),
    ],
)
def test_who_may_not_be_the_second_person_reads_why(
    console: Console, stub: StubApi, role: Role, principal: str, why: str
) -> None:
    page, _ = opened(console, stub, SKIPPING, role=role, principal=principal)
    for verdict in ("confirm", "decline"):
        assert page.button(key=f"submit.{verdict}.{SKIPPING.id}").disabled
    assert why in console.said().replace("\\", "")


def test_a_proposal_whose_time_has_run_out_cannot_be_answered(
    console: Console, stub: StubApi
) -> None:
    late = proposal(Action.REJECT, hours_left=-1)
    page, _ = opened(console, stub, late)
    assert page.button(key=f"submit.confirm.{late.id}").disabled
    assert "expired 1 h ago" in console.said()
    assert "its time has run out" in console.said()
