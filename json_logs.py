"""How our processes log: one JSON object per line on standard output. Nothing personal in it."""

import logging
import sys

from pythonjsonlogger.json import JsonFormatter


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
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.captureWarnings(capture=True)
    for chatty in ("httpx", "httpcore"):  # every exchange is on record as an attempt
        logging.getLogger(chatty).setLevel(logging.WARNING)
