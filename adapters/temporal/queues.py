"""How the engine is: how fast it answers, what waits for workers, and who asks it for work."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest, DescribeTaskQueueRequest
from temporalio.client import Client
from temporalio.service import RPCError

from domain.identifiers import VENDORS, System, vendor_queue

_WITHIN: Final = timedelta(seconds=2)
_ACTIVITIES: Final = (TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,)
_BOTH: Final = (TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW, *_ACTIVITIES)


@dataclass(frozen=True, slots=True)
class QueueLook:
    """What was found of one queue. `pollers` are those who asked for work in the last minutes."""

    backlog: int
    oldest_seconds: float
    pollers: frozenset[str]


@dataclass(frozen=True, slots=True)
class EngineLook:
    """How fast the engine answered, and each queue by whose steps wait there."""

    answered_in: float
    queues: Mapping[System, QueueLook]


class Queues:
    """The task queues of one namespace: of workflows and our own record, and of each vendor."""

    def __init__(self, client: Client, task_queue: str) -> None:
        self._client = client
        self.names: Mapping[System, str] = {
            System.THROUGHLINE: task_queue,
            **{system: vendor_queue(task_queue, system) for system in VENDORS},
        }

    @property
    def namespace(self) -> str:
        """Where the workflows are."""
        return self._client.namespace

    async def look(self) -> EngineLook | None:
        """How it is now; None when the engine or our namespace does not answer."""
        try:
            started = time.perf_counter()
            await self._client.workflow_service.describe_namespace(
                DescribeNamespaceRequest(namespace=self.namespace), timeout=_WITHIN
            )
            answered_in = time.perf_counter() - started
            found = await asyncio.gather(*(self._look(system) for system in self.names))
        except (RPCError, RuntimeError):  # a lazy client that cannot connect says the latter
            return None
        return EngineLook(answered_in, dict(zip(self.names, found, strict=True)))

    async def _look(self, system: System) -> QueueLook:
        kinds: Sequence[TaskQueueType.ValueType] = (
            _BOTH if system is System.THROUGHLINE else _ACTIVITIES
        )
        found = [
            await self._client.workflow_service.describe_task_queue(
                DescribeTaskQueueRequest(
                    namespace=self.namespace,
                    task_queue=TaskQueue(name=self.names[system]),
                    task_queue_type=kind,
                    report_stats=True,
                ),
                timeout=_WITHIN,
            )
            for kind in kinds
        ]
        return QueueLook(
            backlog=sum(each.stats.approximate_backlog_count for each in found),
            oldest_seconds=max(
                each.stats.approximate_backlog_age.ToTimedelta().total_seconds() for each in found
            ),
            pollers=frozenset(poller.identity for each in found for poller in each.pollers),
        )
