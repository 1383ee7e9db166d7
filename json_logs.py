"""How our processes log: one JSON object per line on standard output. Nothing personal in it.

A line that is written for a request or a vendor call carries its correlation id, and the id of
its trace where traces are on.
"""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from pythonjsonlogger.json import JsonFormatter

from tracing import trace_id

_CORRELATION: Final[ContextVar[str | None]] = ContextVar("correlation", default=None)


@contextmanager
def correlated(correlation_id: str) -> Iterator[None]:
    """What is logged in the block belongs to this correlation id."""
    token = _CORRELATION.set(correlation_id)
    try:
        yield
    finally:
        _CORRELATION.reset(token)


def _with_ids(record: logging.LogRecord) -> bool:
    """Add what a line belongs to, unless it says so itself."""
    for name, value in (("correlation_id", _CORRELATION.get()), ("trace_id", trace_id())):
        if value is not None and not hasattr(record, name):
            setattr(record, name, value)
    return True


def configure(level: str) -> None:
    """Send everything to standard output as JSON lines. Called once, at start."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        JsonFormatter(
            "{asctime}{levelname}{name}{message}",
            style="{",
            rename_fields={"asctime": "at", "levelname": "level", "name": "logger"},
        )
    )
    handler.addFilter(_with_ids)
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.captureWarnings(capture=True)
    for chatty in ("httpx", "httpcore"):  # every exchange is on record as an attempt
        logging.getLogger(chatty).setLevel(logging.WARNING)
