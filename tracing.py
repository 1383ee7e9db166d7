"""Traces over OTLP/HTTP, off unless an endpoint is set.

One trace leads from a caller's request over outbox, relay, workflow and activity to each vendor
call. What leaves this process is what is listed here as harmless; nothing else does.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import Span, SpanKind, Status
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from temporalio.client import Interceptor
from temporalio.contrib.opentelemetry import TracingInterceptor

HEADER: Final = "traceparent"
"""Of W3C Trace Context (https://www.w3.org/TR/trace-context/)."""

CHANGE: Final = "throughline.change_id"
CORRELATION: Final = "throughline.correlation_id"
SYSTEM: Final = "throughline.system"
METHOD: Final = "http.request.method"
ROUTE: Final = "http.route"
STATUS: Final = "http.response.status_code"

HARMLESS: Final = frozenset(
    {
        CHANGE, CORRELATION, SYSTEM, METHOD, ROUTE, STATUS,
        "temporalWorkflowID", "temporalRunID", "temporalActivityID", "temporalUpdateID",
    }
)  # fmt: skip
"""A list of what may leave: what is personal needs no name to stay here. Events, which carry the
words of failures, never leave; the record has them."""

_PROPAGATOR: Final = TraceContextTextMapPropagator()


class _Harmless(SpanExporter):
    """Hands on what is harmless of each span."""

    def __init__(self, inner: SpanExporter) -> None:
        self._inner = inner

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """As the exporter within."""
        return self._inner.export([_harmless(span) for span in spans])

    def shutdown(self) -> None:
        """As the exporter within."""
        self._inner.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """As the exporter within."""
        return self._inner.force_flush(timeout_millis)


def _harmless(span: ReadableSpan) -> ReadableSpan:
    given = span.attributes or {}
    return ReadableSpan(
        name=span.name,
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes={name: value for name, value in given.items() if name in HARMLESS},
        links=span.links,
        kind=span.kind,
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


@contextmanager
def tracing(service: str, endpoint: str) -> Iterator[None]:
    """Send traces of this process while the block runs; nothing where there is no endpoint.

    Once per process: OpenTelemetry keeps one provider. What is still held is sent at the end.
    """
    if not endpoint:
        yield
        return
    provider = TracerProvider(resource=Resource.create({"service.name": service}))
    exporter = OTLPSpanExporter(f"{endpoint.rstrip('/')}/v1/traces")
    provider.add_span_processor(BatchSpanProcessor(_Harmless(exporter)))
    trace.set_tracer_provider(provider)
    try:
        yield
    finally:
        provider.shutdown()


def is_on() -> bool:
    """Whether this process sends traces."""
    return isinstance(trace.get_tracer_provider(), TracerProvider)


def interceptors() -> list[Interceptor]:
    """What carries a trace through the engine; none where traces are off."""
    return [TracingInterceptor()] if is_on() else []


@contextmanager
def span(
    name: str,
    kind: SpanKind,
    attributes: Mapping[str, str],
    *,
    parent: str | None = None,
) -> Iterator[Span]:
    """A span around the block, below `parent` or else what is going on; none where it is off."""
    if not is_on():
        yield trace.INVALID_SPAN
        return
    context = _PROPAGATOR.extract({HEADER: parent}) if parent else None
    tracer = trace.get_tracer("throughline")
    with tracer.start_as_current_span(name, context, kind, attributes=attributes) as begun:
        yield begun


def traceparent() -> str | None:
    """What names the span that is going on to others; None where there is none."""
    carrier: dict[str, str] = {}
    _PROPAGATOR.inject(carrier)
    return carrier.get(HEADER)


def trace_id() -> str | None:
    """The trace that is going on, as logs name it."""
    context = trace.get_current_span().get_span_context()
    return trace.format_trace_id(context.trace_id) if context.is_valid else None
