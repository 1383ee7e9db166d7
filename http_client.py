"""The only door to httpx: its names, our timeouts. Nothing here knows a vendor or a route.

httpx 0.28.1 is the last release under that name; its successor has another one, and a program in
which both are loaded catches the wrong exceptions. One importing module makes the later move a
change of one file; `./throughline check` refuses a second importer.
"""

from httpx import (
    ASGITransport,
    AsyncBaseTransport,
    AsyncClient,
    AsyncHTTPTransport,
    Auth,
    BasicAuth,
    Client,
    ConnectError,
    ConnectTimeout,
    DecodingError,
    HTTPError,
    Limits,
    MockTransport,
    PoolTimeout,
    ReadTimeout,
    Request,
    Response,
    Timeout,
    TransportError,
)

__all__ = [
    "CALLER_TIMEOUT",
    "VENDOR_TIMEOUT",
    "ASGITransport",
    "AsyncBaseTransport",
    "AsyncClient",
    "AsyncHTTPTransport",
    "Auth",
    "BasicAuth",
    "Client",
    "ConnectError",
    "ConnectTimeout",
    "DecodingError",
    "HTTPError",
    "Limits",
    "MockTransport",
    "PoolTimeout",
    "ReadTimeout",
    "Request",
    "Response",
    "Timeout",
    "TransportError",
]

VENDOR_TIMEOUT = Timeout(connect=2.0, read=10.0, write=10.0, pool=5.0)
"""Seconds. Reads end well inside an activity's own limit, so that the outcome gets recorded."""

CALLER_TIMEOUT = Timeout(connect=2.0, read=30.0, write=30.0, pool=5.0)
"""Seconds. For callers of our own API; longer than the API waits for a worker to decide."""
