"""One world per test: real engine, real record, four vendors in memory that a test can plan.

Workflow tests and the recording of histories share it. No scenario lives here.
"""

import hashlib
import io
import itertools
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from obstore.store import MemoryStore
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from temporalio.client import Client, WorkflowHandle
from temporalio.testing import TimeSkipper
from temporalio.worker import Worker, WorkflowRunner

from adapters.documents.store import DocumentStore
from adapters.postgres.acceptance import NewChange, accept_change
from adapters.postgres.documents import StoredDocument, Upload, add_document
from adapters.postgres.event_feeds import PostgresEventInbox
from adapters.postgres.inbox import VendorEvent, take_event
from adapters.postgres.morning_reports import PostgresReports
from adapters.postgres.outbox import outbox_row
from adapters.postgres.proposals import NewDecision, message_of, put_on_record
from adapters.postgres.reading import History, read_history
from adapters.postgres.reconciliation_repairs import PostgresRepairs
from adapters.postgres.reconciliation_runs import PostgresReconciliations
from adapters.postgres.records import PostgresRecords
from adapters.postgres.replay_progress import PostgresReplays
from adapters.postgres.tables import NotificationRow, ServiceChangeRow
from adapters.postgres.tables_operations import VendorGateRow
from adapters.postgres.trials import PostgresTrials
from adapters.temporal.engine import TemporalEngine
from adapters.vendors.fakes.billing import FakeBilling
from adapters.vendors.fakes.crm import FakeCrm
from adapters.vendors.fakes.entrances import FakeEntrances
from adapters.vendors.fakes.failures import PlannedFailures
from adapters.vendors.fakes.scheduling import FakeScheduling
from adapters.vendors.fakes.ticketing import FakeTicketing
from domain.contracts import PlanView, ServiceChangeView
from domain.decisions import DecisionState, SkipEvidence
from domain.entitlement import Lifecycle
from domain.errors import NoWorkflowError
from domain.identifiers import System, fingerprint, workflow_id
from domain.messages import (
    Decision,
    DecisionResult,
    EngineName,
    Patience,
    ServiceChangeInput,
    ServiceChangeResult,
)
from domain.service_change import Action, ChangeStatus, DocumentState, Role
from domain.submission import check_submission
from domain.vendor_values import BillingStanding, Standing
from tests.support.clock import SIX, START, Clock
from tests.support.decisions import payload_of
from tests.support.factories import ACCOUNT, FIBER, PORTAL, REQUESTED, account
from tests.support.mailbox import Mailbox
from tests.support.polling import eventually
from worker.bootstrap import Outside, activities
from worker.heartbeats import EVERY_SECONDS, Heartbeats
from worker.inbox import work_off
from worker.main import workflow_runner
from worker.relay import Relay
from worker.vendor_queues import vendor_workers
from workflows import WORKFLOWS

PAST_DUE_ACCOUNT = "0002-OWING"
CLOSED_ACCOUNT = "0003-CLOSED"
ENDED_WITHIN = timedelta(seconds=30)


