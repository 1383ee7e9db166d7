"""How our processes log: one JSON object per line on standard output. Nothing personal in it.

A line that is written for a request, a vendor call, a message to the engine or an activity carries
its correlation id, and the id of its trace where traces are on. So does one about a change.
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


def belongs_to(correlation_id: str) -> None:
    """What the task that is going on logs from now on belongs to this correlation id."""
    _CORRELATION.set(correlation_id)


def correlation_id() -> str | None:
    """What is logged now belongs to; None where nobody has said."""
    return _CORRELATION.get()


def name_ids(record: logging.LogRecord) -> bool:
    """A filter: add what a line belongs to, unless it says so itself."""
    for name, value in (("correlation_id", correlation_id()), ("trace_id", trace_id())):
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
    handler.addFilter(name_ids)
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.captureWarnings(capture=True)
    for chatty in ("httpx", "httpcore"):  # every exchange is on record as an attempt
        logging.getLogger(chatty).setLevel(logging.WARNING)
