"""How the engine is: how fast it answers, what waits for workers, and who asks it for work."""

import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest, DescribeTaskQueueRequest
from temporalio.client import Client
from temporalio.service import RPCError

_WITHIN: Final = timedelta(seconds=2)
_KINDS: Final = (
    TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
    TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
)


@dataclass(frozen=True, slots=True)
class QueueLook:
    """What was found. `pollers` are those who asked for work in the last minutes."""

    answered_in: float
    backlog: int
    oldest_seconds: float
    pollers: frozenset[str]


class Queues:
    """The task queue of one namespace."""

    def __init__(self, client: Client, task_queue: str) -> None:
        self._client = client
        self.task_queue = task_queue

    @property
    def namespace(self) -> str:
        """Where the workflows are."""
        return self._client.namespace

    async def look(self) -> QueueLook | None:
        """How it is now; None when the engine or our namespace does not answer."""
        service = self._client.workflow_service
        try:
            started = time.perf_counter()
            await service.describe_namespace(
                DescribeNamespaceRequest(namespace=self.namespace), timeout=_WITHIN
            )
            answered_in = time.perf_counter() - started
            found = [
                await service.describe_task_queue(
                    DescribeTaskQueueRequest(
                        namespace=self.namespace,
                        task_queue=TaskQueue(name=self.task_queue),
                        task_queue_type=kind,
                        report_stats=True,
                    ),
                    timeout=_WITHIN,
                )
                for kind in _KINDS
            ]
        except (RPCError, RuntimeError):  # a lazy client that cannot connect says the latter
            return None
        return QueueLook(
            answered_in=answered_in,
            backlog=sum(each.stats.approximate_backlog_count for each in found),
            oldest_seconds=max(
                each.stats.approximate_backlog_age.ToTimedelta().total_seconds() for each in found
            ),
            pollers=frozenset(poller.identity for each in found for poller in each.pollers),
        )
