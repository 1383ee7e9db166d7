"""Webhooks that never came: found by asking the vendor, through a schedule of the real engine."""

import json
import uuid
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from temporalio.client import Client
from temporalio.worker import Worker

from activities.credentials import CredentialActivities
from activities.event_polling import EventPollingActivities
from adapters.postgres.event_feeds import PostgresEventInbox
from adapters.postgres.inbox_reading import inbox_summary
from adapters.postgres.records import PostgresRecords
from adapters.postgres.tables import AuditEntryRow, OutboxRow, ServiceChangeRow
from adapters.postgres.tables_inbox import EventFeedRow, InboxRow
from adapters.postgres.tables_operations import PauseRow, VendorGateRow
from adapters.postgres.trials import PostgresTrials
from adapters.temporal.schedules import schedule_polling
from adapters.vendors.billing import BillingClient
from adapters.vendors.fakes.entrances import FakeEntrances
from adapters.vendors.ticketing import TicketingClient
from domain.event_polling import PollInput, PollResult, polling_id
from domain.identifiers import System, vendor_queue
from domain.service_change import ChangeStatus
from domain.submission import check_submission
from domain.vendor_events import InboxState
from domain.vendor_values import TicketDraft, VendorCall
from http_client import AsyncClient
from sandbox._base.accounts import bundled_accounts
from tests.support.clock import Clock
from tests.support.polling import eventually
from tests.support.records import SUBMISSION, accepted_change
from tests.support.webhooks import arrive
from tests.vendor_server import ENVIRON, RunningVendor, running
from worker.inbox import work_off
from worker.main import workflow_runner
from workflows import EventPollingWorkflow

Sessions = async_sessionmaker[AsyncSession]
DEBTOR = next(each for each in bundled_accounts() if each.past_due)
POLL = {system: PollInput(system=system) for system in System}
NOTHING = PollResult(missed=0, asked=True)


@pytest.fixture(scope="module")
def billing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningVendor]:
    with running("billing", tmp_path_factory.mktemp("billing")) as vendor:
        yield vendor


@pytest.fixture(scope="module")
def ticketing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningVendor]:
    with running("ticketing", tmp_path_factory.mktemp("ticketing")) as vendor:
        yield vendor


class Polls:
    """The activities, on real vendors and the real inbox, at a time the test sets."""

    def __init__(
        self, sessions: Sessions, billing: BillingClient, ticketing: TicketingClient
    ) -> None:
        self.sessions = sessions
        self.billing = billing
        self.ticketing = ticketing
        self.clock = Clock(datetime.now(UTC) + timedelta(minutes=1))
        self.activities = EventPollingActivities(
            PostgresEventInbox(sessions, self.clock),
            billing,
            ticketing,
            due_after=timedelta(seconds=30),
            clock=self.clock,
        )

    async def of_billing(self) -> PollResult:
        return await self.activities.poll_billing_events(POLL[System.BILLING])

    async def of_tickets(self) -> PollResult:
        return await self.activities.poll_tickets(POLL[System.TICKETING])

    async def inbox(self) -> list[InboxRow]:
        async with self.sessions() as session:
            return list(await session.scalars(select(InboxRow).order_by(InboxRow.received_at)))

    async def feed(self, system: System) -> EventFeedRow:
        async with self.sessions() as session:
            return await session.get_one(EventFeedRow, system)


@pytest.fixture
async def polls(
    sessions: Sessions, billing: RunningVendor, ticketing: RunningVendor
) -> AsyncIterator[Polls]:
    billing.control.reset()
    ticketing.control.reset()
    key, token = ENVIRON["SANDBOX_BILLING_API_KEY"], ENVIRON["SANDBOX_TICKETING_TOKEN"]
    async with (
        BillingClient(billing.base_url, api_key=key) as bills,
        TicketingClient(ticketing.base_url, token=token) as tickets,
    ):
        yield Polls(sessions, bills, tickets)


async def pay(vendor: RunningVendor) -> None:
    """The customer pays all that is owed."""
    headers = {"Authorization": f"Bearer {ENVIRON['SANDBOX_BILLING_API_KEY']}"}
    async with AsyncClient(base_url=vendor.base_url, headers=headers, trust_env=False) as http:
        paid = await http.post(
            f"/v1/accounts/{DEBTOR.account_id}/payments",
            json={"amount_minor": 1_000_000, "method": DEBTOR.payment_method},
        )
    paid.raise_for_status()


async def answer(vendor: RunningVendor, ticket: str) -> None:
    headers = {"Authorization": f"Token {ENVIRON['SANDBOX_TICKETING_TOKEN']}"}
    async with AsyncClient(base_url=vendor.base_url, headers=headers, trust_env=False) as http:
        answered = await http.post(
            f"/api/tickets/{ticket}/answers", json={"answer": {"body": "Here it is."}}
        )
    answered.raise_for_status()


