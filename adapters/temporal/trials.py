"""Credentials tried by the engine for a caller who waits. Knows names, not the workflows' code."""

import asyncio
from typing import Any, Final, TypeVar

from temporalio.client import Client, WorkflowFailureError
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy

from adapters.temporal.words import TASK_TIMEOUT, engine_words
from domain.credential_messages import (
    ANSWERED_WITHIN,
    PREFLIGHT_WORKFLOW_ID,
    CredentialCheck,
    CredentialName,
    PreflightInput,
    PreflightResult,
    TrialInput,
    trial_workflow_id,
)
from domain.errors import NobodyAnswersError
from domain.messages import Message

R = TypeVar("R", bound=Message)

_MARGIN: Final = 1.0


class Trials:
    """Both raise NobodyAnswersError when no worker answers in time, or EngineUnavailableError."""

    def __init__(self, client: Client, task_queue: str) -> None:
        self._client = client
        self._task_queue = task_queue

    async def one(self, trial: TrialInput) -> CredentialCheck:
        """Have one version tried; who asks while it is being tried hears the same."""
        id_ = trial_workflow_id(trial.system, trial.version)
        return await self._run(CredentialName.TRIAL, trial, id_, CredentialCheck)

    async def preflight(self, job: PreflightInput) -> PreflightResult:
        """Have every system of a job asked."""
        return await self._run(
            CredentialName.PREFLIGHT, job, PREFLIGHT_WORKFLOW_ID, PreflightResult
        )

    async def _run(self, name: str, what: Message, id_: str, kind: type[R]) -> R:
        async with engine_words():
            handle: Any = await self._client.start_workflow(
                name,
                what,
                id=id_,
                task_queue=self._task_queue,
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                execution_timeout=ANSWERED_WITHIN,
                task_timeout=TASK_TIMEOUT,
                result_type=kind,
                static_summary=id_,
            )
        limit = ANSWERED_WITHIN.total_seconds() + _MARGIN
        try:
            async with engine_words(), asyncio.timeout(limit):
                found: R = await handle.result()
                return found
        except (TimeoutError, WorkflowFailureError) as error:
            raise NobodyAnswersError("no worker has answered in time") from error
