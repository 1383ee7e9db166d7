"""Row 10 of the fault matrix: a vendor's reads lag its writes, or its event is here before us."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from stack.batch.rows import BatchRow
from tests.support.comparing import compare, differences
from tests.support.journey import Journey

pytestmark = pytest.mark.timeout(400)
ANSWERS_AFTER = 5.0
"""Seconds; a caller of ours waits longer, so the answer does arrive."""


async def applied(journey: Journey, row: BatchRow) -> dict[str, Any]:
    change_id = await journey.submit(row)
    await journey.reaches(change_id, "awaiting_approval")
    await journey.decide(change_id, "approve")
    return await journey.reaches(change_id, "active")


async def compared(journey: Journey, account_id: str) -> list[dict[str, Any]]:
    """What a comparison of the account finds."""
    run = await compare(journey.operator, within=120, account_id=account_id)
    assert run["state"] == "done", run
    return [each async for each in differences(journey.operator, run["id"])]


async def test_reads_that_lag_give_no_false_difference_and_no_second_effect(
    journey: Journey, rows: Iterator[BatchRow]
) -> None:
    row = next(rows)
    lag = {"kind": "lagging_reads", "delay_seconds": 300, "path_prefix": "/accounts"}
    with journey.stack.faulty("crm", **lag, calls=100_000):
        await applied(journey, row)
        behind = await compared(journey, row.account_id)
    later = await compared(journey, row.account_id)

    assert behind, "the CRM did not lag"
    assert {(each["explanation"] or {}).get("reason") for each in behind} == {"just_applied"}
    assert [each for each in later if each["closed_at"] is None] == []
    done = journey.done(row.account_id)
    assert done["billing"] == {"price_change_posted": 1}
    assert done["crm"]["order_opened"] == done["crm"]["order_closed"] == 1


async def test_an_event_that_is_here_before_our_own_answer_does_nothing_twice(
    journey: Journey, rows: Iterator[BatchRow]
) -> None:
    row = next(rows)
    change_id = await journey.submit(row)
    await journey.reaches(change_id, "awaiting_approval")
    late = {"kind": "delay", "delay_seconds": ANSWERS_AFTER, "after_effect": True}
    narrowed = {"method": "POST", "path_prefix": "/v1/accounts"}
    with journey.stack.faulty("billing", **late, **narrowed) as billing:
        await journey.decide(change_id, "approve")
        change = await journey.reaches(change_id, "active")
        struck = billing.get("/_control/faults").raise_for_status().json()["faults"]
    events = (
        (await journey.operator.get("/v1/webhooks/events", params={"account_id": row.account_id}))
        .raise_for_status()
        .json()["items"]
    )

    assert [each["hits"] for each in struck] == [1]
    (event,) = (each for each in events if each["type"] == "invoice.line_posted")
    effects = {each["step"]: each for each in change["effects"]}
    posted = effects["post_billing_change"]
    assert event["state"] == "processed"
    assert event["change_ids"] == [change_id]
    assert datetime.fromisoformat(event["processed_at"]) < datetime.fromisoformat(
        posted["closed_at"]
    )
    assert (posted["status"], posted["attempts"]) == ("applied", 1)
    assert journey.done(row.account_id)["billing"] == {"price_change_posted": 1}
