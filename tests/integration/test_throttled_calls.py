"""Every form of Retry-After through a real vendor, the adapter and the gate on the real database.

The time a vendor names may be an hour off, so here the database is told that it is up.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
import pytest_asyncio
from sqlalchemy import text, update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from temporalio.exceptions import ApplicationError

from activities.calls import VendorCalls
from adapters.postgres.records import PostgresRecords
from adapters.postgres.tables_operations import VendorGateRow
from adapters.vendors.billing import BillingClient
from adapters.vendors.retry_after import LONGEST, UNTOLD
from domain.errors import FailureCode
from domain.identifiers import System
from domain.records import ChangeRecord
from http_client import Client
from tests.support.clock import Clock
from tests.support.records import accepted_change
from tests.vendor_server import ENVIRON, RunningVendor, running

Sessions = async_sessionmaker[AsyncSession]
OTHERS = 10
STEP = "check_standing"


def in_a_minute() -> str:
    return format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)


@pytest.fixture(scope="module")
def vendor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningVendor]:
    with running("billing", tmp_path_factory.mktemp("billing")) as server:
        yield server


class Callers:
    """Changes that ask billing through the gate, and what billing has seen of it."""

    def __init__(
        self, vendor: RunningVendor, billing: BillingClient, records: PostgresRecords
    ) -> None:
        self.vendor, self.billing, self.records = vendor, billing, records
        self.calls = VendorCalls(records, lambda: datetime.now(UTC))
        self.before = len(self.log())

    def log(self) -> list[int]:
        """The status of each call of which the vendor knows."""
        with Client(base_url=self.vendor.base_url, trust_env=False) as http:
            told = http.get("/_control/calls", params={"limit": "10000"}).raise_for_status().json()
        return [each["status"] for each in told["calls"]]

    @property
    def seen(self) -> list[int]:
        """Those of this test."""
        return self.log()[self.before :]

    async def ask(self, change_id: str) -> ApplicationError | None:
        """What became of one question; None if it was answered."""
        async with self.records.begin() as record:
            change: ChangeRecord = await record.load(change_id)
        try:
            await self.calls.ask(
                change,
                System.BILLING,
                STEP,
                lambda call: self.billing.read_standing(call, change.account_id),
            )
        except ApplicationError as failure:
            return failure
        return None


@pytest_asyncio.fixture
async def callers(
    sessions: Sessions, clock: Clock, vendor: RunningVendor
) -> AsyncIterator[Callers]:
    vendor.control.reset()
    key = ENVIRON["SANDBOX_BILLING_API_KEY"]
    async with BillingClient(vendor.base_url, api_key=key) as client:
        yield Callers(vendor, client, PostgresRecords(sessions, clock))


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        ("in a minute", None),
        ("999999999", LONGEST),
        ("Fri, 31 Dec 2117 23:59:59 GMT", LONGEST),
        ("in a fortnight", UNTOLD),
        (None, UNTOLD),
    ],
)
async def test_nobody_calls_before_the_time_and_then_one(
    sessions: Sessions, callers: Callers, header: str | None, seconds: float | None
) -> None:
    ids = [(await accepted_change(sessions)).id for _ in range(OTHERS + 1)]
    if seconds is None:
        header, seconds = in_a_minute(), 60.0
    callers.vendor.control.fault("rate_limit", retry_after=header, calls=2)

    first = await callers.ask(ids[0])

    assert first is not None
    assert first.type == FailureCode.THROTTLED
    assert first.next_retry_delay is not None
    assert first.next_retry_delay.total_seconds() >= seconds - 2  # an HTTP date has whole seconds
    waits = await asyncio.gather(*(callers.ask(each) for each in ids))
    assert all(wait is not None and wait.type == FailureCode.THROTTLED for wait in waits)
    assert callers.seen == [429]
    async with sessions.begin() as session:
        closed = update(VendorGateRow).values(closed_until=text("now() - interval '1 second'"))
        await session.execute(closed)

    await asyncio.gather(*(callers.ask(each) for each in ids))

    assert callers.seen == [429, 429], "more than one probed"
