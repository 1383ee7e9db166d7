"""The ticketing vendor as an application: wrapped objects, API token, signed webhooks."""

import sqlite3
from collections.abc import Mapping
from os import environ as process_environ
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp

from sandbox._base.app import build
from sandbox._base.refusals import Refusal
from sandbox._base.store import Clock, utc_now
from sandbox._base.vendor import Vendor, receiver_of, required
from sandbox.ticketing import ticket_routes, tickets


def _described_error(refusal: Refusal) -> Mapping[str, Any]:
    """`error` for machines, `description` for people."""
    return {"error": refusal.code, "description": refusal.message, **refusal.details}


def _start_empty(db: sqlite3.Connection) -> None:
    """No ticket comes with the bundled data."""


VENDOR = Vendor(
    name="ticketing",
    schema=tickets.SCHEMA,
    load=_start_empty,
    error_body=_described_error,
)


def create_app(
    *,
    state_dir: Path,
    webhook_url: str | None = None,
    environ: Mapping[str, str] = process_environ,
    clock: Clock = utc_now,
) -> ASGIApp:
    """Ticketing with its state under `state_dir`; events go to `webhook_url`, where given."""
    return build(
        VENDOR,
        (ticket_routes.router,),
        state_dir=state_dir,
        environ=environ,
        receiver=receiver_of(webhook_url, environ, "SANDBOX_TICKETING_WEBHOOK_SECRET"),
        clock=clock,
        settings={"token": required(environ, "SANDBOX_TICKETING_TOKEN")},
    )
