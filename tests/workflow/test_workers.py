"""A worker that ends, forgets or runs unsandboxed changes nothing about a change."""

from temporalio.worker import UnsandboxedWorkflowRunner

from domain.identifiers import System
from domain.service_change import Action, ChangeStatus
from tests.support.factories import away
from tests.support.polling import eventually
from tests.support.world import World
from tests.workflow.test_undoing import expect_undone
from tests.workflow.vendor_steps import approved, assert_applied_once

S = ChangeStatus


async def test_a_change_goes_on_with_another_worker(idle_world: World) -> None:
    world = idle_world
    gone = away(System.SCHEDULING, for_seconds=0.5)
    world.scheduling.failures.plan_before("book_appointment", gone)
    async with world.working():
        change = await approved(world)
        await eventually(change.view, lambda seen: seen.failure is not None)

    async with world.working():
        result = await change.ended()

    assert result.status is S.ACTIVE
    assert_applied_once(world)


async def test_a_decision_waits_for_a_worker_to_come(idle_world: World) -> None:
    world = idle_world
    async with world.working():
        change = await world.submit()
        await change.reaches(S.AWAITING_APPROVAL)

    await change.signal(Action.APPROVE)
    async with world.working():
        result = await change.ended()

    assert result.status is S.ACTIVE


async def test_a_worker_that_keeps_nothing_in_memory_comes_to_the_same_end(
    idle_world: World,
) -> None:
    async with idle_world.working(cached=0):
        change = await approved(idle_world)
        result = await change.ended()

    assert result.status is S.ACTIVE
    assert_applied_once(idle_world)


async def test_a_worker_that_keeps_nothing_in_memory_undoes_the_same(idle_world: World) -> None:
    world = idle_world
    world.crm.failures.plan_before("apply_service_update", away(System.CRM, for_seconds=3600))
    async with world.working(cached=0):
        change = await approved(world)
        await eventually(change.view, lambda seen: seen.failure is not None)
        await change.decide(Action.CANCEL, second="oskar")
        result = await change.ended()

    assert result.status is S.CANCELLED
    await expect_undone(change, world, ["post_billing_change", "book_appointment"])


async def test_without_the_sandbox_the_end_is_the_same(idle_world: World) -> None:
    async with idle_world.working(runner=UnsandboxedWorkflowRunner()):
        change = await approved(idle_world)
        result = await change.ended()

    assert result.status is S.ACTIVE
    assert_applied_once(idle_world)
