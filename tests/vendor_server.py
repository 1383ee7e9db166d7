"""A sandbox vendor on a real socket, in a thread of its own. Knows no vendor."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.types import ASGIApp

from http_client import Client
from sandbox._base.server import HOST, server_for

_START_WITHIN = 10.0


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
