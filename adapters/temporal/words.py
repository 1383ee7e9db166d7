"""What the engine's failures mean here, for whoever speaks to it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

from temporalio.service import RPCError, RPCStatusCode

from domain.errors import EngineUnavailableError, NobodyAnswersError, NoWorkflowError

TASK_TIMEOUT: Final = timedelta(seconds=5)
"""How long a worker that was killed in the middle of a workflow task holds the workflow up."""

_AWAY: Final = frozenset(
    {
        RPCStatusCode.UNAVAILABLE,
        RPCStatusCode.DEADLINE_EXCEEDED,
        RPCStatusCode.CANCELLED,
        RPCStatusCode.RESOURCE_EXHAUSTED,
        RPCStatusCode.UNKNOWN,
    }
)


@asynccontextmanager
async def engine_words() -> AsyncIterator[None]:
    """Say what the engine's failures mean here."""
    try:
        yield
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            raise NoWorkflowError("the engine knows no running workflow of this change") from error
        if error.status is RPCStatusCode.FAILED_PRECONDITION:
            raise NobodyAnswersError("the workflow of this change cannot go on now") from error
        if error.status in _AWAY:
            raise EngineUnavailableError("the workflow engine does not answer") from error
        raise
    except RuntimeError as error:  # a lazy client that cannot connect says so this way
        raise EngineUnavailableError("the workflow engine does not answer") from error
