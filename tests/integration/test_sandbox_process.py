"""A vendor as a process: state that outlives it, logs, signals; and its webhooks."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook

from http_client import Client, TransportError
from tests.vendor_server import ENVIRON, running, wait_until

ROOT = Path(__file__).resolve().parents[2]
ACCOUNT = "7590-VHVEG"
WITHIN = 20.0


@contextmanager
def process(vendor: str, state_dir: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    words = (vendor, "--port", str(port), "--state-dir", str(state_dir))
    child = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-m", "sandbox", *words],
        cwd=ROOT,
        env={**os.environ, **ENVIRON},
        stdout=subprocess.PIPE,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: healthy(url), f"{vendor} healthy")
        yield child, url
    finally:
        child.kill()
        child.communicate()


def healthy(url: str) -> bool:
    try:
        with Client(base_url=url, trust_env=False) as http:
            return http.get("/_control/health").status_code == 200
    except TransportError:
        return False


def billing_client(url: str) -> Client:
    headers = {"Authorization": f"Bearer {ENVIRON['SANDBOX_BILLING_API_KEY']}"}
    return Client(base_url=url, headers=headers, trust_env=False)


def post_change(http: Client) -> str:
    line = {"product": "tech_support", "quantity": 1, "amount_minor": 500}
    body = {"client_reference": "ref", "lines": [line]}
    answer = http.post(f"/v1/accounts/{ACCOUNT}/price_changes", json=body)
    line_id: str = answer.json()["id"]
    return line_id


def test_effects_and_ledger_outlive_a_kill(tmp_path: Path) -> None:
    with process("billing", tmp_path) as (child, url), billing_client(url) as http:
        posted = post_change(http)
        child.kill()
        child.wait()
    with process("billing", tmp_path) as (_, url), billing_client(url) as http:
        found = http.get("/v1/price_changes", params={"client_reference": "ref"}).json()["data"]
        assert [line["id"] for line in found] == [posted]
        assert len(http.get("/_control/ledger").json()["entries"]) == 1


def test_a_vendor_stops_on_sigterm_and_logs_json_lines(tmp_path: Path) -> None:
    with process("crm", tmp_path) as (child, _):
        child.send_signal(signal.SIGTERM)
        output, _ = child.communicate(timeout=WITHIN)
    lines = [json.loads(line) for line in output.splitlines()]
    requests = [line for line in lines if line["message"] == "request"]
    assert requests[0]["path"] == "/_control/health"
    assert requests[0]["service"] == "sandbox-crm"
    assert child.returncode in {0, -signal.SIGTERM}


def test_a_missing_secret_is_named(tmp_path: Path) -> None:
    words = ("billing", "--port", "0", "--state-dir", str(tmp_path))
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "sandbox", *words],
        cwd=ROOT,
        env={k: v for k, v in os.environ.items() if not k.startswith("SANDBOX_")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "SANDBOX_BILLING_API_KEY is not set" in done.stderr


class Receiver:
    """Takes webhooks after refusing the first `refusals`."""

    def __init__(self, *, refusals: int = 0, status: int = 500) -> None:
        self.seen: list[tuple[dict[str, str], bytes]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                receiver.seen.append((dict(self.headers), body))
                refused = len(receiver.seen) <= refusals
                self.send_response(status if refused else 204)
                self.end_headers()

            def log_message(self, *args: Any) -> None:  # noqa: ANN401 - the library's signature
                del args

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/hooks"

    @contextmanager
    def listening(self) -> Iterator[None]:
        thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._server.shutdown()
            self._server.server_close()


def verified(headers: dict[str, str], body: bytes) -> dict[str, Any]:
    told: dict[str, Any] = Webhook(ENVIRON["SANDBOX_BILLING_WEBHOOK_SECRET"]).verify(body, headers)
    return told


def undelivered(url: str) -> int:
    with Client(base_url=url, trust_env=False) as http:
        count: int = http.get("/_control/health").json()["undelivered_events"]
        return count


def test_an_event_arrives_signed(tmp_path: Path) -> None:
    receiver = Receiver()
    with (
        receiver.listening(),
        running("billing", tmp_path, webhook_url=receiver.url) as vendor,
        billing_client(vendor.base_url) as http,
    ):
        posted = post_change(http)
        wait_until(lambda: undelivered(vendor.base_url) == 0, "delivered")
        listed = http.get("/v1/events").json()["data"]
    [(headers, body)] = receiver.seen
    event = verified(headers, body)
    assert event["type"] == "invoice.line_posted"
    assert event["data"]["invoice_line"]["id"] == posted
    assert event == listed[0]
    assert {name.lower(): value for name, value in headers.items()}["webhook-id"] == event["id"]


def test_an_event_is_sent_again_until_it_is_taken(tmp_path: Path) -> None:
    receiver = Receiver(refusals=1)
    with (
        receiver.listening(),
        running("billing", tmp_path, webhook_url=receiver.url) as vendor,
        billing_client(vendor.base_url) as http,
    ):
        post_change(http)
        wait_until(lambda: undelivered(vendor.base_url) == 0, "delivered at the second attempt")
    events = [verified(headers, body) for headers, body in receiver.seen]
    assert len(events) == 2
    assert events[0]["id"] == events[1]["id"]


def test_a_receiver_that_is_gone_is_left_alone(tmp_path: Path) -> None:
    receiver = Receiver(refusals=9, status=410)
    with (
        receiver.listening(),
        running("billing", tmp_path, webhook_url=receiver.url) as vendor,
        billing_client(vendor.base_url) as http,
    ):
        post_change(http)
        wait_until(lambda: undelivered(vendor.base_url) == 0, "given up")
    assert len(receiver.seen) == 1


def test_an_event_waits_for_a_receiver_that_is_away_over_a_restart(tmp_path: Path) -> None:
    receiver = Receiver()
    with running("billing", tmp_path) as vendor, billing_client(vendor.base_url) as http:
        post_change(http)
        assert undelivered(vendor.base_url) == 1
    with receiver.listening(), running("billing", tmp_path, webhook_url=receiver.url) as vendor:
        wait_until(lambda: undelivered(vendor.base_url) == 0, "delivered after the restart")
    assert len(receiver.seen) == 1


@pytest.mark.parametrize("vendor", ["crm", "billing"])
def test_a_first_start_loads_all_accounts_within_two_seconds(vendor: str, tmp_path: Path) -> None:
    started = time.process_time()
    with running(vendor, tmp_path) as running_vendor:
        assert healthy(running_vendor.base_url)
    assert time.process_time() - started < 2.0
