"""Wires activities to adapters. The one place that knows both; the type checker proves the fit."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, cast

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from temporalio.client import Client

from activities.billing import BillingActivities
from activities.calls import VendorCalls
from activities.change_record import RecordActivities
from activities.completeness import CompletenessActivities
from activities.credentials import CredentialActivities, Trials
from activities.credentials import Entrances as CredentialEntrances
from activities.crm import CrmActivities
from activities.entitlement import EntitlementActivities
from activities.event_polling import EventInbox, EventPollingActivities
from activities.look_ups import look_ups
from activities.notification import NotificationActivities
from activities.ports import Billing, Crm, Scheduling, Ticketing
from activities.previewing import PreviewActivities
from activities.reconciliations import Reconciliations, Repairs
from activities.reconciling import ReconciliationActivities
from activities.records import Announcer, DocumentVault, Records
from activities.repairing import RepairActivities
from activities.replaying import ReplayActivities
from activities.replays import Changes, Replays
from activities.reporting import ReportActivities, Reports
from activities.scheduling import SchedulingActivities
from activities.settling import SettleActivities
from activities.ticketing import TicketActivities
from activities.unrecorded import UnrecordedCalls
from adapters.announcers import MailAnnouncer, WebhookAnnouncer
from adapters.documents.store import DocumentStore, open_store
from adapters.keyring import Keyring
from adapters.postgres.drift_watch import PostgresDriftWatch
from adapters.postgres.engine import create_engine, sessions
from adapters.postgres.event_feeds import PostgresEventInbox
from adapters.postgres.morning_reports import PostgresReports
from adapters.postgres.reconciliation_repairs import PostgresRepairs
from adapters.postgres.reconciliation_runs import PostgresReconciliations
from adapters.postgres.records import PostgresRecords
from adapters.postgres.replay_progress import PostgresReplays
from adapters.postgres.secret_source import OneVersion, StoredSecrets
from adapters.postgres.trials import PostgresTrials
from adapters.temporal.engine import TemporalEngine
from adapters.vendors.entrances import Entrances
from adapters.vendors.secrets import SecretSource
from crash_points import CrashPoints
from domain.announcements import Teller
from domain.identifiers import System
from settings import Settings
from worker import vendors
from worker.crash_points import MortalPort, MortalRecords

Activity = Callable[..., Any]


def now() -> datetime:
    """UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Outside:
    """The outside world, as activities need it."""

    records: Records
    vault: DocumentVault
    crm: Crm
    billing: Billing
    scheduling: Scheduling
    ticketing: Ticketing
    announcers: Sequence[Announcer]
    events: EventInbox
    replays: Replays
    changes: Changes
    reconciliations: Reconciliations
    repairs: Repairs
    entrances: CredentialEntrances
    trials: Trials
    reports: Reports
    report_tellers: Sequence[Teller] = ()
    event_due_after: timedelta = timedelta(seconds=30)
    clock: Callable[[], datetime] = now


@dataclass(frozen=True, slots=True)
class Activities:
    """What a worker can do: about our own record, and at each vendor."""

    ours: Sequence[Activity]
    at: Mapping[System, Sequence[Activity]]

    def __iter__(self) -> Iterator[Activity]:
        """Every one, once."""
        return iter(dict.fromkeys(chain(self.ours, *self.at.values())))


def activities(outside: Outside) -> Activities:
    """Every activity there is, wired."""
    records = outside.records
    vendors = look_ups(outside.crm, outside.billing, outside.scheduling, outside.ticketing)
    calls = VendorCalls(records, outside.clock, vendors)
    record = RecordActivities(records)
    billing = BillingActivities(records, calls, outside.billing)
    scheduling = SchedulingActivities(records, calls, outside.scheduling)
    crm = CrmActivities(calls, outside.crm)
    tickets = TicketActivities(calls, outside.ticketing)
    polling = EventPollingActivities(
        outside.events,
        outside.billing,
        outside.ticketing,
        due_after=outside.event_due_after,
        clock=outside.clock,
    )
    reads = UnrecordedCalls(records)
    previews = PreviewActivities(reads, outside.crm, outside.billing, outside.scheduling)
    replays = ReplayActivities(outside.replays, outside.changes)
    reconciling = ReconciliationActivities(
        outside.reconciliations,
        reads,
        crm=outside.crm,
        billing=outside.billing,
        scheduling=outside.scheduling,
        ticketing=outside.ticketing,
        clock=outside.clock,
    )
    repairs = RepairActivities(outside.repairs, reads, outside.crm, outside.billing)
    credentials = CredentialActivities(records, outside.entrances, outside.trials)
    settling = SettleActivities(records, calls)
    reports = ReportActivities(outside.reports, outside.report_tellers)
    return Activities(
        ours=(
            record.record_transition,
            record.record_refused_decision,
            record.request_approval,
            record.revise_plan,
            CompletenessActivities(records, outside.vault).check_completeness,
            NotificationActivities(records, outside.announcers).notify_operations,
            previews.preview_completeness,
            replays.advance_replay,
            replays.retry_dead_letter,
            replays.give_up_retry,
            reconciling.begin_nightly_reconciliation,
            reconciling.read_reconciliation_page,
            reconciling.compare_reconciled,
            repairs.repair_difference,
            repairs.record_failed_repair,
            credentials.try_credential,
            credentials.check_credentials,
            credentials.probe_credential,
            reports.build_morning_report,
            reports.send_morning_report,
        ),
        at={
            System.CRM: (
                EntitlementActivities(records, calls, outside.crm).check_entitlement,
                crm.update_services,
                crm.restore_services,
                settling.settle_effect,
                previews.preview_entitlement,
                reconciling.read_reconciliation_page,
            ),
            System.BILLING: (
                billing.check_standing,
                billing.post_billing_change,
                billing.reverse_billing_change,
                settling.settle_effect,
                polling.poll_billing_events,
                previews.preview_standing,
                reconciling.read_reconciliation_page,
                repairs.repair_difference,
            ),
            System.SCHEDULING: (
                scheduling.check_date,
                scheduling.book_appointment,
                scheduling.release_appointment,
                settling.settle_effect,
                previews.preview_date,
                reconciling.read_reconciliation_page,
            ),
            System.TICKETING: (
                tickets.report_missing,
                tickets.close_ticket,
                settling.settle_effect,
                polling.poll_tickets,
                reconciling.read_reconciliation_page,
            ),
        },
    )


