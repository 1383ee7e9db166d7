"""One trace leads from the portal's request to each vendor call, and says nothing personal."""

import json
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from stack.batch.rows import BatchRow
from stack.ephemeral import temporary_folder
from stack.paths import StatePaths
from tests.support.collector import Collector, SentSpan, collecting
from tests.support.journey import Journey, journeys
from tests.support.live import LiveStack, live
from tests.support.polling import eventually
from tracing import HARMLESS

pytestmark = pytest.mark.timeout(400)  # the first test also waits for a stack to start


RUN = ("throughline-worker", "RunWorkflow:ServiceChangeWorkflow")
WAY = (
    ("throughline-api", "POST /v1/service-changes"),
    ("throughline-relay", "relay start"),
    ("throughline-relay", "StartWorkflow:ServiceChangeWorkflow"),
    ("throughline-worker", "StartActivity:check_entitlement"),
    ("throughline-worker", "RunActivity:check_entitlement"),
    ("throughline-worker", "GET crm"),
)
"""From the portal's request over engine, workflow and activity to a vendor's answer."""


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with collecting() as found:
        yield found


@pytest.fixture(scope="module")
def traced_stack(collector: Collector) -> Iterator[LiveStack]:
    extra = {"THROUGHLINE_OTLP_ENDPOINT": collector.url, "OTEL_BSP_SCHEDULE_DELAY": "200"}
    with temporary_folder() as folder, live(folder, extra) as stack:
        yield stack


def logged(stack: LiveStack, trace: str) -> set[str]:
    """The processes whose logs name the trace beside a correlation id."""
    found = set()
    for path in Path(StatePaths(stack.state_dir).logs).glob("*.jsonl"):
        for line in path.read_text(encoding="utf-8").splitlines():
            if trace in line and json.loads(line).get("correlation_id"):
                found.add(path.stem)
    return found


async def test_one_trace_leads_from_the_request_to_each_vendor_call(
    traced_stack: LiveStack, collector: Collector, rows: Iterator[BatchRow]
) -> None:
    trace, row = secrets.token_hex(16), next(rows)
    async with journeys(traced_stack) as journey:
        journey.portal.headers["traceparent"] = f"00-{trace}-{secrets.token_hex(8)}-01"
        change_id = await journey.submit(row)
        await journey.reaches(change_id, "awaiting_approval")

        async def sent() -> list[SentSpan]:
            return collector.of_trace(trace)

        def complete(spans: list[SentSpan]) -> bool:
            called = {span.attributes.get("throughline.system") for span in spans}
            told = {(span.service, span.name) for span in spans}
            return {"crm", "billing", "scheduling"} <= called and told.issuperset({*WAY, RUN})

        spans = await eventually(sent, complete, within=60)
        await told_to_vendors(journey, change_id, trace)

    by_id = {span.id: span for span in spans}
    call = next(span for span in spans if span.name == "GET crm")
    way = [call]
    while way[-1].parent in by_id:
        way.append(by_id[way[-1].parent])
    met = [(span.service, span.name) for span in reversed(way)]
    below = iter(met)
    assert all(step in below for step in WAY), met
    (run,) = [span for span in spans if (span.service, span.name) == RUN]
    assert by_id[run.parent].name == "StartWorkflow:ServiceChangeWorkflow"
    assert "api" in logged(traced_stack, trace)


async def told_to_vendors(journey: Journey, change_id: str, trace: str) -> None:
    """The record has what was said to each vendor, the trace among it."""
    at = f"/v1/service-changes/{change_id}/attempts"
    listed = (await journey.operator.get(at)).raise_for_status().json()["items"]
    details = [await journey.operator.get(f"{at}/{attempt['id']}") for attempt in listed]
    heads = [
        exchange["request_headers"]
        for detail in details
        for exchange in detail.raise_for_status().json()["exchanges"]
    ]
    assert heads
    assert all(trace in head["traceparent"] for head in heads)


async def test_nothing_personal_leaves(collector: Collector, rows: Iterator[BatchRow]) -> None:
    assert collector.spans
    for span in collector.spans:
        assert set(span.attributes) <= HARMLESS
        assert (span.events, span.message) == (0, "")
    sent = b"".join(collector.raw)
    for secret in (next(rows).account_id, "order.pdf", "operator", "portal"):
        assert secret.encode() not in sent
