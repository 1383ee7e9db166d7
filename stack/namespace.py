"""Making an engine ready for our workflows: the namespace and its search attributes.

Works the same on the embedded engine and on one that runs elsewhere.
"""

import asyncio
import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

from google.protobuf.duration_pb2 import Duration
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import IndexedValueType, TaskQueueType
from temporalio.api.operatorservice.v1 import (
    AddSearchAttributesRequest,
    ListSearchAttributesRequest,
)
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import (
    CountWorkflowExecutionsRequest,
    DescribeTaskQueueRequest,
    DescribeWorkflowExecutionRequest,
    RegisterNamespaceRequest,
)
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from stack.errors import StackError

RETENTION = timedelta(days=30)
SEARCH_ATTRIBUTES = ("ThroughlineStatus", "ThroughlineKind", "ThroughlineAccountId")
"""Keywords only: ids and states, nothing personal."""

POLL_SECONDS = 0.1
READY_SECONDS = 60.0


async def ensure_namespace(target: str, namespace: str) -> None:
    """Registers the namespace and its search attributes, and checks that every service knows them.

    Safe to repeat.

    Raises:
        RPCError: the engine refused; the caller decides whether to ask again.
        RuntimeError: the engine cannot be reached.
    """
    client = await Client.connect(target, namespace=namespace)
    await _register(client)
    await _add_search_attributes(client)
    await _require_known_everywhere(client)


async def _register(client: Client) -> None:
    retention = Duration()
    retention.FromTimedelta(RETENTION)
    try:
        await client.workflow_service.register_namespace(
            RegisterNamespaceRequest(
                namespace=client.namespace,
                description="Service changes",
                workflow_execution_retention_period=retention,
            )
        )
    except RPCError as error:
        if error.status is not RPCStatusCode.ALREADY_EXISTS:
            raise


async def _add_search_attributes(client: Client) -> None:
    present = await client.operator_service.list_search_attributes(
        ListSearchAttributesRequest(namespace=client.namespace)
    )
    keyword = IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD
    missing = {name: keyword for name in SEARCH_ATTRIBUTES if name not in present.custom_attributes}
    if missing:
        await client.operator_service.add_search_attributes(
            AddSearchAttributesRequest(namespace=client.namespace, search_attributes=missing)
        )


async def _require_known_everywhere(client: Client) -> None:
    """Asks each service something that needs the namespace: they learn of it at their own pace."""
    service = client.workflow_service
    await service.count_workflow_executions(
        CountWorkflowExecutionsRequest(
            namespace=client.namespace,
            query=" AND ".join(f"{name} = 'none'" for name in SEARCH_ATTRIBUTES),
        )
    )
    await service.describe_task_queue(
        DescribeTaskQueueRequest(
            namespace=client.namespace,
            task_queue=TaskQueue(name="readiness"),
            task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
        )
    )
    try:
        await service.describe_workflow_execution(
            DescribeWorkflowExecutionRequest(
                namespace=client.namespace,
                execution=WorkflowExecution(workflow_id="readiness"),
            )
        )
    except RPCError as error:
        if "workflow" not in error.message.lower():  # a missing workflow is the good answer
            raise


async def wait_for_namespace(
    target: str,
    namespace: str,
    *,
    alive: Callable[[], bool],
    seconds: float = READY_SECONDS,
) -> str | None:
    """Repeats `ensure_namespace` until it succeeds.

    Returns None, or why it did not: the last refusal when time is up or `alive` no longer holds.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while True:
        try:
            await ensure_namespace(target, namespace)
        except (RPCError, RuntimeError) as error:
            refusal = str(error)
        else:
            return None
        if loop.time() > deadline or not alive():
            return refusal
        await asyncio.sleep(POLL_SECONDS)


def ensure_namespace_blocking(
    target: str,
    namespace: str,
    *,
    log: Path | None = None,
    alive: Callable[[], bool] = lambda: True,
    seconds: float = READY_SECONDS,
) -> None:
    """`wait_for_namespace` for callers without a loop, in a thread with a loop of its own.

    Raises:
        StackError: the engine did not get ready; says why and names the log.
    """
    with ThreadPoolExecutor(1) as thread:
        refusal = thread.submit(
            asyncio.run, wait_for_namespace(target, namespace, alive=alive, seconds=seconds)
        ).result()
    if refusal is not None:
        place = f"; see {log}" if log else "; check THROUGHLINE_TEMPORAL_ADDRESS"
        raise StackError(f"Temporal at {target} did not get ready: {refusal[:200]}{place}")


def main(target: str, namespace: str) -> None:
    """Makes the engine at `target` ready, as a program of its own.

    It leaves by `os._exit`: temporalio 1.35 on Python 3.11 now and then aborts while the
    interpreter is taken down, which would turn a success into a failure.
    """
    try:
        ensure_namespace_blocking(target, namespace)
    except StackError as error:
        print(error, flush=True)
        os._exit(1)
    print(f"Namespace {namespace} at {target} is ready", flush=True)
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
