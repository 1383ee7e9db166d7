"""Serves a vendor on loopback: uvicorn with a connection that can be cut, logs as JSON lines."""

import asyncio
import logging
import sys
from typing import Any

import uvicorn
from pythonjsonlogger.json import JsonFormatter
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from sandbox._base.fault_injection import CUT_CONNECTION

HOST = "127.0.0.1"
_KEEP_ALIVE = 75  # seconds; longer than callers keep an idle connection, so they close it first


class _CuttableConnection(H11Protocol):
    """An HTTP connection that hands its requests a way to end it without an answer."""

    def __init__(
        self,
        config: uvicorn.Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, {**app_state, CUT_CONNECTION: self._cut}, _loop)

    def _cut(self) -> None:
        self.transport.abort()
        self.cycle.disconnected = True  # or uvicorn would complain of the missing answer


def server_for(app: ASGIApp, port: int, host: str = HOST) -> uvicorn.Server:
    """A server for the app, on loopback unless told; port 0 lets the system choose.

    Stops on SIGTERM.
    """
    return uvicorn.Server(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            http=_CuttableConnection,
            loop="asyncio",
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_keep_alive=_KEEP_ALIVE,
            timeout_graceful_shutdown=5,
        )
    )


def log_to_stdout(vendor: str) -> None:
    """One JSON object per line on standard output, from every logger of the process."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        JsonFormatter(
            ["levelname", "name", "message"],
            rename_fields={"levelname": "level", "name": "logger"},
            static_fields={"service": f"sandbox-{vendor}"},
            timestamp="at",
        )
    )
    logging.basicConfig(level=logging.INFO, handlers=[handler])
