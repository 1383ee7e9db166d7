"""Asks vendors for the events whose webhooks never came, and queues those in the inbox.

A vendor that cannot be asked is no failure of the activity: that is on record, and the next poll
asks again, not before the time the vendor named.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Final, Protocol

from temporalio import activity

from activities.ports import Billing, Ticketing
from domain.errors import VendorError, VendorThrottledError
from domain.event_polling import Feed, PollInput, PollResult, polling_id
from domain.identifiers import System
from domain.vendor_events import event_of_ticket
from domain.vendor_values import EventPage, PublishedEvent, VendorCall

PAGE: Final = 100
"""Events, or tickets, asked for at once."""

PAGES: Final = 20
"""The most of one poll, so that it ends in its time; the next one carries on."""


class EventInbox(Protocol):
    """The inbox, as polling needs it. Each method is one transaction and safe to repeat."""

    async def feed(self, system: System) -> Feed:
        """How far the vendor has been asked."""
        ...

    async def take(
        self, system: System, events: Sequence[PublishedEvent], cursor: str | None
    ) -> int:
        """Queue those that are not here yet and move the place; how many they were."""
        ...

    async def polled(self, system: System) -> None:
        """Put on record that the vendor was asked and answered."""
        ...

    async def not_polled(self, system: System, why: str, retry_at: datetime | None) -> None:
        """Put on record that it could not be asked."""
        ...

    async def open_tickets(self, after: str | None, limit: int) -> Mapping[str, int]:
        """Open tickets of changes that have not ended, by number, each with the version known."""
        ...


Clock = Callable[[], datetime]


class EventPollingActivities:
    """Billing lists its events; ticketing has no such list, so its tickets are looked at."""

    def __init__(
        self,
        inbox: EventInbox,
        billing: Billing,
        ticketing: Ticketing,
        *,
        due_after: timedelta,
        clock: Clock,
    ) -> None:
        self._inbox = inbox
        self._billing = billing
        self._ticketing = ticketing
        self._due_after = due_after
        self._clock = clock

    @activity.defn(name="poll_billing_events")
    async def poll_billing_events(self, poll: PollInput) -> PollResult:
        """Queue billing's events that are due and not here. Safe to repeat."""
        return await self._poll(poll.system, self._list_events)

    @activity.defn(name="poll_tickets")
    async def poll_tickets(self, poll: PollInput) -> PollResult:
        """Queue what open tickets should have been told by. Safe to repeat."""
        return await self._poll(poll.system, self._look_at_tickets)

    async def _poll(
        self, system: System, ask: Callable[[System, Feed, VendorCall], Awaitable[int]]
    ) -> PollResult:
        feed = await self._inbox.feed(system)
        if feed.held or (feed.retry_at is not None and feed.retry_at > self._clock()):
            return PollResult(missed=0, asked=False)
        try:
            missed = await ask(system, feed, VendorCall(polling_id(system)))
        except VendorError as error:
            retry_at = (
                self._clock() + timedelta(seconds=error.retry_after)
                if isinstance(error, VendorThrottledError)
                else None
            )
            await self._inbox.not_polled(system, f"{error.code}: {error.words}", retry_at)
            return PollResult(missed=0, asked=False)
        await self._inbox.polled(system)
        return PollResult(missed=missed, asked=True)

    async def _list_events(self, system: System, feed: Feed, call: VendorCall) -> int:
        cursor, missed = feed.cursor, 0
        for _ in range(PAGES):
            page = await self._page(call, cursor)
            due = list(takewhile(self._is_due, page.events))
            cursor = due[-1].id if due else cursor
            missed += await self._inbox.take(system, due, cursor)
            if len(due) < len(page.events) or not page.more:
                break
        return missed

    async def _page(self, call: VendorCall, cursor: str | None) -> EventPage:
        """The events after the cursor; from the first on when the vendor no longer knows it."""
        page = await self._billing.list_events(call, after=cursor, limit=PAGE)
        if page is None:
            page = await self._billing.list_events(call, after=None, limit=PAGE)
        return page or EventPage((), more=False)

    async def _look_at_tickets(self, system: System, feed: Feed, call: VendorCall) -> int:
        tickets = await self._inbox.open_tickets(feed.cursor, PAGE)
        found: list[PublishedEvent] = []
        for reference, known in tickets.items():
            state = await self._ticketing.read_ticket(call, reference)
            event = event_of_ticket(state) if state and state.version > known else None
            if event is not None and self._is_due(event):
                found.append(event)
        # Where there are more tickets than one poll looks at, the next goes on after these.
        cursor = max(tickets) if len(tickets) == PAGE else None
        return await self._inbox.take(system, found, cursor)

    def _is_due(self, event: PublishedEvent) -> bool:
        """Whether its webhook should have come by now; a younger one is on its way."""
        return event.occurred_at <= self._clock() - self._due_after
