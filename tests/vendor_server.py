"""Sandbox vendors on real sockets, each in a thread of its own. Knows no vendor's routes."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from starlette.types import ASGIApp

from http_client import Client
from sandbox._base.server import HOST, server_for

ENVIRON = {
    "SANDBOX_CRM_CLIENT_ID": "throughline",
    "SANDBOX_CRM_CLIENT_SECRET": "crm-secret",
    "SANDBOX_BILLING_API_KEY": "billing-key",
    "SANDBOX_BILLING_WEBHOOK_SECRET": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "SANDBOX_SCHEDULING_USERNAME": "throughline",
    "SANDBOX_SCHEDULING_PASSWORD": "scheduling-password",
    "SANDBOX_TICKETING_TOKEN": "ticketing-token",
    "SANDBOX_TICKETING_WEBHOOK_SECRET": "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
}
"""What callers must show the vendors that tests run."""

_START_WITHIN = 10.0


def wait_until(done: Callable[[], bool], what: str, within: float = 20.0) -> None:
    """Look until it is done; fails with `what` when it is not within the seconds."""
    deadline = time.monotonic() + within
    while not done():
        assert time.monotonic() < deadline, f"not within {within} s: {what}"
        threading.Event().wait(0.02)


@contextmanager
def serving(app: ASGIApp) -> Iterator[str]:
    """Serve the app on an ephemeral port until the block ends; yields its base URL."""
    server = server_for(app, port=0)
    thread = threading.Thread(target=server.run, name="sandbox-vendor", daemon=True)
    thread.start()
    deadline = time.monotonic() + _START_WITHIN
    while not server.started:
        assert thread.is_alive(), "the vendor did not start"
        assert time.monotonic() < deadline, "the vendor did not start in time"
        thread.join(0.005)
    try:
        yield f"http://{HOST}:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(_START_WITHIN)


class Control:
    """A vendor's `_control` routes as a test uses them."""

    def __init__(self, base_url: str) -> None:
        self._http = Client(base_url=base_url, trust_env=False)

    def fault(self, kind: str, **values: object) -> None:
        """Set a fault for the next matching call (or `calls=N`)."""
        self._http.post("/_control/faults", json={"kind": kind, **values}).raise_for_status()

    def hits(self) -> int:
        """How often faults struck since the last reset or clearing."""
        faults = self._http.get("/_control/faults").json()["faults"]
        return sum(fault["hits"] for fault in faults)

    def accept(self, secret: str) -> None:
        """Let callers in with a further secret."""
        self._http.post("/_control/secrets", json={"secret": secret}).raise_for_status()

    def retire(self, secret: str) -> None:
        """Let nobody in with a secret any more."""
        self._http.post("/_control/secrets/retired", json={"secret": secret}).raise_for_status()

    def token_life(self, seconds: float) -> None:
        """Give out tokens that live so long."""
        self._http.put("/_control/token-life", json={"seconds": seconds}).raise_for_status()

    def calls(self, path: str) -> list[int | None]:
        """The statuses of every call to a path since the start."""
        told = self._http.get("/_control/calls", params={"limit": 10_000}).json()["calls"]
        return [call["status"] for call in told if call["path"] == path]

    def deliveries(self, **plan: object) -> None:
        """Set how the next webhooks travel: `withhold`, `repeat`, `paused`, `newest_first`."""
        self._http.post("/_control/webhooks", json=plan).raise_for_status()

    def ledger(self, **filters: str) -> list[dict[str, object]]:
        """Effects by business meaning, in order."""
        answer = self._http.get("/_control/ledger", params={**filters, "limit": 10_000})
        entries: list[dict[str, object]] = answer.json()["entries"]
        return entries

    def reset(self) -> None:
        """Bundled data again, and no fault."""
        self._http.post("/_control/reset").raise_for_status()

    def close(self) -> None:
        """Let go of the connection."""
        self._http.close()


@dataclass(frozen=True, slots=True)
class RunningVendor:
    """A vendor that answers."""

    base_url: str
    control: Control


@contextmanager
def running(
    vendor: str, state_dir: Path, *, webhook_url: str | None = None, **environ: str
) -> Iterator[RunningVendor]:
    """Run `crm`, `billing`, `scheduling` or `ticketing`; `environ` replaces parts of ENVIRON."""
    create_app: Callable[..., ASGIApp] = import_module(f"sandbox.{vendor}.app").create_app
    app = create_app(state_dir=state_dir, webhook_url=webhook_url, environ={**ENVIRON, **environ})
    with serving(app) as base_url, closing(Control(base_url)) as control:
        yield RunningVendor(base_url, control)
