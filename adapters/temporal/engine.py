"""Starts, wakes and decides changes at the engine. Knows names and ids, not the workflow's code."""

import asyncio
from datetime import timedelta
from typing import Any, Final

from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import (
    Client,
    WorkflowFailureError,
    WorkflowHandle,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
    WorkflowUpdateStage,
)
from temporalio.common import (
    SearchAttributeKey,
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError
from temporalio.service import RPCError

from adapters.temporal.live_steps import LiveSteps
from adapters.temporal.queues import Queues
from adapters.temporal.trials import Trials
from adapters.temporal.words import TASK_TIMEOUT, engine_words
from domain.credential_messages import (
    CredentialName,
    ProbeInput,
    probe_workflow_id,
)
from domain.errors import (
    DecisionRefusedError,
    EngineUnavailableError,
    NobodyAnswersError,
    NoWorkflowError,
    TooManyPreviewsError,
)
from domain.identifiers import preview_workflow_id, replay_workflow_id, workflow_id
from domain.messages import (
    Decision,
    DecisionResult,
    EngineName,
    LookAgain,
    Message,
    Revised,
    ServiceChangeInput,
)
from domain.previewing import (
    MOST_UNDER_WAY,
    PREVIEWED_WITHIN,
    PreviewInput,
    PreviewName,
    PreviewResult,
)
from domain.reconciliation_messages import (
    ReconcileInput,
    ReconciliationName,
    RepairInput,
    reconciliation_workflow_id,
    repair_workflow_id,
)
from domain.replay_messages import ReplayInput, ReplayName
from domain.settling import SettleInput, SettleName, settle_workflow_id

ACCEPTED_WITHIN: Final = timedelta(seconds=5)
"""How long a caller waits for a worker to take a decision before it is told that none does."""

RECORDED_WITHIN: Final = 5.0
"""Seconds a caller waits for the decision to be on record; a step under way ends first."""

_PING_WITHIN: Final = timedelta(seconds=2)


class TemporalEngine:
    """The workflows of service changes at one Temporal namespace."""

    def __init__(self, client: Client, task_queue: str) -> None:
        self._client = client
        self._task_queue = task_queue
        self.live_steps = LiveSteps(client)
        self.queues = Queues(client, task_queue)
        self.trials = Trials(client, task_queue)

    async def start(self, change: ServiceChangeInput) -> None:
        """Start the workflow of an accepted change; nothing if it was started before.

        A further run, which resumes from the record, starts once no other run is under way.
        """
        reuse = WorkflowIDReusePolicy.ALLOW_DUPLICATE
        if change.resume is None:
            reuse = WorkflowIDReusePolicy.REJECT_DUPLICATE
        async with engine_words():
            try:
                await self._client.start_workflow(
                    EngineName.WORKFLOW,
                    change,
                    id=workflow_id(change.change_id),
                    task_queue=self._task_queue,
                    id_reuse_policy=reuse,
                    id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
                    task_timeout=TASK_TIMEOUT,
                    static_summary=f"{change.kind} for account {change.account_id}",
                    search_attributes=_attributes(change),
                )
            except WorkflowAlreadyStartedError:
                return

    async def look_again(self, change_id: str, event: LookAgain) -> None:
        """Wake a change. Raises NoWorkflowError when it has ended or never began."""
        await self._signal(workflow_id(change_id), EngineName.LOOK_AGAIN, event)

    async def revised(self, change_id: str, event: Revised) -> None:
        """Tell a change of a document version. Raises NoWorkflowError as `look_again` does."""
        await self._signal(workflow_id(change_id), EngineName.REVISED, event)

    async def resumed(self, change_id: str) -> None:
        """Say that a pause was lifted. Raises NoWorkflowError when the change has ended."""
        await self._signal(workflow_id(change_id), EngineName.RESUMED)

    async def settle(self, what: SettleInput) -> None:
        """Have an effect settled; nothing if that is under way."""
        id_ = settle_workflow_id(what.effect_key)
        await self._have_run(SettleName.WORKFLOW, what, id_, f"Settle {what.effect_key}")

    async def start_replay(self, replay: ReplayInput) -> None:
        """Start a replay, or a further run of one whose workflow is gone; nothing if it runs."""
        id_ = replay_workflow_id(replay.replay_id)
        await self._have_run(ReplayName.WORKFLOW, replay, id_, f"Replay {replay.replay_id}")

    async def reconcile(self, run: ReconcileInput) -> None:
        """Start a run of reconciliation, or a further one of it; nothing if it runs."""
        id_ = reconciliation_workflow_id(run.run_id)
        await self._have_run(ReconciliationName.WORKFLOW, run, id_, f"Reconcile {run.run_id}")

    async def repair(self, what: RepairInput) -> None:
        """Have a difference repaired; nothing if that is under way."""
        id_ = repair_workflow_id(what.difference_id)
        await self._have_run(ReconciliationName.REPAIR, what, id_, f"Repair {what.difference_id}")

    async def steered(self, replay_id: str) -> None:
        """Say that a person steered a replay. Raises NoWorkflowError when it has ended."""
        await self._signal(replay_workflow_id(replay_id), ReplayName.STEERED)

    async def _signal(self, id_: str, name: str, *event: Message) -> None:
        async with engine_words():
            await self._client.get_workflow_handle(id_).signal(name, args=event)

    async def _have_run(self, name: str, what: Message, id_: str, summary: str) -> None:
        """Start a workflow, or a further run of it; nothing while one is under way."""
        async with engine_words():
            await self._client.start_workflow(
                name,
                what,
                id=id_,
                task_queue=self._task_queue,
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                task_timeout=TASK_TIMEOUT,
                static_summary=summary,
            )

    async def knows(self, change_id: str) -> bool:
        """Whether a workflow of the change exists, running or ended."""
        try:
            async with engine_words():
                await self._client.get_workflow_handle(workflow_id(change_id)).describe()
        except NoWorkflowError:
            return False
        return True

    async def probe_credential(self, what: ProbeInput) -> None:
        """Have a system probed until it accepts a secret; nothing if that is under way."""
        id_ = probe_workflow_id(what.system)
        await self._have_run(CredentialName.PROBE, what, id_, f"Probe {what.system}")

    async def preview(self, caller: str, what: PreviewInput) -> PreviewResult:
        """Have a change previewed, in one of the places the caller has for that.

        Raises TooManyPreviewsError, NobodyAnswersError or EngineUnavailableError.
        """
        handle = await self._begin_preview(caller, what)
        try:
            async with engine_words(), asyncio.timeout(PREVIEWED_WITHIN.total_seconds()):
                return await handle.result()
        except (TimeoutError, WorkflowFailureError) as error:
            raise NobodyAnswersError("no worker has answered in time") from error

    async def _begin_preview(
        self, caller: str, what: PreviewInput
    ) -> WorkflowHandle[Any, PreviewResult]:
        """In the first place that is free: the engine holds an id for one run at a time."""
        for place in range(1, MOST_UNDER_WAY + 1):
            async with engine_words():
                try:
                    return await self._client.start_workflow(
                        PreviewName.WORKFLOW,
                        what,
                        id=preview_workflow_id(caller, place),
                        task_queue=self._task_queue,
                        id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
                        id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
                        execution_timeout=PREVIEWED_WITHIN,
                        task_timeout=TASK_TIMEOUT,
                        result_type=PreviewResult,
                        static_summary=f"Preview of {what.wish.kind} for account {what.account_id}",
                    )
                except WorkflowAlreadyStartedError:
                    continue
        raise TooManyPreviewsError(f"{MOST_UNDER_WAY} previews of yours are under way.")

    async def answers(self) -> bool:
        """Whether the engine and our namespace can be used now."""
        try:
            async with engine_words():
                await self._client.workflow_service.describe_namespace(
                    DescribeNamespaceRequest(namespace=self._client.namespace),
                    timeout=_PING_WITHIN,
                )
        except (EngineUnavailableError, NoWorkflowError, RPCError):
            return False
        return True

    async def decide(self, change_id: str, decision: Decision) -> DecisionResult | None:
        """Have a decision taken, once per decision id.

        None means taken but not yet on record: a step under way ends first. Raises
        DecisionRefusedError, NobodyAnswersError, NoWorkflowError or EngineUnavailableError.
        """
        handle = self._client.get_workflow_handle(workflow_id(change_id))
        async with engine_words():
            try:
                update = await handle.start_update(
                    EngineName.DECIDE,
                    decision,
                    id=decision.id,
                    wait_for_stage=WorkflowUpdateStage.ACCEPTED,
                    result_type=DecisionResult,
                    rpc_timeout=ACCEPTED_WITHIN,
                )
            except WorkflowUpdateRPCTimeoutOrCancelledError as error:
                raise NobodyAnswersError("no worker is answering for this change") from error
            except WorkflowUpdateFailedError as error:
                raise _refusal(error) from error
            try:
                return await asyncio.wait_for(update.result(), RECORDED_WITHIN)
            except (TimeoutError, WorkflowUpdateRPCTimeoutOrCancelledError):
                return None
            except WorkflowUpdateFailedError as error:
                raise _refusal(error) from error


def _refusal(error: WorkflowUpdateFailedError) -> DecisionRefusedError:
    cause = error.cause
    if isinstance(cause, ApplicationError) and cause.type:
        return DecisionRefusedError(cause.type, cause.message)
    return DecisionRefusedError("not_applicable", "The change ended before the decision was taken.")


def _attributes(change: ServiceChangeInput) -> TypedSearchAttributes:
    return TypedSearchAttributes(
        [
            SearchAttributePair(
                SearchAttributeKey.for_keyword(EngineName.KIND_ATTRIBUTE), change.kind
            ),
            SearchAttributePair(
                SearchAttributeKey.for_keyword(EngineName.ACCOUNT_ATTRIBUTE), change.account_id
            ),
        ]
    )