async def blocked_change(sessions: Sessions, account: str = DEBTOR.account_id) -> str:
    change = await accepted_change(
        sessions, submission=check_submission({**SUBMISSION, "account_id": account})
    )
    async with sessions.begin() as session:
        row = await session.get_one(ServiceChangeRow, change.id)
        row.status = ChangeStatus.INCOMPLETE
    return change.id


async def woken(sessions: Sessions) -> list[str]:
    async with sessions() as session:
        rows = await session.scalars(select(OutboxRow).where(OutboxRow.topic == "look_again"))
        return [row.change_id for row in rows if row.change_id]


async def test_a_payment_whose_webhook_was_lost_is_found_and_wakes_the_change(
    polls: Polls, billing: RunningVendor
) -> None:
    change = await blocked_change(polls.sessions)
    await pay(billing)

    found = await polls.of_billing()
    await work_off(polls.sessions, polls.clock)

    assert found == PollResult(missed=1, asked=True)
    (event,) = await polls.inbox()
    assert (event.source, event.state, event.type) == (
        "poll",
        "processed",
        "account.standing_changed",
    )
    assert await woken(polls.sessions) == [change]
    async with polls.sessions() as session:
        (entry,) = await session.scalars(
            select(AuditEntryRow).where(AuditEntryRow.actor_kind == "poll")
        )
    assert "Came by polling; its webhook had not come." in entry.reason
    feed = await polls.feed(System.BILLING)
    assert feed.cursor == event.event_id
    assert feed.polled_at is not None

    assert await polls.of_billing() == NOTHING
    # The webhook comes after all: one more arrival of a known event, and nothing else.
    await arrive(polls.sessions, System.BILLING, event.body, event_id=event.event_id)
    await work_off(polls.sessions, polls.clock)
    (event,) = await polls.inbox()
    assert event.duplicates == 1
    assert await woken(polls.sessions) == [change]


async def test_an_event_that_came_by_webhook_is_not_counted_again_by_a_poll(
    polls: Polls, billing: RunningVendor
) -> None:
    await pay(billing)
    page = await polls.billing.list_events(VendorCall("c"), after=None, limit=10)
    assert page is not None
    (told,) = page.events
    body = json.dumps(told.body).encode()
    await arrive(polls.sessions, System.BILLING, body, event_id=told.id)

    assert await polls.of_billing() == NOTHING

    (event,) = await polls.inbox()
    assert (event.source, event.duplicates) == ("webhook", 0)
    assert (await polls.feed(System.BILLING)).cursor == told.id


async def test_an_event_that_may_still_be_on_its_way_is_left_to_its_webhook(
    polls: Polls, billing: RunningVendor
) -> None:
    await pay(billing)
    polls.clock.advance(-timedelta(minutes=1))

    assert await polls.of_billing() == NOTHING
    assert (await polls.feed(System.BILLING)).cursor is None

    polls.clock.advance(timedelta(minutes=1))
    assert (await polls.of_billing()).missed == 1


async def test_a_vendor_that_forgot_our_place_is_asked_from_its_beginning(
    polls: Polls, billing: RunningVendor
) -> None:
    await pay(billing)
    await polls.of_billing()
    billing.control.reset()
    await pay(billing)

    assert (await polls.of_billing()).missed == 1

    assert (await polls.feed(System.BILLING)).cursor == (await polls.inbox())[-1].event_id


async def test_a_vendor_that_cannot_be_asked_is_on_record_and_asked_again(
    polls: Polls, billing: RunningVendor
) -> None:
    await pay(billing)
    billing.control.fault("status", status=503)

    assert await polls.of_billing() == PollResult(missed=0, asked=False)
    feed = await polls.feed(System.BILLING)
    assert (feed.last_error or "").startswith("unavailable: ")
    assert feed.polled_at is None

    assert (await polls.of_billing()).missed == 1
    feed = await polls.feed(System.BILLING)
    assert (feed.last_error, feed.failed_at, feed.retry_at) == (None, None, None)


@pytest.mark.parametrize("scope", ["everything", "billing"])
async def test_a_paused_vendor_is_not_polled(
    polls: Polls, billing: RunningVendor, scope: str
) -> None:
    await pay(billing)
    async with polls.sessions.begin() as session:
        session.add(PauseRow(scope=scope, actor="olga", reason="Moving.", at=polls.clock()))

    assert not (await polls.of_billing()).asked

    async with polls.sessions.begin() as session:
        await session.execute(delete(PauseRow))
    assert (await polls.of_billing()).missed == 1


