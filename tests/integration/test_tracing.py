"""A trace goes on from a request over the outbox to the relay, and nothing personal leaves."""

import subprocess
import sys

from adapters.postgres.outbox import outbox_row
from tests.support.clock import START
from tests.support.collector import collecting
from tracing import HARMLESS, interceptors, is_on

TRACE = "0af7651916cd43dd8448eb211c80319c"


def test_a_trace_goes_on_over_the_outbox_and_says_nothing_personal() -> None:
    with collecting() as collector:
        done = subprocess.run(  # noqa: S603 - a program of ours
            [sys.executable, "-m", "tests.support.traced", collector.url, TRACE],
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
    assert "ValueError" in done.stderr  # the relay's delivery failed, in the customer's words
    request, relay = collector.of_trace(TRACE)
    assert (request.parent, relay.parent) == ("b7ad6b7169203331", request.id)
    assert request.attributes["http.response.status_code"] == 202
    for span in (request, relay):
        assert set(span.attributes) <= HARMLESS
        assert (span.events, span.message) == (0, "")
    assert b"Jane" not in b"".join(collector.raw)


def test_without_an_endpoint_nothing_is_traced() -> None:
    assert not is_on()
    assert interceptors() == []
    assert outbox_row("start", "chg_1", {}, START).traceparent is None
