"""Row 8 of the fault matrix: a word or a field that nobody knows is shown, and never guessed at."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from http_client import Client
from stack.batch.rows import BatchRow
from tests.support.journey import Journey
from tests.support.polling import eventually

pytestmark = pytest.mark.timeout(400)
WITHIN = 10.0
"""Seconds from the odd answer to a change that is parked with a diff to look at."""

STANDING = {"method": "GET", "path_prefix": "/v1/accounts"}
ACCOUNT = {"method": "GET", "path_prefix": "/accounts"}


@dataclass(frozen=True)
class Odd:
    """What a vendor begins to send instead, and how the diff shows it."""

    vendor: str
    check: str
    """The question that its answer leaves open."""
    subject: str
    fault: Mapping[str, str]
    differs: frozenset[str]
    """Paths of the diff; a word that is not known comes in the usual shape."""


ODD = {
    "unknown status": Odd(
        "billing",
        "standing",
        "standing",
        {"kind": "new_status", "value": "frozen", **STANDING},
        frozenset(),
    ),
    "missing field": Odd(
        "billing",
        "standing",
        "standing",
        {"kind": "remove_field", "field": "standing", **STANDING},
        frozenset({"standing"}),
    ),
    "renamed field": Odd(
        "crm",
        "entitlement",
        "lifecycle",
        {"kind": "rename_field", "field": "lifecycle", "new_name": "accountState", **ACCOUNT},
        frozenset({"lifecycle", "accountState"}),
    ),
    "retyped field": Odd(
        "billing",
        "standing",
        "standing",
        {"kind": "retype_field", "field": "standing", **STANDING},
        frozenset({"standing", "standing[]"}),
    ),
}


async def usual(journey: Journey, row: BatchRow) -> None:
    """The vendors were just read about the account as they usually answer: a diff is to that."""
    change_id = await journey.submit(row)
    await journey.reaches(change_id, "awaiting_approval")
    await journey.decide(change_id, "cancel")
    await journey.reaches(change_id, "cancelled")


def changed(
    journey: Journey, vendor: str, fault: Mapping[str, str]
) -> AbstractContextManager[Client]:
    """The vendor sends something else while the block runs."""
    return journey.stack.faulty(vendor, **fault, calls=100_000)


async def struck_at(journey: Journey, vendor: str, correlation_id: str) -> datetime:
    """When the vendor first gave the change an odd answer."""

    async def look() -> list[str]:
        return [
            call["at"]
            for call in await asyncio.to_thread(journey.stack.calls, vendor)
            if call["fault"] and call["correlation_id"] == correlation_id
        ]

    return datetime.fromisoformat((await eventually(look, bool, within=60))[0])


async def inbox(journey: Journey, **query: str) -> list[dict[str, Any]]:
    answer = await journey.operator.get("/v1/drift", params={"state": "open", **query})
    found: list[dict[str, Any]] = answer.raise_for_status().json()["items"]
    return found


async def parked(journey: Journey, change_id: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The change and its drift, once it is parked and the drift is there to be looked at."""
    change = await journey.reaches(change_id, "needs_attention")
    answer = await journey.operator.get(f"/v1/drift/{change['failure']['reason']}")
    drift: dict[str, Any] = answer.raise_for_status().json()
    return change, drift


@pytest.mark.parametrize("name", ODD)
async def test_what_cannot_be_read_parks_the_change_with_a_diff_and_nothing_is_guessed(
    journey: Journey,
    rows: Iterator[BatchRow],
    record_property: Callable[[str, object], None],
    name: str,
) -> None:
    odd = ODD[name]
    row = next(rows)
    await usual(journey, row)
    with changed(journey, odd.vendor, odd.fault):
        change_id = await journey.submit(row)
        change, drift = await parked(journey, change_id)
        shown_at = datetime.now(UTC)
        since = await struck_at(journey, odd.vendor, change["correlation_id"])
    seconds = (shown_at - since).total_seconds()
    record_property("seconds", round(seconds, 2))

    assert seconds <= WITHIN
    assert (drift["system"], drift["state"], drift["parks"]) == (odd.vendor, "open", True)
    assert odd.subject in f"{drift['path']} {drift['sentence']}"
    assert {each["path"] for each in drift["diff"]} == odd.differs
    assert change["failure"]["code"] == "unrecognised_payload"
    assert odd.check not in [check["name"] for check in change["checks"]]
    assert not any(journey.done(row.account_id).values())
    await journey.decide(change_id, "retry")
    await journey.reaches(change_id, "awaiting_approval")


async def test_an_effect_whose_answer_has_an_unknown_status_is_not_done_twice(
    journey: Journey, rows: Iterator[BatchRow], record_property: Callable[[str, object], None]
) -> None:
    row = next(rows)
    change_id = await journey.submit(row)
    await journey.reaches(change_id, "awaiting_approval")
    fault = {"kind": "new_status", "method": "POST", "path_prefix": "/appointments"}
    with changed(journey, "scheduling", fault):
        await journey.decide(change_id, "approve")
        change, drift = await parked(journey, change_id)
        shown_at = datetime.now(UTC)
        since = await struck_at(journey, "scheduling", change["correlation_id"])
    seconds = (shown_at - since).total_seconds()
    record_property("seconds", round(seconds, 2))

    assert seconds <= WITHIN
    assert drift["came"] == "under_migration"
    assert not journey.done(row.account_id)["crm"]["order_opened"], "it went on by a guess"
    await journey.decide(change_id, "retry")
    await journey.reaches(change_id, "active")
    done = journey.done(row.account_id)["scheduling"]
    assert done == {"appointment_held": 1, "appointment_confirmed": 1}


async def test_a_field_nobody_acts_on_is_noted_and_stops_nothing(
    journey: Journey, rows: Iterator[BatchRow], record_property: Callable[[str, object], None]
) -> None:
    row = next(rows)
    await usual(journey, row)
    fault = {"kind": "new_field", "field": "loyalty_tier", "value": "gold", **STANDING}
    with changed(journey, "billing", fault):
        change_id = await journey.submit(row)
        noted = await eventually(
            lambda: inbox(journey, system="billing", parks="false"),
            lambda items: any("loyalty_tier" in item["path"] for item in items),
            within=60,
        )
        shown_at = datetime.now(UTC)
        change = await journey.reaches(change_id, "awaiting_approval", "needs_attention")
        since = await struck_at(journey, "billing", change["correlation_id"])
    seconds = (shown_at - since).total_seconds()
    record_property("seconds", round(seconds, 2))

    assert change["status"] == "awaiting_approval"
    assert seconds <= WITHIN
    assert [item["parked"] for item in noted if "loyalty_tier" in item["path"]] == [0]