async def test_a_vendor_whose_gate_is_closed_is_not_polled(
    polls: Polls, billing: RunningVendor
) -> None:
    await pay(billing)
    gate = VendorGateRow(
        system="billing",
        closed_until=func.now() + timedelta(minutes=1),
        admitted=0,
        failures=0,
        closures=1,
        updated_at=func.now(),
    )
    async with polls.sessions.begin() as session:
        session.add(gate)

    assert not (await polls.of_billing()).asked


async def test_a_vendor_that_wants_to_be_left_alone_is_not_asked_before_its_time(
    polls: Polls, billing: RunningVendor
) -> None:
    await pay(billing)
    billing.control.fault("rate_limit", retry_after=600)

    assert not (await polls.of_billing()).asked
    assert not (await polls.of_billing()).asked
    assert billing.control.hits() == 1

    polls.clock.advance(timedelta(minutes=11))
    assert (await polls.of_billing()).missed == 1


async def opened(polls: Polls) -> tuple[str, str]:
    """A change that waits, and its ticket, as the activities leave them."""
    change = await blocked_change(polls.sessions)
    call = VendorCall("c", idempotency_key=f"{change}:open_ticket:1:1")
    draft = TicketDraft(DEBTOR.account_id, change, "Information needed", "A form is missing.")
    ticket = (await polls.ticketing.open_ticket(call, draft)).vendor_reference
    async with PostgresRecords(polls.sessions, polls.clock).begin() as record:
        await record.save_ticket(change, ticket, draft.subject)
    return change, ticket


async def test_an_answer_whose_webhook_was_lost_is_found_in_the_ticket(
    polls: Polls, ticketing: RunningVendor
) -> None:
    change, ticket = await opened(polls)
    assert await polls.of_tickets() == NOTHING

    await answer(ticketing, ticket)
    assert await polls.of_tickets() == PollResult(missed=1, asked=True)
    await work_off(polls.sessions, polls.clock)

    (event,) = await polls.inbox()
    assert (event.type, event.reference, event.object_version) == ("ticket.answered", ticket, 2)
    assert await woken(polls.sessions) == [change]
    assert await polls.of_tickets() == NOTHING
    # Its webhook comes after all: of a version that is known.
    told = json.loads(event.body)["data"]
    await arrive(polls.sessions, System.TICKETING, {"type": "ticket.answered", "data": told})
    await work_off(polls.sessions, polls.clock)
    assert [row.state for row in await polls.inbox()].count("stale") == 1
    assert await woken(polls.sessions) == [change]


async def test_a_ticket_closed_by_somebody_else_is_found_closed(
    polls: Polls,
) -> None:
    _, ticket = await opened(polls)
    await polls.ticketing.close_ticket(VendorCall("c", idempotency_key="x"), ticket, "Spam.")

    assert (await polls.of_tickets()).missed == 1
    await work_off(polls.sessions, polls.clock)

    (event,) = await polls.inbox()
    assert f"Ticket {ticket} is closed." in event.outcome
    assert await polls.of_tickets() == NOTHING


async def test_the_summary_tells_how_far_each_vendor_was_asked(
    polls: Polls, billing: RunningVendor
) -> None:
    await pay(billing)
    await polls.of_billing()

    async with polls.sessions() as session:
        found = await inbox_summary(session, polls.clock())

    of = {view.system: view for view in found.systems}
    assert (of[System.BILLING].feed.repaired, of[System.BILLING].by_state[InboxState.QUEUED]) == (
        1,
        1,
    )
    assert of[System.BILLING].feed.polled_at is not None
    assert of[System.TICKETING].feed.polled_at is None


async def test_a_schedule_has_a_lost_webhook_repaired_with_nobody_doing_anything(
    polls: Polls, billing: RunningVendor, temporal_client: Client
) -> None:
    change = await blocked_change(polls.sessions)
    task_queue = f"polling-{uuid.uuid4().hex}"
    every = timedelta(seconds=1)
    preflight = CredentialActivities(
        PostgresRecords(polls.sessions, polls.clock),
        FakeEntrances(),
        PostgresTrials(polls.sessions, polls.clock),
    )
    handle = temporal_client.get_schedule_handle(polling_id(System.BILLING))
    try:
        for _ in range(2):  # a second worker, or a restart
            await schedule_polling(temporal_client, task_queue, System.BILLING, every)
        workflows = Worker(
            temporal_client,
            task_queue=task_queue,
            workflows=[EventPollingWorkflow],
            activities=[preflight.check_credentials],
            workflow_runner=workflow_runner(),
        )
        steps = Worker(
            temporal_client,
            task_queue=vendor_queue(task_queue, System.BILLING),
            activities=[polls.activities.poll_billing_events],
        )
        async with workflows, steps:
            await pay(billing)
            await eventually(polls.inbox, bool)
    finally:
        await handle.delete()
    await work_off(polls.sessions, polls.clock)

    assert await woken(polls.sessions) == [change]
