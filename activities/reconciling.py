"""Reads every system page by page, and has the record compare what was read."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import datetime
from time import perf_counter
from typing import Any, Final, TypeVar

from temporalio import activity

from activities.ports import Billing, Crm, Scheduling, Ticketing
from activities.reconciliations import Reconciliations
from activities.unrecorded import UnrecordedCalls
from domain.identifiers import System
from domain.listings import Listing
from domain.reconciliation import Observation, of_billing, of_crm, of_scheduling, of_ticketing
from domain.reconciliation_messages import (
    CompareInput,
    CompareResult,
    PageInput,
    PageResult,
    reconciliation_workflow_id,
)
from domain.reconciling import PAUSE_SCOPE, ReadingPlace, ReadPage
from domain.vendor_values import VendorCall

Item = TypeVar("Item")
Clock = Callable[[], datetime]
Read = Callable[[VendorCall, ReadingPlace], Awaitable[tuple[int, list[Observation], str | None]]]

PAGE: Final = 500
"""Things asked for at once: some 350 KiB, a third of the largest answer that is read."""


class ReconciliationActivities:
    """The steps of a run. A page that is on record is not read again."""

    def __init__(
        self,
        runs: Reconciliations,
        calls: UnrecordedCalls,
        *,
        crm: Crm,
        billing: Billing,
        scheduling: Scheduling,
        ticketing: Ticketing,
        clock: Clock,
    ) -> None:
        self._runs = runs
        self._calls = calls
        self._clock = clock
        self._read: Mapping[System, Read] = {
            System.CRM: _reading(crm.list_accounts, of_crm),
            System.BILLING: _reading(billing.list_accounts, of_billing),
            System.SCHEDULING: _reading(scheduling.list_appointments, of_scheduling),
            System.TICKETING: _reading(ticketing.list_tickets, of_ticketing),
        }

    @activity.defn(name="begin_nightly_reconciliation")
    async def begin_nightly_reconciliation(self) -> str | None:
        """Put tonight's run on record, unless one is under way."""
        return await self._runs.begin_nightly()

    @activity.defn(name="read_reconciliation_page")
    async def read_reconciliation_page(self, page: PageInput) -> PageResult:
        """Read one page and keep what is compared of it. Raises vendor failures."""
        place = await self._runs.place(page)
        if place.read is not None:
            return place.read
        if page.system is System.THROUGHLINE:
            return await self._runs.keep_own_page(page)
        call, read_at, begun = VendorCall(place.correlation_id), self._clock(), perf_counter()
        read = self._read[page.system]
        items, observations, next_cursor = await self._calls.ask(
            call,
            page.system,
            "read_reconciliation_page",
            lambda call: read(call, place),
            caller=reconciliation_workflow_id(page.run_id),
            scope=PAUSE_SCOPE,
        )
        return await self._runs.keep_page(
            page,
            ReadPage(
                observations=observations,
                next_cursor=next_cursor,
                items=items,
                calls=len(call.exchanges),
                read_at=read_at,
                duration_ms=round((perf_counter() - begun) * 1000),
            ),
        )

    @activity.defn(name="compare_reconciled")
    async def compare_reconciled(self, what: CompareInput) -> CompareResult:
        """Compare what was read whole, and end the run. Safe to repeat."""
        return await self._runs.compare(what)


def _reading(
    list_: Callable[..., Awaitable[Listing[Item]]],
    observe: Callable[[Item], Iterable[Observation]],
) -> Read:
    """A page of one vendor as the observations that are compared."""

    async def read(
        call: VendorCall, place: ReadingPlace
    ) -> tuple[int, list[Observation], str | None]:
        asked: dict[str, Any] = {"limit": PAGE, "account_id": place.account_id}
        listing = await list_(call, cursor=place.cursor, **asked)
        observations = [found for item in listing.items for found in observe(item)]
        return len(listing.items), observations, listing.next_cursor

    return read
