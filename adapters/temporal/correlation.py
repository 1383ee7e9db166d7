"""Carries the correlation id of whoever starts a workflow to the logs of its activities."""

from collections.abc import Mapping
from typing import Any, Final

from temporalio.api.common.v1 import Payload
from temporalio.client import Interceptor as ClientInterceptor
from temporalio.client import OutboundInterceptor, StartWorkflowInput, WorkflowHandle
from temporalio.converter import PayloadConverter
from temporalio.worker import (
    ActivityInboundInterceptor,
    ContinueAsNewInput,
    ExecuteActivityInput,
    ExecuteWorkflowInput,
    Interceptor,
    StartActivityInput,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
    WorkflowOutboundInterceptor,
)
from temporalio.workflow import ActivityHandle

from json_logs import belongs_to, correlation_id

HEADER: Final = "correlation-id"


class Correlation(ClientInterceptor, Interceptor):
    """A header from client to workflow, and from there to each activity and further run."""

    def intercept_client(self, next: OutboundInterceptor) -> OutboundInterceptor:  # noqa: A002 - the engine's own name
        """Put the id on whatever is started."""
        return _Starting(next)

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002 - as above
        """Have what an activity logs name the id."""
        return _Doing(next)

    def workflow_interceptor_class(
        self,
        input: WorkflowInterceptorClassInput,  # noqa: A002 - as above
    ) -> type[WorkflowInboundInterceptor]:
        """Hand the id on."""
        del input
        return _Running


class _Starting(OutboundInterceptor):
    async def start_workflow(self, input: StartWorkflowInput) -> WorkflowHandle[Any, Any]:  # noqa: A002 - as above
        if given := correlation_id():
            payload = PayloadConverter.default.to_payload(given)
            input.headers = {**input.headers, HEADER: payload}
        return await super().start_workflow(input)


class _Doing(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002, ANN401 - as above
        if payload := input.headers.get(HEADER):
            # Not for the block alone: the engine's library says afterwards that it failed.
            belongs_to(PayloadConverter.default.from_payload(payload, str))
        return await super().execute_activity(input)


class _Running(WorkflowInboundInterceptor):
    """Knows the header of its run; the payload is handed on as it came."""

    def __init__(self, next: WorkflowInboundInterceptor) -> None:  # noqa: A002 - as above
        super().__init__(next)
        self.header: Mapping[str, Payload] = {}

    def init(self, outbound: WorkflowOutboundInterceptor) -> None:
        super().init(_HandingOn(outbound, self))

    async def execute_workflow(self, input: ExecuteWorkflowInput) -> Any:  # noqa: A002, ANN401 - as above
        self.header = {name: value for name, value in input.headers.items() if name == HEADER}
        return await super().execute_workflow(input)


class _HandingOn(WorkflowOutboundInterceptor):
    def __init__(self, next: WorkflowOutboundInterceptor, run: _Running) -> None:  # noqa: A002 - as above
        super().__init__(next)
        self._run = run

    def start_activity(self, input: StartActivityInput) -> ActivityHandle[Any]:  # noqa: A002 - as above
        input.headers = {**input.headers, **self._run.header}
        return super().start_activity(input)

    def continue_as_new(self, input: ContinueAsNewInput) -> Any:  # noqa: A002, ANN401 - never returns
        input.headers = {**input.headers, **self._run.header}
        return super().continue_as_new(input)
