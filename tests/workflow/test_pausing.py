"""What somebody paused waits without being parked, and goes on by itself once it is resumed."""

from datetime import timedelta

import pytest

from adapters.postgres.pauses import pause, resume
from domain.contracts import ServiceChangeView
from domain.pauses import EVERYTHING
from domain.service_change import Action, ChangeStatus
from tests.support.polling import eventually
from tests.support.world import Change, World
from tests.workflow.test_undoing import expect_undone
from tests.workflow.vendor_steps import approved, assert_applied_once

S = ChangeStatus
WHY = "Month-end at the vendor."


async def paused(world: World, scope: str) -> None:
    async with world.sessions.begin() as session:
        await pause(session, scope, actor="petra", reason=WHY, correlation_id="c", at=world.clock())


async def resumed(world: World, scope: str) -> None:
    async with world.sessions.begin() as session:
        await resume(session, scope, actor="petra", correlation_id="c", at=world.clock())
    await world.relay()


async def held_back(change: Change) -> ServiceChangeView:
    return await eventually(
        change.view, lambda seen: "petra" in [waiting.party for waiting in seen.waiting_on]
    )


@pytest.mark.parametrize("scope", [EVERYTHING, "billing", "change_internet_service", "the change"])
async def test_a_paused_step_waits_shows_who_paused_it_and_goes_on_when_resumed(
    world: World, scope: str
) -> None:
    change = await world.submit()
    await change.reaches(S.AWAITING_APPROVAL)
    scope = change.id if scope == "the change" else scope
    await paused(world, scope)
    await change.decide(Action.APPROVE)

    view = await held_back(change)
    await resumed(world, scope)

    assert (await change.ended()).status is S.ACTIVE
    assert (view.status, view.failure, view.effects) == (S.APPLYING, None, [])
    assert WHY in view.waiting_on[0].what
    assert "Paused by petra" in (view.next_action or "")
    assert S.NEEDS_ATTENTION not in await change.statuses()
    assert (await change.view()).waiting_on == []
    assert_applied_once(world)


async def test_a_paused_check_waits_as_well(world: World) -> None:
    await paused(world, "crm")
    change = await world.submit()

    view = await held_back(change)
    await resumed(world, "crm")

    assert view.status is S.CHECKING
    assert (await change.reaches(S.AWAITING_APPROVAL)).waiting_on == []


async def test_a_pause_of_one_change_leaves_the_others_alone(world: World) -> None:
    change = await world.submit()
    await change.reaches(S.AWAITING_APPROVAL)
    await paused(world, "chg_somebody_else")
    await paused(world, "add_service")
    await change.decide(Action.APPROVE)

    assert (await change.ended()).status is S.ACTIVE


async def test_a_paused_change_still_takes_a_cancellation_and_is_undone_once_resumed(
    world: World,
) -> None:
    change = await world.submit()
    await change.reaches(S.AWAITING_APPROVAL)
    await paused(world, "scheduling")
    await change.decide(Action.APPROVE)
    await held_back(change)

    answer = await change.decide(Action.CANCEL, second="oskar")
    assert answer is not None
    assert answer.status is S.COMPENSATING
    await resumed(world, "scheduling")

    assert (await change.ended()).status is S.CANCELLED
    await expect_undone(change, world, ["post_billing_change"])


async def test_a_change_goes_on_although_the_message_was_lost(world: World) -> None:
    change = await world.submit()
    await change.reaches(S.AWAITING_APPROVAL)
    await paused(world, EVERYTHING)
    await change.decide(Action.APPROVE)
    await held_back(change)
    async with world.sessions.begin() as session:
        await resume(session, EVERYTHING, actor="petra", correlation_id="c", at=world.clock())

    await change.wait(timedelta(minutes=2))

    assert (await change.ended()).status is S.ACTIVE


async def test_a_change_ends_with_its_ticket_closed_once_ticketing_is_resumed(
    world: World,
) -> None:
    change = await world.submit(document=False)
    await change.reaches(S.INCOMPLETE)
    await paused(world, "ticketing")
    await change.decide(Action.CANCEL)
    await change.reaches(S.COMPENSATING)
    await resumed(world, "ticketing")

    assert (await change.ended()).status is S.CANCELLED
    assert [ticket.resolution is not None for ticket in world.ticketing.tickets.values()] == [True]


async def test_approved_steps_with_nothing_paused_pass_freely(world: World) -> None:
    change = await approved(world)

    assert (await change.ended()).status is S.ACTIVE
