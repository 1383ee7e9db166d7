"""Refused, cancelled or rejected half-way: exactly what stands is undone, last first."""

import pytest

from domain.errors import (
    CredentialError,
    DecisionRefusedError,
    OutcomeUnknownError,
    UnrecognisedPayloadError,
    VendorRejectedError,
)
from domain.identifiers import System
from domain.service_change import Action, ChangeStatus
from tests.support.factories import ACCOUNT, account, away
from tests.support.polling import eventually
from tests.support.world import Change, World
from tests.workflow.vendor_steps import NAMES, STEPS, PortStep, approved

S = ChangeStatus

UNDO = {
    "post_billing_change": "reverse_billing_change",
    "book_appointment": "release_appointment",
    "update_services": "restore_services",
}


def assert_as_before(world: World) -> None:
    """The vendors stand where they stood before the change."""
    assert world.billing.standings[ACCOUNT].recurring_minor == 4520
    assert sum(line.amount_minor for line in world.billing.lines.values()) == 0
    assert all(a.released for a in world.scheduling.appointments.values())
    assert world.crm.accounts[ACCOUNT].products == account().products
    assert all(ticket.resolution is not None for ticket in world.ticketing.tickets.values())


async def expect_undone(change: Change, world: World, applied: list[str]) -> None:
    """On record: the applied steps reversed, and their reversals in opposite order."""
    assert_as_before(world)
    effects = {
        step: status
        for step, status in (await change.effects()).items()
        if step in UNDO or step in UNDO.values()
    }
    assert {step: status for step, status in effects.items() if status == "reversed"} == (
        dict.fromkeys(applied, "reversed")
    )
    undone = [step for step in effects if step in UNDO.values()]
    assert undone == [UNDO[step] for step in reversed(applied)]
    assert all(effects[step] == "applied" for step in undone)
    assert S.COMPENSATING in await change.statuses()


@pytest.mark.parametrize("step", STEPS, ids=str)
async def test_a_refusal_undoes_exactly_what_was_applied_and_rejects_the_change(
    world: World, step: PortStep
) -> None:
    world.failures(step.system).plan_before(
        step.method, VendorRejectedError(step.system, "No.", reason="house_rule")
    )

    change = await approved(world)
    result = await change.ended()

    assert (result.status, result.reason) == (
        S.REJECTED,
        f"{step.system} refused {step} (house_rule).",
    )
    await expect_undone(change, world, NAMES[: NAMES.index(step.name)])
    assert (await change.statuses())[-3:] == [S.APPLYING, S.COMPENSATING, S.REJECTED]
    refusals = [row for row in (await change.history()).attempts if row.outcome == "refused"]
    assert [(row.system, row.words) for row in refusals] == [(step.system, "No.")]


async def test_a_refusal_of_the_very_first_effect_rejects_the_change_with_nothing_to_undo(
    world: World,
) -> None:
    refusal = VendorRejectedError(System.BILLING, "No.", reason="house_rule")
    world.billing.failures.plan_before("post_change", refusal)
    change = await world.submit()
    await change.reaches(S.AWAITING_APPROVAL)

    await change.decide(Action.APPROVE)

    assert (await change.ended()).status is S.REJECTED
    assert (await change.statuses())[-3:] == [S.APPLYING, S.COMPENSATING, S.REJECTED]
    assert_as_before(world)


@pytest.mark.parametrize("action", [Action.CANCEL, Action.REJECT])
async def test_a_change_withdrawn_half_way_does_not_wait_for_the_vendor_that_is_away(
    world: World, action: Action
) -> None:
    gone = away(System.CRM, for_seconds=3600)
    world.crm.failures.plan_before("apply_service_update", gone)
    change = await approved(world)
    await eventually(change.view, lambda seen: seen.failure is not None)

    answer = await change.decide(action, second="oskar")
    result = await change.ended()

    assert answer is not None
    assert answer.status is S.COMPENSATING
    assert result.status is (S.CANCELLED if action is Action.CANCEL else S.REJECTED)
    await expect_undone(change, world, ["post_billing_change", "book_appointment"])
    assert (await change.effects())["update_services"] == "skipped"
    ends = [row for row in (await change.history()).audit if row.action == action]
    assert [(row.actor, row.to_status) for row in ends] == [("olga", S.COMPENSATING)]


