"""A collector of traces: a real HTTP server that takes OTLP and keeps what it was sent."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI, Request, Response
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.vendor_server import serving


@dataclass(frozen=True, slots=True)
class SentSpan:
    """One span as it left a process."""

    service: str
    name: str
    trace: str
    id: str
    parent: str
    attributes: dict[str, Any]
    events: int
    message: str


@dataclass(slots=True)
class Collector:
    """What was sent; `raw` are the bodies as they came."""

    url: str = ""
    spans: list[SentSpan] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)

    def of_trace(self, trace: str) -> list[SentSpan]:
        """The spans of one trace, in the order of arrival."""
        return [span for span in self.spans if span.trace == trace]


@contextmanager
def collecting() -> Iterator[Collector]:
    """Take traces while the block runs."""
    collector = Collector()
    app = FastAPI()

    @app.post("/v1/traces")
    async def take(request: Request) -> Response:
        body = await request.body()
        assert request.headers.get("content-encoding") is None
        collector.raw.append(body)
        told = ExportTraceServiceRequest.FromString(body)
        for resource in told.resource_spans:
            service = next(
                each.value.string_value
                for each in resource.resource.attributes
                if each.key == "service.name"
            )
            for scope in resource.scope_spans:
                collector.spans += [_sent(service, span) for span in scope.spans]
        return Response(media_type="application/x-protobuf")

    with serving(app) as url:
        collector.url = url
        yield collector


def _sent(service: str, span: Any) -> SentSpan:  # noqa: ANN401 - a protobuf message
    return SentSpan(
        service=service,
        name=span.name,
        trace=span.trace_id.hex(),
        id=span.span_id.hex(),
        parent=span.parent_span_id.hex(),
        attributes={
            each.key: each.value.string_value or each.value.int_value for each in span.attributes
        },
        events=len(span.events),
        message=span.status.message,
    )
