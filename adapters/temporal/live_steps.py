"""The steps the engine has under way for one change: read, tried at once, tried differently."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.timestamp_pb2 import Timestamp
from temporalio.api.activity.v1 import ActivityOptions
from temporalio.api.common.v1 import RetryPolicy, WorkflowExecution
from temporalio.api.enums.v1 import PendingActivityState
from temporalio.api.workflow.v1 import PendingActivityInfo
from temporalio.api.workflowservice.v1 import (
    DescribeWorkflowExecutionRequest,
    ResetActivityRequest,
    UpdateActivityOptionsRequest,
)
from temporalio.client import Client

from domain.contracts_live_steps import LiveState, LiveStepView
from domain.identifiers import System, workflow_id
from domain.steps import CHECK_SYSTEM, SYSTEM_OF

_SYSTEMS: Final[Mapping[str, System]] = {
    **{str(step): system for step, system in SYSTEM_OF.items()},
    **{f"check_{name}": system for name, system in CHECK_SYSTEM.items()},
}
"""By the name of the activity; every other one concerns our own record."""

_WITHIN: Final = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class LiveStep:
    """A step as people read it, and what the engine calls it."""

    id: str
    view: LiveStepView


class LiveSteps:
    """The activities under way in the workflows of one namespace."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def of(self, change_id: str) -> list[LiveStep]:
        """What is under way now. Raises RPCError; NOT_FOUND where there is no workflow."""
        found = await self._client.workflow_service.describe_workflow_execution(
            DescribeWorkflowExecutionRequest(
                namespace=self._client.namespace, execution=_execution(change_id)
            ),
            timeout=_WITHIN,
        )
        return [LiveStep(info.activity_id, _view(info)) for info in found.pending_activities]

    async def try_now(self, change_id: str, step: LiveStep, actor: str) -> None:
        """Have a step that is backing off tried at once; its tries are counted from one again."""
        await self._client.workflow_service.reset_activity(
            ResetActivityRequest(
                namespace=self._client.namespace,
                execution=_execution(change_id),
                identity=actor,
                id=step.id,
            ),
            timeout=_WITHIN,
        )

    async def change_tries(
        self,
        change_id: str,
        step: LiveStep,
        actor: str,
        *,
        attempts_left: int | None,
        longest_interval: timedelta | None,
    ) -> None:
        """Limit the tries still to come, or the wait between them, for this step alone."""
        policy, paths = RetryPolicy(), []
        if attempts_left is not None:
            policy.maximum_attempts = step.view.attempt + attempts_left
            paths.append("retry_policy.maximum_attempts")
        if longest_interval is not None:
            policy.maximum_interval.FromTimedelta(longest_interval)
            paths.append("retry_policy.maximum_interval")
        await self._client.workflow_service.update_activity_options(
            UpdateActivityOptionsRequest(
                namespace=self._client.namespace,
                execution=_execution(change_id),
                identity=actor,
                id=step.id,
                activity_options=ActivityOptions(retry_policy=policy),
                update_mask=FieldMask(paths=paths),
            ),
            timeout=_WITHIN,
        )


def _execution(change_id: str) -> WorkflowExecution:
    return WorkflowExecution(workflow_id=workflow_id(change_id))


def _view(info: PendingActivityInfo) -> LiveStepView:
    name = info.activity_type.name
    longest = info.activity_options.retry_policy.maximum_interval
    return LiveStepView(
        step=name,
        system=_SYSTEMS.get(name, System.THROUGHLINE),
        state=_state(info),
        attempt=info.attempt,
        attempts_left=max(info.maximum_attempts - info.attempt, 0)
        if info.maximum_attempts
        else None,
        last_failure=info.last_failure.message or None,
        last_ended_at=_at(info.last_attempt_complete_time),
        next_attempt_at=_at(info.next_attempt_schedule_time),
        tried_until=_at(info.expiration_time),
        interval_seconds=_seconds(info.current_retry_interval),
        longest_interval_seconds=_seconds(longest),
    )


def _state(info: PendingActivityInfo) -> LiveState:
    if info.state == PendingActivityState.PENDING_ACTIVITY_STATE_STARTED:
        return LiveState.TRYING
    due = _at(info.next_attempt_schedule_time)
    return LiveState.BACKING_OFF if due else LiveState.QUEUED


def _at(stamp: Timestamp) -> datetime | None:
    return stamp.ToDatetime(UTC) if stamp.seconds else None


def _seconds(span: Duration) -> float | None:
    return span.ToTimedelta().total_seconds() or None
