"""A part is killed in the middle of the work: nothing is lost, nothing is done twice."""

import asyncio
from collections.abc import Iterator
from itertools import islice

import psutil
import pytest

from stack.batch.rows import BatchRow
from tests.support.journey import Journey
from tests.support.polling import eventually

pytestmark = pytest.mark.timeout(400)  # the first test of a run also waits for the stack to start

AT_ONCE = 4


async def is_back(journey: Journey, child: str, gone: int) -> None:
    async def process() -> psutil.Process | None:
        return journey.stack.process(child)

    await eventually(process, lambda seen: seen is not None and seen.pid != gone, within=60)


@pytest.mark.parametrize("child", ["worker", "relay", "api", "temporal"])
async def test_changes_outlive_the_killing_of(
    journey: Journey, rows: Iterator[BatchRow], child: str
) -> None:
    batch = list(islice(rows, AT_ONCE))
    first = await journey.submit(batch[0])
    submitting = [asyncio.create_task(journey.submit(row)) for row in batch[1:]]
    gone = journey.stack.kill(child)
    ids = [first, *await asyncio.gather(*submitting)]
    await asyncio.gather(*(journey.reaches(each, "awaiting_approval") for each in ids))
    await is_back(journey, child, gone)

    deciding = [asyncio.create_task(journey.decide(each, "approve")) for each in ids]
    await journey.reaches(ids[0], "applying", "active")
    journey.stack.kill(child)
    await asyncio.gather(*deciding)
    changes = await asyncio.gather(*(journey.reaches(each, "active") for each in ids))

    for row, change in zip(batch, changes, strict=True):
        done = journey.done(row.account_id)
        assert done["billing"] == {"price_change_posted": 1}
        assert done["scheduling"] == {"appointment_held": 1, "appointment_confirmed": 1}
        assert (done["crm"]["order_opened"], done["crm"]["order_closed"]) == (1, 1)
        assert {effect["status"] for effect in change["effects"]} == {"applied"}
        assert len(change["effects"]) == 3


async def test_a_change_waits_visibly_for_a_vendor_and_goes_on_by_itself(
    journey: Journey, rows: Iterator[BatchRow]
) -> None:
    row = next(rows)
    journey.stack.stop("billing")
    try:
        change_id = await journey.submit(row)
        waiting = await eventually(
            lambda: journey.read(change_id), lambda seen: seen["failure"] is not None, within=60
        )
    finally:
        journey.stack.start("billing")

    assert waiting["status"] == "checking"
    assert waiting["failure"]["code"] == "unavailable"
    assert [item["party"] for item in waiting["waiting_on"]] == ["billing"]
    assert waiting["next_action"].startswith("Nothing to do")
    change = await journey.reaches(change_id, "awaiting_approval")
    assert (change["failure"], change["waiting_on"]) == (None, [])
