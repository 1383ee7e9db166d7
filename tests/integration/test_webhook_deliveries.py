"""A vendor whose webhooks are lost, repeated and reordered, before the real door."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from activities.event_polling import EventPollingActivities
from adapters.postgres.event_feeds import PostgresEventInbox
from adapters.postgres.tables_inbox import InboxRow
from adapters.vendors.billing import BillingClient
from adapters.vendors.fakes.ticketing import FakeTicketing
from domain.event_polling import PollInput, PollResult
from domain.identifiers import System
from http_client import AsyncClient
from sandbox._base.accounts import Account, bundled_accounts
from tests.support.api import running_api, served, settings_for
from tests.support.clock import Clock
from tests.support.polling import eventually
from tests.vendor_server import ENVIRON, RunningVendor, running
from worker.inbox import work_off

Sessions = async_sessionmaker[AsyncSession]
DEBTORS = [each for each in bundled_accounts() if each.past_due][:3]


@pytest.fixture
async def billing(
    database_url: str, engine_address: str, tmp_path: Path
) -> AsyncIterator[RunningVendor]:
    """Billing, which tells our API of everything."""
    secret = SecretStr(ENVIRON["SANDBOX_BILLING_WEBHOOK_SECRET"])
    settings = settings_for(database_url, engine_address, tmp_path, billing_webhook_secret=secret)
    async with running_api(settings) as api, served(api) as url:
        door = f"{url}/v1/webhooks/billing"
        with running("billing", tmp_path / "billing", webhook_url=door) as vendor:
            yield vendor


async def pay(vendor: RunningVendor, account: Account) -> None:
    headers = {"Authorization": f"Bearer {ENVIRON['SANDBOX_BILLING_API_KEY']}"}
    async with AsyncClient(base_url=vendor.base_url, headers=headers, trust_env=False) as http:
        paid = await http.post(
            f"/v1/accounts/{account.account_id}/payments",
            json={"amount_minor": 1_000_000, "method": account.payment_method},
        )
    paid.raise_for_status()


async def inbox(sessions: Sessions) -> list[InboxRow]:
    async with sessions() as session:
        return list(await session.scalars(select(InboxRow).order_by(InboxRow.received_at)))


async def come(sessions: Sessions, count: int) -> list[InboxRow]:
    return await eventually(lambda: inbox(sessions), lambda rows: len(rows) == count)


async def deliveries(vendor: RunningVendor) -> dict[str, object]:
    async with AsyncClient(base_url=vendor.base_url, trust_env=False) as http:
        told: dict[str, object] = (await http.get("/_control/webhooks")).json()
    return told


async def test_a_webhook_that_was_never_sent_is_repaired_by_polling(
    billing: RunningVendor, sessions: Sessions
) -> None:
    lost, came, _ = DEBTORS
    billing.control.deliveries(withhold=1)
    await pay(billing, lost)
    await pay(billing, came)
    await come(sessions, 1)
    assert (await deliveries(billing))["withheld"] == 1

    clock = Clock(datetime.now(UTC) + timedelta(minutes=1))
    api_key = ENVIRON["SANDBOX_BILLING_API_KEY"]
    async with BillingClient(billing.base_url, api_key=api_key) as client:
        polling = EventPollingActivities(
            PostgresEventInbox(sessions, clock),
            client,
            FakeTicketing(),
            due_after=timedelta(seconds=30),
            clock=clock,
        )
        found = await polling.poll_billing_events(PollInput(system=System.BILLING))
    await work_off(sessions, clock)

    assert found == PollResult(missed=1, asked=True)
    rows = {row.account_id: row for row in await inbox(sessions)}
    assert rows[came.account_id].source == "webhook"
    assert rows[lost.account_id].source == "poll"
    assert "its webhook had not come" in rows[lost.account_id].outcome
    assert {row.state for row in rows.values()} == {"processed"}


async def test_webhooks_that_come_twice_and_latest_first_are_kept_once_each(
    billing: RunningVendor, sessions: Sessions
) -> None:
    billing.control.deliveries(paused=True)
    for account in DEBTORS:
        await pay(billing, account)
    assert await inbox(sessions) == []

    billing.control.deliveries(repeat=2, newest_first=True)
    rows = await come(sessions, 3)

    arrived = [json.loads(row.body)["data"]["account"] for row in rows]
    assert arrived == [account.account_id for account in reversed(DEBTORS)]
    assert [row.duplicates for row in rows] == [1, 1, 0]
    assert (await deliveries(billing))["repeated"] == 2
