"""What vendors do to a change that is being applied, and how it goes on."""

import pytest

from domain.errors import (
    CredentialError,
    FailureCode,
    OutcomeUnknownError,
    UnrecognisedPayloadError,
    VendorError,
    VendorUnavailableError,
)
from domain.identifiers import System
from domain.messages import Patience
from domain.service_change import Action, ChangeStatus, EffectStatus, Role
from tests.support.factories import away
from tests.support.polling import eventually
from tests.support.world import World
from tests.workflow.vendor_steps import CHECKS, STEPS, PortStep, approved, assert_applied_once

S = ChangeStatus


@pytest.mark.parametrize("stands", [True, False], ids=["done", "not-done"])
@pytest.mark.parametrize("step", STEPS, ids=str)
async def test_an_unknown_outcome_is_looked_up_and_nothing_is_done_twice(
    world: World, step: PortStep, stands: bool
) -> None:
    plan = (
        world.failures(step.system).plan_after
        if stands
        else world.failures(step.system).plan_before
    )
    plan(step.method, OutcomeUnknownError(step.system, "connection reset"))

    change = await approved(world)

    assert (await change.ended()).status is S.ACTIVE
    assert_applied_once(world)
    effect = next(e for e in (await change.view()).effects if e.step == step.name)
    assert (effect.status, effect.attempts) == (EffectStatus.APPLIED, 2)


@pytest.mark.parametrize("kind", [UnrecognisedPayloadError, CredentialError])
@pytest.mark.parametrize("step", STEPS, ids=str)
async def test_a_step_that_cannot_go_on_waits_for_a_person_and_retry_works(
    world: World,
    step: PortStep,
    kind: type[VendorError],
) -> None:
    world.failures(step.system).plan_before(step.method, kind(step.system, "what is this?"))

    change = await approved(world)
    parked = await change.reaches(S.NEEDS_ATTENTION)
    await change.decide(Action.RETRY, actor="sara", role=Role.SUPPORT)

    assert (await change.ended()).status is S.ACTIVE
    assert parked.failure is not None
    assert (parked.failure.step, parked.failure.system, parked.failure.code) == (
        step.name,
        step.system,
        kind.code,
    )
    assert parked.failure.words == "what is this?"
    assert [waiting.party for waiting in parked.waiting_on] == ["operations"]
    assert "etry" in (parked.next_action or "")
    assert "needs_attention" in await change.notices()
    assert_applied_once(world)
    assert (await change.view()).failure is None


async def test_what_a_vendor_says_stays_on_our_record_and_out_of_the_engine(world: World) -> None:
    world.failures(System.BILLING).plan_before(
        "post_change", UnrecognisedPayloadError(System.BILLING, "Mr Example owes")
    )

    change = await approved(world)
    parked = await change.reaches(S.NEEDS_ATTENTION)

    assert parked.failure is not None
    assert parked.failure.words == "Mr Example owes"
    history = (await change.handle.fetch_history()).to_json()
    assert "unrecognised_payload" in history
    assert "Mr Example" not in history


@pytest.mark.parametrize("step", CHECKS, ids=str)
async def test_a_check_that_cannot_go_on_waits_for_a_person_without_the_others(
    world: World, step: PortStep
) -> None:
    world.failures(step.system).plan_before(step.method, CredentialError(step.system, "401"))
    for other in CHECKS:
        if other is not step:
            gone = away(other.system, for_seconds=3600)
            world.failures(other.system).plan_before(other.method, gone)
    change = await world.submit()

    parked = await change.reaches(S.NEEDS_ATTENTION)
    await world.open_gates()
    await change.decide(Action.RETRY)

    assert parked.failure is not None
    assert parked.failure.step == step.name
    assert parked.effects == []
    view = await change.reaches(S.AWAITING_APPROVAL)
    assert (view.failure, len(view.checks)) == (None, 4)


async def test_a_parked_check_can_be_rejected_and_nothing_needs_undoing(world: World) -> None:
    world.crm.failures.plan_before("read_account", CredentialError(System.CRM, "401"))
    change = await world.submit()
    await change.reaches(S.NEEDS_ATTENTION)

    await change.decide(Action.REJECT)

    assert (await change.ended()).status is S.REJECTED
    assert S.COMPENSATING not in await change.statuses()


async def test_a_ticket_that_cannot_be_opened_parks_the_change_until_retried(world: World) -> None:
    world.ticketing.failures.plan_before("open_ticket", CredentialError(System.TICKETING, "401"))
    change = await world.submit(document=False)
    await change.reaches(S.NEEDS_ATTENTION)

    await change.decide(Action.RETRY)
    view = await change.reaches(S.INCOMPLETE)

    assert [ticket.reference for ticket in view.tickets] == list(world.ticketing.tickets)


@pytest.mark.parametrize("step", [*CHECKS, *STEPS], ids=str)
async def test_a_vendor_that_is_down_is_waited_for_and_the_change_goes_on_by_itself(
    world: World, step: PortStep
) -> None:
    world.failures(step.system).plan_before(
        step.method, *(away(step.system, for_seconds=0.02) for _ in range(3))
    )

    change = await approved(world)

    assert (await change.ended()).status is S.ACTIVE
    assert_applied_once(world)
    outcomes = [row.outcome for row in (await change.history()).attempts if row.step == step.name]
    assert outcomes[:4] == ["throttled", "throttled", "throttled", "ok"]
    assert S.NEEDS_ATTENTION not in await change.statuses()


async def test_while_a_vendor_is_away_the_change_says_so(world: World) -> None:
    world.billing.failures.plan_before("post_change", away(System.BILLING, for_seconds=3600))
    change = await world.submit()
    await change.reaches(S.AWAITING_APPROVAL)
    await change.decide(Action.APPROVE)

    view = await eventually(change.view, lambda seen: seen.failure is not None)

    assert view.status is S.APPLYING
    assert [waiting.party for waiting in view.waiting_on] == ["billing"]
    assert "Nothing to do: billing is tried again by itself" in (view.next_action or "")


async def test_a_vendor_away_for_longer_than_a_step_may_take_needs_attention(world: World) -> None:
    gone = VendorUnavailableError(System.BILLING, "503", http_status=503)
    world.billing.failures.plan_before("post_change", gone)
    change = await world.submit(patience=Patience(step=0.5))
    await change.reaches(S.AWAITING_APPROVAL)
    await change.decide(Action.APPROVE)

    parked = await change.reaches(S.NEEDS_ATTENTION)
    await change.decide(Action.RETRY)

    assert parked.failure is not None
    assert (parked.failure.code, parked.failure.http_status) == (FailureCode.UNAVAILABLE, 503)
    assert (await change.ended()).status is S.ACTIVE
    assert_applied_once(world)


async def test_a_mail_that_cannot_go_out_holds_nothing_up(world: World) -> None:
    world.mailbox.broken = True
    change = await world.submit()
    await change.reaches(S.AWAITING_APPROVAL)

    await change.decide(Action.APPROVE)

    assert (await change.ended()).status is S.ACTIVE
    assert await change.notices() == ["approval_requested"]
    assert world.mailbox.notices == []
