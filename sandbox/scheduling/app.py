"""The scheduling vendor as an application: snake_case, HTTP Basic, no idempotency key."""

import sqlite3
from collections.abc import Mapping
from os import environ as process_environ
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp

from sandbox._base.app import build
from sandbox._base.refusals import Refusal
from sandbox._base.store import Clock, utc_now
from sandbox._base.vendor import Vendor, required
from sandbox.scheduling import appointment_routes, appointments, calendar_routes
from sandbox.scheduling.areas import AREAS
from sandbox.scheduling.calendar import holiday_name


def _plain_error(refusal: Refusal) -> Mapping[str, Any]:
    """`error` for machines, `message` for people."""
    return {"error": refusal.code, "message": refusal.message, **refusal.details}


def _start_empty(db: sqlite3.Connection) -> None:
    """No appointment comes with the bundled data: calendars follow from rules."""


VENDOR = Vendor(
    name="scheduling",
    schema=appointments.SCHEMA,
    load=_start_empty,
    error_body=_plain_error,
)


def create_app(
    *,
    state_dir: Path,
    webhook_url: str | None = None,
    environ: Mapping[str, str] = process_environ,
    clock: Clock = utc_now,
) -> ASGIApp:
    """Scheduling with its state under `state_dir`. It sends no webhooks: the URL is not used."""
    del webhook_url
    now = clock()
    for area in AREAS:  # the first look at a holiday table takes long; no caller should wait for it
        holiday_name(area, now.astimezone(area.time_zone).date())
    return build(
        VENDOR,
        (calendar_routes.router, appointment_routes.router),
        state_dir=state_dir,
        environ=environ,
        clock=clock,
        settings={
            "username": required(environ, "SANDBOX_SCHEDULING_USERNAME"),
            "password": required(environ, "SANDBOX_SCHEDULING_PASSWORD"),
        },
    )
