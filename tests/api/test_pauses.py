"""Stopping and resuming through the API: who may, what is shown, what is woken."""

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from adapters.postgres.records import PostgresRecords
from adapters.postgres.tables import OutboxRow, ServiceChangeRow
from domain.errors import VendorThrottledError
from domain.identifiers import System
from tests.support.api import CALLERS, ApiUnderTest

Sessions = async_sessionmaker[AsyncSession]
ROUTE = "/v1/pauses"
WHY = {"reason": "Month-end at the vendor."}


async def listed(api: ApiUnderTest) -> list[dict[str, Any]]:
    answer = await api.client("support").get(ROUTE)
    body: list[dict[str, Any]] = answer.raise_for_status().json()
    return body


async def audited(api: ApiUnderTest, action: str) -> list[dict[str, Any]]:
    answer = await api.operator.get("/v1/audit", params={"action": action})
    items: list[dict[str, Any]] = answer.raise_for_status().json()["items"]
    return items


async def woken(sessions: Sessions) -> Sequence[str]:
    async with sessions() as session:
        found = await session.scalars(
            select(OutboxRow.change_id).where(OutboxRow.topic == "resumed")
        )
        return [change_id for change_id in found if change_id]


@pytest.mark.parametrize("scope", ["everything", "billing", "add_service"])
async def test_a_pause_is_listed_with_who_and_why_until_it_is_lifted(
    api: ApiUnderTest, scope: str
) -> None:
    answer = await api.operator.put(f"{ROUTE}/{scope}", json=WHY)

    assert answer.status_code == 200
    assert await listed(api) == [answer.json() | {"may_resume": False}]  # support looks
    assert (answer.json()["scope"], answer.json()["actor"], answer.json()["reason"]) == (
        scope,
        "operator",
        WHY["reason"],
    )
    assert (await api.client("admin").delete(f"{ROUTE}/{scope}")).status_code == 204
    assert await listed(api) == []
    (paused,), (resumed,) = await audited(api, "pause"), await audited(api, "resume")
    assert (paused["actor"], paused["reason"], paused["facts"]) == (
        "operator",
        WHY["reason"],
        {"scope": scope},
    )
    assert resumed["actor"] == "admin"


async def test_a_paused_change_has_it_on_its_own_trail(api: ApiUnderTest) -> None:
    change = await api.accepted()

    answer = await api.operator.put(f"{ROUTE}/{change['id']}", json=WHY)

    assert answer.status_code == 200
    timeline = (await api.portal.get(f"/v1/service-changes/{change['id']}/timeline")).json()
    entries = timeline["items"] if isinstance(timeline, dict) else timeline
    assert "Pause" in [entry["title"] for entry in entries]


async def test_resuming_wakes_exactly_what_waits_on_that_pause(
    api: ApiUnderTest, sessions: Sessions
) -> None:
    waits, waits_on_another, does_not = [(await api.accepted())["id"] for _ in range(3)]
    async with sessions.begin() as session:
        for change_id, scope in ((waits, "billing"), (waits_on_another, "crm")):
            item = {"party": "operator", "what": "To resume.", "pause": scope}
            await session.execute(
                update(ServiceChangeRow)
                .where(ServiceChangeRow.id == change_id)
                .values(waiting_on=[item])
            )
    await api.operator.put(f"{ROUTE}/billing", json=WHY)

    await api.operator.delete(f"{ROUTE}/billing")
    await api.operator.delete(f"{ROUTE}/billing")

    assert await woken(sessions) == [waits]
    assert does_not not in await woken(sessions)


async def test_pausing_again_keeps_the_latest_word(api: ApiUnderTest) -> None:
    await api.operator.put(f"{ROUTE}/crm", json=WHY)
    await api.client("second_operator").put(f"{ROUTE}/crm", json={"reason": "Still."})

    (only,) = await listed(api)
    assert (only["actor"], only["reason"]) == ("second_operator", "Still.")


@pytest.mark.parametrize("scope", ["throughline", "chg_nobody", "everybody"])
async def test_what_does_not_exist_cannot_be_paused(api: ApiUnderTest, scope: str) -> None:
    answer = await api.operator.put(f"{ROUTE}/{scope}", json=WHY)

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_a_pause_needs_a_reason(api: ApiUnderTest) -> None:
    answer = await api.operator.put(f"{ROUTE}/crm", json={"reason": "  "})

    assert answer.status_code == 422


@pytest.mark.parametrize("caller", sorted(CALLERS))
async def test_operators_pause_staff_reads_and_nobody_else_does_either(
    api: ApiUnderTest, caller: str
) -> None:
    client = api.client(caller)
    may_pause = caller in {"operator", "second_operator", "admin", "second_admin"}
    may_read = may_pause or caller == "support"

    assert (await client.put(f"{ROUTE}/crm", json=WHY)).status_code == (200 if may_pause else 403)
    assert (await client.delete(f"{ROUTE}/crm")).status_code == (204 if may_pause else 403)
    assert (await client.get(ROUTE)).status_code == (200 if may_read else 403)


async def test_health_shows_a_closed_gate_and_a_pause(
    api: ApiUnderTest, sessions: Sessions
) -> None:
    slow = VendorThrottledError(System.BILLING, "429", retry_after=60)
    async with PostgresRecords(sessions, api.parts.clock).begin() as record:
        await record.report_call(System.BILLING, "chg_1", slow)
    await api.operator.put(f"{ROUTE}/crm", json=WHY)

    answer = await api.operator.get("/v1/health/integrations")

    vendors = {each["system"]: each for each in answer.raise_for_status().json()}
    billing, crm = vendors["billing"], vendors["crm"]
    assert billing["closed_until"] == billing["rate_limited_until"] is not None
    assert (billing["cause"], billing["paused_by"]) == ("throttled", None)
    assert (crm["closed_until"], crm["paused_by"], crm["paused_reason"]) == (
        None,
        "operator",
        WHY["reason"],
    )
