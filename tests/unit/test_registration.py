"""What a worker registers is what workflows ask for, under the names written out."""

import importlib
import inspect
import pkgutil
from typing import Any

from obstore.store import MemoryStore
from sqlalchemy.ext.asyncio import async_sessionmaker

import activities as activities_package
from adapters.documents.store import DocumentStore
from adapters.postgres.event_feeds import PostgresEventInbox
from adapters.postgres.reconciliation_repairs import PostgresRepairs
from adapters.postgres.reconciliation_runs import PostgresReconciliations
from adapters.postgres.replay_progress import PostgresReplays
from adapters.postgres.trials import PostgresTrials
from adapters.vendors.fakes.billing import FakeBilling
from adapters.vendors.fakes.crm import FakeCrm
from adapters.vendors.fakes.entrances import FakeEntrances
from adapters.vendors.fakes.scheduling import FakeScheduling
from adapters.vendors.fakes.ticketing import FakeTicketing
from domain.credential_messages import CredentialName
from domain.event_polling import POLLING_WORKFLOW
from domain.identifiers import VENDORS, System
from domain.messages import Decision, DecisionResult, EngineName
from domain.previewing import PreviewName
from domain.reconciliation_messages import ReconciliationName
from domain.replay_messages import ReplayName
from domain.settling import SettleName
from domain.steps import APPLY_ORDER, CHECK_SYSTEM, REVERSAL_OF, SYSTEM_OF
from domain.vendor_events import SENDERS
from tests.support.clock import START, Clock
from tests.support.memory_records import MemoryRecords
from worker.bootstrap import Outside, activities
from workflows import WORKFLOWS
from workflows.event_polling import POLLS
from workflows.steps import CHECKS, EFFECTS

NAMES = {
    "record_transition",
    "record_refused_decision",
    "request_approval",
    "revise_plan",
    "notify_operations",
    "check_entitlement",
    "check_standing",
    "check_date",
    "check_completeness",
    "report_missing",
    "post_billing_change",
    "book_appointment",
    "update_services",
    "close_ticket",
    "reverse_billing_change",
    "release_appointment",
    "restore_services",
    "poll_billing_events",
    "poll_tickets",
    "settle_effect",
    "preview_entitlement",
    "preview_standing",
    "preview_date",
    "preview_completeness",
    "advance_replay",
    "retry_dead_letter",
    "give_up_retry",
    "begin_nightly_reconciliation",
    "read_reconciliation_page",
    "compare_reconciled",
    "repair_difference",
    "record_failed_repair",
    "try_credential",
    "check_credentials",
    "probe_credential",
}
"""Written out: histories hold these, so a rename in Python must not change one."""


def name_of(function: object) -> str | None:
    """The engine's name of an activity; None for anything else."""
    definition: Any = getattr(function, "__temporal_activity_definition", None)
    return definition.name if definition else None


class Nobody:
    """Changes that none of these tests decides upon."""

    async def decide(self, change_id: str, decision: Decision) -> DecisionResult | None:
        """Nothing is decided here."""
        raise NotImplementedError(change_id, decision)


def outside() -> Outside:
    """An outside world nobody talks to."""
    return Outside(
        records=MemoryRecords(),
        vault=DocumentStore(MemoryStore()),
        crm=FakeCrm([]),
        billing=FakeBilling([]),
        scheduling=FakeScheduling(accounts=[], today=START.date()),
        ticketing=FakeTicketing(),
        announcers=[],
        events=PostgresEventInbox(async_sessionmaker(), Clock()),
        replays=PostgresReplays(async_sessionmaker(), Clock()),
        changes=Nobody(),
        reconciliations=PostgresReconciliations(async_sessionmaker(), Clock()),
        repairs=PostgresRepairs(async_sessionmaker(), Clock()),
        entrances=FakeEntrances(),
        trials=PostgresTrials(async_sessionmaker(), Clock()),
    )


def registered() -> list[str | None]:
    """What a worker registers, by name."""
    return [name_of(function) for function in activities(outside())]


def defined() -> set[str]:
    """Every activity there is in the package."""
    found = set()
    for info in pkgutil.iter_modules(activities_package.__path__):
        module = importlib.import_module(f"activities.{info.name}")
        for _, kind in inspect.getmembers(module, inspect.isclass):
            for _, function in inspect.getmembers(kind, inspect.isfunction):
                if name := name_of(function):
                    found.add(name)
    return found


def test_every_activity_is_registered_once_under_its_name() -> None:
    assert sorted(filter(None, registered())) == sorted(NAMES)
    assert defined() == NAMES


def test_every_step_and_its_reversal_is_an_activity_of_the_same_name() -> None:
    assert {step: name_of(function) for step, function in EFFECTS.items()} == {
        step: str(step) for step in {*APPLY_ORDER, *REVERSAL_OF.values()}
    }


def test_every_system_that_sends_webhooks_is_polled() -> None:
    assert {system: name_of(function) for system, function in POLLS.items()} == {
        System.BILLING: "poll_billing_events",
        System.TICKETING: "poll_tickets",
    }
    assert set(POLLS) == set(SENDERS)


def test_four_checks_are_asked() -> None:
    assert [name_of(function) for function in CHECKS.values()] == [
        "check_entitlement",
        "check_standing",
        "check_date",
        "check_completeness",
    ]


def test_what_is_done_at_a_vendor_is_done_from_its_own_queue() -> None:
    at = {
        system: {name_of(function) for function in some}
        for system, some in activities(outside()).at.items()
    }

    assert set(at) == set(VENDORS)
    for step, function in EFFECTS.items():
        assert name_of(function) in at[SYSTEM_OF[step]]
    for check, asking in CHECKS.items():
        assert (
            CHECK_SYSTEM[check] is System.THROUGHLINE or name_of(asking) in at[CHECK_SYSTEM[check]]
        )
    for system, poll in POLLS.items():
        assert name_of(poll) in at[system]


def test_the_workflow_and_its_messages_have_the_names_callers_use() -> None:
    definition, polling, settling, replay, preview, *others = (
        vars(each)["__temporal_workflow_definition"] for each in WORKFLOWS
    )

    assert definition.name == EngineName.WORKFLOW == "ServiceChangeWorkflow"
    assert settling.name == SettleName.WORKFLOW == "SettleEffectWorkflow"
    assert polling.name == POLLING_WORKFLOW == "EventPollingWorkflow"
    assert replay.name == ReplayName.WORKFLOW == "ReplayWorkflow"
    assert preview.name == PreviewName.WORKFLOW == "PreviewServiceChangeWorkflow"
    assert [each.name for each in others] == [
        ReconciliationName.WORKFLOW,
        ReconciliationName.NIGHTLY,
        ReconciliationName.REPAIR,
        CredentialName.TRIAL,
        CredentialName.PREFLIGHT,
        CredentialName.PROBE,
    ]
    assert set(replay.signals) == {ReplayName.STEERED} == {"steered"}
    assert set(definition.updates) == {EngineName.DECIDE} == {"decide"}
    assert set(definition.signals) == {
        EngineName.SUBMIT_DECISION,
        EngineName.LOOK_AGAIN,
        EngineName.RESUMED,
        EngineName.REVISED,
    }
    assert set(definition.signals) == {"submit_decision", "look_again", "resumed", "revised"}
    assert set(definition.queries) == {EngineName.STATUS} == {"status"}