@asynccontextmanager
async def wire(settings: Settings, client: Client) -> AsyncIterator[Outside]:
    """The real outside world, open while the block runs; `client` reaches the engine."""
    async with AsyncExitStack() as stack:
        engine = create_engine(
            settings.database_url,
            pool_size=settings.database_pool_size,
            application="throughline-worker",
        )
        stack.push_async_callback(engine.dispose)
        opened, keyring = sessions(engine), Keyring(settings.keyring.get_secret_value())
        in_use = partial(_secrets, opened, keyring)
        watch = PostgresDriftWatch(opened, now)
        await stack.enter_async_context(_writing(watch))
        outside = Outside(
            records=PostgresRecords(opened, now),
            vault=DocumentStore(open_store(settings.document_store_url)),
            crm=await stack.enter_async_context(vendors.crm(settings, in_use(System.CRM), watch)),
            billing=await stack.enter_async_context(
                vendors.billing(settings, in_use(System.BILLING), watch)
            ),
            scheduling=await stack.enter_async_context(
                vendors.scheduling(settings, in_use(System.SCHEDULING), watch)
            ),
            ticketing=await stack.enter_async_context(
                vendors.ticketing(settings, in_use(System.TICKETING), watch)
            ),
            entrances=Entrances(vendors.openers(settings), in_use),
            trials=PostgresTrials(opened, now),
            announcers=announcers(settings),
            events=PostgresEventInbox(opened, now),
            replays=PostgresReplays(opened, now),
            changes=TemporalEngine(client, settings.temporal_task_queue),
            reconciliations=PostgresReconciliations(opened, now),
            repairs=PostgresRepairs(opened, now),
            reports=PostgresReports(opened, now, settings.report_when),
            report_tellers=announcers(settings, settings.report_mail_to),
            event_due_after=settings.event_due_after,
        )
        yield outside if settings.crash_points is None else _mortal(outside, settings.crash_points)


@asynccontextmanager
async def _writing(watch: PostgresDriftWatch) -> AsyncIterator[None]:
    """What vendors' payloads differ in is put on record while the block runs."""
    stop = asyncio.Event()
    writing = asyncio.create_task(watch.keep_writing(stop))
    try:
        yield
    finally:
        stop.set()
        await writing


def _secrets(
    opened: async_sessionmaker[AsyncSession],
    keyring: Keyring,
    system: System,
    version: int | None = None,
) -> SecretSource:
    """The secrets of a system in use, or one version of it."""
    if version is None:
        return StoredSecrets(opened, keyring, system, now)
    return OneVersion(opened, keyring, system, version)


def _mortal(outside: Outside, folder: Path) -> Outside:
    """The same outside world, in which a test can have this process die."""
    points = CrashPoints(folder)
    return replace(
        outside,
        records=MortalRecords(outside.records, points),
        crm=cast("Crm", MortalPort(outside.crm, points)),
        billing=cast("Billing", MortalPort(outside.billing, points)),
        scheduling=cast("Scheduling", MortalPort(outside.scheduling, points)),
        ticketing=cast("Ticketing", MortalPort(outside.ticketing, points)),
    )


def announcers(settings: Settings, mail_to: str = "") -> list[MailAnnouncer | WebhookAnnouncer]:
    """The channels that are configured; none is fine, the queue is always there.

    Mail goes to `mail_to` where that is given.
    """
    recipient = mail_to or settings.operations_mail_to
    found: list[MailAnnouncer | WebhookAnnouncer] = []
    if settings.smtp_host and recipient:
        found.append(
            MailAnnouncer(
                host=settings.smtp_host,
                port=settings.smtp_port,
                sender=settings.operations_mail_from,
                recipient=recipient,
                console_url=settings.console_base_url,
            )
        )
    if settings.operations_webhook_url:
        found.append(
            WebhookAnnouncer(
                settings.operations_webhook_url,
                settings.operations_webhook_secret.get_secret_value(),
                console_url=settings.console_base_url,
            )
        )
    return found
