"""A vendor that accepts no secret holds its changes; what waits goes on once one is accepted."""

import pytest
from sqlalchemy import func, select

from adapters.postgres.tables import AttemptRow
from domain.contracts import ServiceChangeView
from domain.errors import CredentialFaultError, FailureCode
from domain.identifiers import System
from domain.service_change import Action, ChangeStatus
from tests.support.polling import eventually
from tests.support.world import Change, World
from tests.workflow.vendor_steps import assert_applied_once

S = ChangeStatus
FAULT = CredentialFaultError(System.CRM, "HTTP 401", http_status=401)


def revoke(world: World, method: str) -> None:
    """The CRM refuses the next call, and every secret there is."""
    world.crm.failures.plan_before(method, FAULT)
    world.entrances.refuses.add((System.CRM, 1))


async def held_back(change: Change) -> ServiceChangeView:
    return await eventually(
        change.view,
        lambda seen: any("accepts none" in waiting.what for waiting in seen.waiting_on),
    )


async def tries(world: World) -> int:
    async with world.sessions() as session:
        found = await session.scalar(
            select(func.count()).where(AttemptRow.outcome == FailureCode.CREDENTIAL_FAULT)
        )
    return found or 0


@pytest.mark.parametrize(
    ("method", "held"),
    [("read_account", S.CHECKING), ("apply_service_update", S.APPLYING)],
)
async def test_a_change_waits_unparked_and_goes_on_by_itself(
    world: World, method: str, held: ChangeStatus
) -> None:
    change = await world.submit(start=False)
    if held is S.CHECKING:
        revoke(world, method)
    await change.start()
    if held is S.APPLYING:
        await change.reaches(S.AWAITING_APPROVAL)
        revoke(world, method)
        await change.decide(Action.APPROVE)

    view = await held_back(change)
    await world.relay()  # the probe begins, and is refused
    assert view.status is held
    assert await tries(world) == 1

    world.entrances.refuses.clear()

    async def status() -> ChangeStatus:
        await world.relay()  # wakes it once the probe is let in
        return (await change.view()).status

    goal = S.AWAITING_APPROVAL if held is S.CHECKING else S.ACTIVE
    await eventually(status, lambda seen: seen is goal, within=40)
    assert S.NEEDS_ATTENTION not in await change.statuses()
    assert (await change.view()).waiting_on == []
    assert await tries(world) == 1
    if goal is S.ACTIVE:
        assert_applied_once(world)
