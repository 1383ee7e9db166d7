"""What became of workflows: how a run stands, and which have lately ended badly. Reads only."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from temporalio.client import Client, WorkflowExecutionDescription, WorkflowExecutionStatus

from adapters.temporal.words import engine_words
from domain.errors import NoWorkflowError
from domain.messages import EngineName

BADLY: Final = ("Canceled", "Failed", "Terminated", "TimedOut")
"""Ends that no workflow of ours comes to by itself, as the engine's query language has them."""

HOW: Final = {
    WorkflowExecutionStatus.CANCELED: "was cancelled",
    WorkflowExecutionStatus.COMPLETED: "came to its end without the change",
    WorkflowExecutionStatus.FAILED: "failed",
    WorkflowExecutionStatus.TERMINATED: "was terminated",
    WorkflowExecutionStatus.TIMED_OUT: "timed out",
}
"""How a run ended, as a person is told. One that goes on under a new run has not ended."""

UNKNOWN: Final = "is unknown to the engine"

_WITHOUT_END: Final = frozenset(
    {"record_transition", "record_refused_decision", "request_approval", "revise_plan"}
)
"""Activities that are tried until they succeed, so that nothing else would tell of them."""

_TRIES: Final = 5
"""Failed tries in a row of one task before it counts as stuck: some fifteen seconds."""


@dataclass(frozen=True, slots=True)
class Run:
    """The latest run of a workflow. `ended`: how, if it has; `stuck`: what it fails at, if so."""

    ended: str | None = None
    stuck: str | None = None


class WorkflowRuns:
    """Looks at the runs of one namespace."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def latest(self, workflow: str) -> Run:
        """How the latest run of a workflow stands. Raises EngineUnavailableError."""
        try:
            async with engine_words():
                found = await self._client.get_workflow_handle(workflow).describe()
        except NoWorkflowError:
            return Run(ended=UNKNOWN)
        ended = HOW.get(found.status) if found.status else None
        return Run(ended, None if ended else _stuck(found))

    async def ended_badly(self, since: datetime, most: int) -> AsyncIterator[str]:
        """Workflows of changes of which a run ended badly since then, by what the engine lists.

        The list lags behind: a further run may be under way by now. Raises
        EngineUnavailableError.
        """
        query = (
            f"WorkflowType = '{EngineName.WORKFLOW}' AND CloseTime > '{since.isoformat()}' "
            f"AND ExecutionStatus IN ({', '.join(repr(name) for name in BADLY)})"
        )
        async with engine_words():
            async for found in self._client.list_workflows(query, limit=most):
                yield found.id


def _stuck(found: WorkflowExecutionDescription) -> str | None:
    raw = found.raw_description
    if raw.pending_workflow_task.attempt >= _TRIES:
        return f"its workflow task failed {raw.pending_workflow_task.attempt - 1} times"
    for each in raw.pending_activities:
        if each.activity_type.name in _WITHOUT_END and each.attempt >= _TRIES:
            kind = each.last_failure.application_failure_info.type or "no answer"
            return f"{each.activity_type.name} failed {each.attempt - 1} times ({kind})"
    return None
