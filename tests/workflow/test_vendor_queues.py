"""A vendor that does not answer keeps its own steps waiting, and nobody else's."""

import asyncio

from domain.service_change import CheckName
from domain.vendor_values import BillingStanding, VendorCall
from tests.support.polling import eventually
from tests.support.world import Change, World
from worker.vendor_queues import AT_A_TIME

CHANGES = 3 * AT_A_TIME


async def test_a_vendor_that_hangs_holds_up_no_step_at_another(world: World) -> None:
    release, asked = asyncio.Event(), 0
    answer = world.billing.read_standing

    async def hang(call: VendorCall, account_id: str) -> BillingStanding | None:
        nonlocal asked
        asked += 1
        await release.wait()
        return await answer(call, account_id)

    world.billing.read_standing = hang  # type: ignore[method-assign] # this vendor hangs
    changes = [await world.submit() for _ in range(CHANGES)]
    try:
        await eventually(
            lambda: _checked_elsewhere(changes), lambda found: found == CHANGES, within=60
        )
        assert asked == AT_A_TIME, "more calls are in the air than a worker may make at a time"
    finally:
        release.set()


async def _checked_elsewhere(changes: list[Change]) -> int:
    """How many changes have the answers of every other system."""
    others = set(CheckName) - {CheckName.STANDING}
    views = [await change.view() for change in changes]
    return sum({check.name for check in view.checks} == others for view in views)