async def test_a_cancelled_step_that_turns_out_to_stand_is_undone_too(world: World) -> None:
    world.crm.failures.plan_after("apply_service_update", OutcomeUnknownError(System.CRM, "reset"))
    world.crm.failures.plan_before("find_service_update", away(System.CRM, for_seconds=3600))
    change = await approved(world)
    await eventually(
        change.view, lambda seen: seen.failure is not None and seen.failure.attempts >= 2
    )
    await world.open_gates()

    await change.decide(Action.CANCEL, second="oskar")

    assert (await change.ended()).status is S.CANCELLED
    await expect_undone(
        change, world, ["post_billing_change", "book_appointment", "update_services"]
    )


@pytest.mark.parametrize("stands", [True, False], ids=["stands", "does-not-stand"])
@pytest.mark.parametrize("step", STEPS[:3], ids=str)
async def test_a_parked_change_that_is_rejected_undoes_what_turns_out_to_stand(
    world: World, step: PortStep, stands: bool
) -> None:
    plan = (
        world.failures(step.system).plan_after
        if stands
        else world.failures(step.system).plan_before
    )
    plan(step.method, UnrecognisedPayloadError(step.system, "<html>"))
    change = await approved(world)
    await change.reaches(S.NEEDS_ATTENTION)

    await change.decide(Action.REJECT, second="oskar")
    result = await change.ended()

    assert result.status is S.REJECTED
    await expect_undone(change, world, NAMES[: NAMES.index(step.name) + stands])
    assert (await change.effects())[step.name] == ("reversed" if stands else "skipped")


@pytest.mark.parametrize(
    ("method", "step", "system"),
    [
        ("release_appointment", "release_appointment", System.SCHEDULING),
        ("reverse_posting", "reverse_billing_change", System.BILLING),
    ],
)
async def test_an_undoing_that_fails_waits_for_a_person_who_can_only_retry_it(
    world: World, method: str, step: str, system: System
) -> None:
    world.crm.failures.plan_before(
        "apply_service_update", VendorRejectedError(System.CRM, "No.", reason="house_rule")
    )
    world.failures(system).plan_before(method, CredentialError(system, "401"))
    change = await approved(world)
    parked = await change.reaches(S.NEEDS_ATTENTION)

    with pytest.raises(DecisionRefusedError, match="already being undone"):
        await change.decide(Action.CANCEL)
    await change.decide(Action.RETRY)
    result = await change.ended()

    assert parked.failure is not None
    assert parked.failure.step == step
    assert result.status is S.REJECTED
    await expect_undone(change, world, ["post_billing_change", "book_appointment"])


async def test_an_undoing_that_is_refused_waits_for_a_person_as_well(world: World) -> None:
    refusal = VendorRejectedError(System.CRM, "No.", reason="house_rule")
    world.crm.failures.plan_before("apply_service_update", refusal)
    again = VendorRejectedError(System.SCHEDULING, "Too late.", reason="technician_on_the_way")
    world.scheduling.failures.plan_before("release_appointment", again)
    change = await approved(world)
    await change.reaches(S.NEEDS_ATTENTION)

    await change.decide(Action.RETRY)

    assert (await change.ended()).status is S.REJECTED
    await expect_undone(change, world, ["post_billing_change", "book_appointment"])


async def test_an_undoing_with_an_unknown_outcome_is_not_done_twice(world: World) -> None:
    refusal = VendorRejectedError(System.CRM, "No.", reason="house_rule")
    world.crm.failures.plan_before("apply_service_update", refusal)
    world.billing.failures.plan_after(
        "reverse_posting", OutcomeUnknownError(System.BILLING, "reset")
    )

    change = await approved(world)

    assert (await change.ended()).status is S.REJECTED
    assert [line.amount_minor for line in world.billing.lines.values()] == [2500, -2500]
    await expect_undone(change, world, ["post_billing_change", "book_appointment"])


@pytest.mark.parametrize("stands", [True, False], ids=["stands", "does-not-stand"])
async def test_a_ticket_nobody_confirmed_is_found_and_closed_when_the_change_ends(
    world: World, stands: bool
) -> None:
    plan = world.ticketing.failures.plan_after if stands else world.ticketing.failures.plan_before
    plan("open_ticket", UnrecognisedPayloadError(System.TICKETING, "<html>"))
    change = await world.submit(document=False)
    await change.reaches(S.NEEDS_ATTENTION)

    await change.decide(Action.REJECT)

    assert (await change.ended()).status is S.REJECTED
    assert [t.resolution is not None for t in world.ticketing.tickets.values()] == [True] * stands
    assert [t.status for t in (await change.view()).tickets] == ["closed"] * stands
    assert (await change.effects())["open_ticket"] == ("applied" if stands else "skipped")
