"""Compares all systems, or one account in all of them; starts it each night; repairs differences.

Reading order only: what was read, and how far, is on record.
"""

import asyncio
from datetime import timedelta
from typing import Final

from temporalio import workflow
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from activities.credentials import CredentialActivities
    from activities.reconciling import ReconciliationActivities
    from activities.repairing import RepairActivities
    from domain.credential_messages import PreflightInput
    from domain.failure_policy import cause_of
    from domain.identifiers import VENDORS, System
    from domain.reconciliation import READ_FROM
    from domain.reconciliation_messages import (
        CompareInput,
        CompareResult,
        PageInput,
        PageResult,
        ReconcileInput,
        ReconciliationName,
        RepairFailure,
        RepairInput,
        RepairResult,
    )
    from workflows import steps
    from workflows.pausing import outlast_pauses
    from workflows.policies import (
        COMPARE_TRY,
        CREDENTIAL_TRY,
        HEARTBEAT,
        ONE_TRY,
        READ_LIMIT,
        RECORD,
        RECORD_TRY,
        VENDOR,
    )

PREFLIGHT: Final = "preflight"
"""Runs begun before it have no pre-flight in their histories."""

READ: Final = ""
"""How a system ended that was read whole; any other word says why it could not be."""


@workflow.defn(name=ReconciliationName.WORKFLOW)
class ReconciliationWorkflow:
    """Reads the systems side by side, each page by page at its own pace, then compares.

    A pre-flight goes before. A system that lets us in with no secret, or that is away, is waited
    for; one that cannot be read is left out, and the run says so. The run goes on as a new one
    before its history grows long.
    """

    @workflow.init
    def __init__(self, run: ReconcileInput) -> None:
        self._run = run
        self._places = {system: run.places.get(system, 1) for system in READ_FROM}
        self._ended = dict(run.ended)
        self._left = run.most_pages

    @workflow.run
    async def run(self, run: ReconcileInput) -> CompareResult:
        """Read what is not read yet, then compare; how many differences stand."""
        if not (run.places or run.ended) and workflow.patched(PREFLIGHT):
            await self._check_credentials()
        await asyncio.gather(
            *(self._read(system) for system in READ_FROM if system not in self._ended)
        )
        if len(self._ended) < len(READ_FROM):
            so_far = {"places": self._places, "ended": self._ended}
            workflow.continue_as_new(run.model_copy(update=so_far))
        failed = {system: why for system, why in self._ended.items() if why != READ}
        return await workflow.execute_activity_method(
            ReconciliationActivities.compare_reconciled,
            CompareInput(run_id=run.run_id, failed=failed),
            start_to_close_timeout=COMPARE_TRY,
            heartbeat_timeout=HEARTBEAT,
            retry_policy=RECORD,
        )

    async def _check_credentials(self) -> None:
        """Where our secrets are refused, the gate it closes holds the reading, as it does changes.

        The gate is what the reading goes by, and what the run is shown to wait for.
        """
        await workflow.execute_activity_method(
            CredentialActivities.check_credentials,
            PreflightInput(systems=VENDORS),
            start_to_close_timeout=CREDENTIAL_TRY,
            retry_policy=RECORD,
        )

    async def _read(self, system: System) -> None:
        """Page by page, as far as this run's history has room for."""
        pause = self._run.pace.seconds_between(system)
        while self._left > 0:
            self._left -= 1
            try:
                page = await outlast_pauses(lambda: self._page(system))
            except ActivityError as error:
                failure = steps.failure_of(error)
                self._ended[system] = cause_of(failure.code, failure.step, failure.system)
                return
            self._places[system] += 1
            if page.last:
                self._ended[system] = READ
                return
            if pause:
                await workflow.sleep(pause)

    async def _page(self, system: System) -> PageResult:
        ours = system is System.THROUGHLINE
        return await workflow.execute_activity_method(
            ReconciliationActivities.read_reconciliation_page,
            PageInput(run_id=self._run.run_id, system=system, number=self._places[system]),
            task_queue=steps.queue_of(system),
            start_to_close_timeout=ONE_TRY,
            schedule_to_close_timeout=None if ours else READ_LIMIT,
            heartbeat_timeout=HEARTBEAT,
            retry_policy=RECORD if ours else VENDOR,
            summary=f"{system}, page {self._places[system]}",
        )


@workflow.defn(name=ReconciliationName.NIGHTLY)
class NightlyReconciliationWorkflow:
    """Puts the night's run on record, from where it is started like any other."""

    @workflow.run
    async def run(self) -> str | None:
        """The run, or None where one is under way already."""
        return await workflow.execute_activity_method(
            ReconciliationActivities.begin_nightly_reconciliation,
            start_to_close_timeout=RECORD_TRY,
            schedule_to_close_timeout=timedelta(hours=2),
            retry_policy=RECORD,
        )


@workflow.defn(name=ReconciliationName.REPAIR)
class RepairDifferenceWorkflow:
    """Repairs one difference that somebody decided about; gives it back where that fails."""

    @workflow.run
    async def run(self, what: RepairInput) -> RepairResult:
        """Repair it; what the difference has become."""
        try:
            return await outlast_pauses(lambda: self._repair(what))
        except ActivityError as error:
            failure = steps.failure_of(error)
            words = cause_of(failure.code, failure.step, failure.system)
            await workflow.execute_activity_method(
                RepairActivities.record_failed_repair,
                RepairFailure(difference_id=what.difference_id, words=words),
                start_to_close_timeout=RECORD_TRY,
                retry_policy=RECORD,
            )
            return RepairResult(state="failed")

    async def _repair(self, what: RepairInput) -> RepairResult:
        return await workflow.execute_activity_method(
            RepairActivities.repair_difference,
            what,
            task_queue=steps.queue_of(what.system),
            start_to_close_timeout=ONE_TRY,
            schedule_to_close_timeout=READ_LIMIT,
            heartbeat_timeout=HEARTBEAT,
            retry_policy=VENDOR,
        )