@dataclass
class World:
    """Everything a change meets."""

    client: Client
    sessions: async_sessionmaker[AsyncSession]
    clock: Clock
    task_queue: str
    crm: FakeCrm = field(init=False)
    billing: FakeBilling = field(init=False)
    scheduling: FakeScheduling = field(init=False)
    ticketing: FakeTicketing = field(default_factory=FakeTicketing)
    entrances: FakeEntrances = field(default_factory=FakeEntrances)
    mailbox: Mailbox = field(default_factory=Mailbox)
    documents: DocumentStore = field(default_factory=lambda: DocumentStore(MemoryStore()))

    def __post_init__(self) -> None:
        self.crm = FakeCrm(
            [
                account(),
                account(account_id=PAST_DUE_ACCOUNT),
                account(account_id=CLOSED_ACCOUNT, lifecycle=Lifecycle.CLOSED),
            ]
        )
        self.billing = FakeBilling(
            [
                BillingStanding(ACCOUNT, Standing.CURRENT, 4520, "usd"),
                BillingStanding(PAST_DUE_ACCOUNT, Standing.PAST_DUE, 4520, "usd", ("in_7",)),
                BillingStanding(CLOSED_ACCOUNT, Standing.CURRENT, 4520, "usd"),
            ],
            self.clock,
        )
        self.billing.charged = {id_: facts.products for id_, facts in self.crm.accounts.items()}
        self.scheduling = FakeScheduling(
            accounts=[ACCOUNT, PAST_DUE_ACCOUNT, CLOSED_ACCOUNT], today=START.date()
        )
        self._numbers = itertools.count(1)
        self.engine = TemporalEngine(self.client, self.task_queue)
        self.time = TimeSkipper(self.client)

    @asynccontextmanager
    async def working(
        self,
        *,
        cached: int = 100,
        runner: WorkflowRunner | None = None,
        workflows: Sequence[type] = WORKFLOWS,
    ) -> AsyncIterator[Worker]:
        """A worker with everything registered, for the length of the block."""
        outside = Outside(
            records=PostgresRecords(self.sessions, self.clock),
            vault=self.documents,
            crm=self.crm,
            billing=self.billing,
            scheduling=self.scheduling,
            ticketing=self.ticketing,
            announcers=[self.mailbox],
            events=PostgresEventInbox(self.sessions, self.clock),
            replays=PostgresReplays(self.sessions, self.clock),
            changes=self.engine,
            reconciliations=PostgresReconciliations(self.sessions, self.clock),
            repairs=PostgresRepairs(self.sessions, self.clock),
            reports=PostgresReports(self.sessions, self.clock, SIX),
            report_tellers=[self.mailbox],
            entrances=self.entrances,
            trials=PostgresTrials(self.sessions, self.clock),
            clock=self.clock,
        )
        doing = activities(outside)
        worker = Worker(
            self.client,
            task_queue=self.task_queue,
            workflows=workflows,
            activities=doing.ours,
            workflow_runner=runner or workflow_runner(),
            max_cached_workflows=cached,
            identity="worker",
            sticky_queue_schedule_to_start_timeout=timedelta(seconds=1),
            interceptors=[Heartbeats()],
            max_heartbeat_throttle_interval=timedelta(seconds=EVERY_SECONDS),
        )
        async with AsyncExitStack() as running:
            for each in (*vendor_workers(self.client, self.task_queue, doing), worker):
                await running.enter_async_context(each)
            yield worker

    def failures(self, system: System) -> PlannedFailures:
        """What a vendor is to fail with next."""
        return getattr(self, system).failures  # type: ignore[no-any-return] # each has them

    async def submit(
        self,
        *,
        account_id: str = ACCOUNT,
        kind: str = "change_internet_service",
        details: dict[str, Any] | None = None,
        requested_date: str = REQUESTED.isoformat(),
        document: bool = True,
        submitted_by: str = PORTAL,
        patience: Patience | None = None,
        start: bool = True,
    ) -> "Change":
        """Accept a change as the API does, and start it as the relay does."""
        number = next(self._numbers)
        change_id = f"chg_{self.task_queue}_{number}"
        raw = {
            "account_id": account_id,
            "kind": kind,
            "requested_date": requested_date,
            "details": FIBER if details is None else details,
        }
        new = NewChange(
            id=change_id,
            submission=check_submission(raw),
            document=await self._stored(f"{change_id}, version 1") if document else None,
            caller=submitted_by,
            role=Role.PORTAL if submitted_by == PORTAL else Role.OPERATOR,
            idempotency_key=f"key-{number}",
            fingerprint=fingerprint(raw),
            correlation_id=f"correlation-{number}",
            at=self.clock(),
        )
        async with self.sessions.begin() as session:
            accepted = await accept_change(session, new)
        change = Change(
            self,
            ServiceChangeInput(
                change_id=change_id,
                account_id=account_id,
                kind=accepted.kind,
                submitted_by=submitted_by,
                patience=patience or Patience(),
            ),
        )
        if start:
            await change.start()
        return change

    async def _stored(self, content: str) -> StoredDocument:
        data = f"%PDF-1.7 {content}".encode()
        sha256 = hashlib.sha256(data).hexdigest()
        key = await self.documents.put(io.BytesIO(data), sha256)
        return StoredDocument(sha256, "order-form.pdf", "application/pdf", len(data), key)

    async def pay(self, account_id: str) -> None:
        """The customer pays, and billing says so by an event."""
        standing = self.billing.standings[account_id]
        self.billing.standings[account_id] = BillingStanding(
            account_id, Standing.CURRENT, standing.recurring_minor, standing.currency
        )
        told = {"account": account_id, "standing": "current"}
        await self.tell(System.BILLING, "account.standing_changed", told)

    async def tell(self, system: System, type_: str, data: dict[str, Any]) -> None:
        """A vendor's event comes in, is processed, and wakes whom it concerns."""
        event_id = f"evt-{self.task_queue}-{next(self._numbers)}"
        body = {"id": event_id, "type": type_, "created": START.timestamp(), "data": data}
        event = VendorEvent(system, event_id, json.dumps(body).encode(), {}, self.clock())
        async with self.sessions.begin() as session:
            await take_event(session, event)
        await work_off(self.sessions, self.clock)
        await self.relay()

    async def relay(self) -> None:
        """Deliver what waits in the outbox, as the relay does."""
        relay = Relay(self.sessions, self.engine, Patience())
        while await relay.dispatch():
            pass

    async def open_gates(self) -> None:
        """Every vendor takes calls again, as after the time it named; no test waits for that."""
        async with self.sessions.begin() as session:
            await session.execute(delete(VendorGateRow))


@dataclass
class Change:
    """One change under test."""

    world: World
    input: ServiceChangeInput
    _decisions: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    _versions: "itertools.count[int]" = field(default_factory=lambda: itertools.count(2))

    @property
    def id(self) -> str:
        """Its id."""
        return self.input.change_id

    @property
    def handle(self) -> WorkflowHandle[Any, Any]:
        """Its workflow."""
        return self.world.client.get_workflow_handle(workflow_id(self.id))

    async def start(self) -> None:
        """Start its workflow."""
        await self.world.engine.start(self.input)

    async def ended(self) -> ServiceChangeResult:
        """How it ended."""
        kind, id_ = ServiceChangeResult, workflow_id(self.id)
        handle = self.world.client.get_workflow_handle(id_, result_type=kind)
        result: ServiceChangeResult = await handle.result(rpc_timeout=ENDED_WITHIN)
        return result

    async def history(self) -> History:
        """Everything on record about it."""
        async with self.world.sessions() as session:
            row = await session.get_one(ServiceChangeRow, self.id)
            return await read_history(session, row)

    async def view(self) -> ServiceChangeView:
        """It, as the API answers it."""
        return (await self.history()).change

    async def reaches(self, *statuses: ChangeStatus) -> ServiceChangeView:
        """Wait until it is on record as one of these."""
        await eventually(self._status, lambda seen: seen in statuses)
        return await self.view()

    async def _status(self) -> str | None:
        async with self.world.sessions() as session:
            statement = select(ServiceChangeRow.status).where(ServiceChangeRow.id == self.id)
            return await session.scalar(statement)

    async def reaches_plan(self, good: Callable[[PlanView], bool]) -> PlanView:
        """Wait until approval is asked for such a plan."""

        def shown(seen: ServiceChangeView) -> bool:
            asked = seen.status is ChangeStatus.AWAITING_APPROVAL
            return asked and seen.plan is not None and good(seen.plan)

        plan = (await eventually(self.view, shown)).plan
        assert plan is not None
        return plan

    async def statuses(self) -> list[str]:
        """Every status it went through, in order."""
        return [entry.to_status for entry in (await self.history()).audit if entry.to_status]

    async def notices(self) -> list[str]:
        """What stands in the operations queue for it."""
        async with self.world.sessions() as session:
            found = await session.scalars(
                select(NotificationRow.kind)
                .where(NotificationRow.change_id == self.id)
                .order_by(NotificationRow.created_at)
            )
            return list(found)

    async def effects(self) -> dict[str, str]:
        """Step to status of every effect on record, in the order they were begun."""
        return {effect.step: effect.status for effect in (await self.view()).effects}

    async def decision(
        self, action: Action, *, actor: str = "olga", role: Role = Role.OPERATOR
    ) -> Decision:
        """A decision about the change as it is shown now."""
        view = await self.view()
        waits = DocumentState.PENDING_REVIEW
        pending = [each.version for each in view.document_versions if each.state is waits]
        return Decision(
            id=f"{self.id}:{actor}:{next(self._decisions)}",
            action=action,
            actor=actor,
            role=role,
            plan_sha256=view.plan.sha256 if view.plan else None,
            document_sha256=view.plan.document_sha256 if view.plan else None,
            revision=max(pending, default=None),
        )

    async def ask(self, decision: Decision) -> DecisionResult | None:
        """Have a decision taken that nobody has put on record."""
        return await self.world.engine.decide(self.id, decision)

    async def decide(
        self,
        action: Action,
        *,
        actor: str = "olga",
        role: Role = Role.OPERATOR,
        second: str | None = None,
        changes: dict[str, Any] | None = None,
        evidence: SkipEvidence | None = None,
    ) -> DecisionResult | None:
        """Decide as the API does, with a second person's consent; None from a further run."""
        decision = await self.decision(action, actor=actor, role=role)
        now = self.world.clock()
        async with self.world.sessions.begin() as session:
            row = await session.get_one(ServiceChangeRow, self.id)
            payload = payload_of(row, changes, evidence)
            new = NewDecision(decision, "As agreed.", payload, second is not None, now)
            put = await put_on_record(session, row, new)
            assert put is not None
            if second is not None:
                put.second_actor, put.second_at, put.state = second, now, DecisionState.GIVEN
        try:
            return await self.world.engine.decide(self.id, message_of(put))
        except NoWorkflowError:
            async with self.world.sessions.begin() as session:
                session.add(outbox_row("resume", self.id, {"decision": put.id}, now))
            await self.world.relay()
            return None

    async def signal(self, action: Action, *, actor: str = "olga") -> None:
        """Decide as a caller does that cannot wait."""
        decision = await self.decision(action, actor=actor)
        with_reason = decision.model_copy(update={"reason": "As agreed."})
        await self.handle.signal(EngineName.SUBMIT_DECISION, with_reason)

    async def add_document(self) -> None:
        """Bring a further version, as the API does, and have it looked at."""
        document = await self.world._stored(f"{self.id}, version {next(self._versions)}")
        async with self.world.sessions.begin() as session:
            upload = Upload(self.id, document, PORTAL, self.world.clock())
            await add_document(session, upload)
        await self.world.relay()

    async def wait(self, duration: timedelta) -> None:
        """Let the change's own time pass."""
        await self.world.time.fast_forward(self.handle, duration)
