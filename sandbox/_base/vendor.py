"""What makes a vendor, and what its routes are given. Puts no application together."""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request

from sandbox._base import events, ledger, secrets
from sandbox._base.call_log import CallLog
from sandbox._base.deliveries import DeliveryBoard
from sandbox._base.faults import FaultBoard
from sandbox._base.ledger import Entry
from sandbox._base.refusals import ErrorBody
from sandbox._base.store import Clock, Load, Store
from sandbox._base.webhooks import Receiver, WebhookSender


@dataclass(frozen=True, slots=True)
class Vendor:
    """One vendor as a value: its name, tables, bundled state and way of saying no."""

    name: str
    schema: str
    load: Load
    error_body: ErrorBody
    credential_path: str | None = None
    invalid_request_status: int = 422


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A vendor at work: what its routes need. One per application."""

    vendor: Vendor
    store: Store
    clock: Clock
    faults: FaultBoard
    deliveries: DeliveryBoard
    calls: CallLog
    sender: WebhookSender | None
    settings: Mapping[str, str]

    def lets_in(self, secret: str, setting: str) -> bool:
        """Whether a caller's secret is the one of the start, or was added and not retired."""
        return secrets.is_accepted(self.store.read_now(), secret, self.settings[setting])

    def record(self, db: sqlite3.Connection, entry: Entry) -> None:
        """Put an effect on the ledger, in its transaction."""
        ledger.record(db, entry, self.clock())

    def emit(self, db: sqlite3.Connection, event_type: str, data: dict[str, Any]) -> str:
        """Tell the world, in the transaction of what is told; returns the event id."""
        event_id = events.emit(db, event_type, data, at=self.clock())
        if self.sender is not None:
            self.sender.wake()
        return event_id


async def _sandbox(request: Request) -> Sandbox:
    sandbox: Sandbox = request.app.state.sandbox
    return sandbox


SandboxDep = Annotated[Sandbox, Depends(_sandbox)]


def required(environ: Mapping[str, str], name: str) -> str:
    """A secret from the environment. Raises SystemExit with a sentence when it is missing."""
    value = environ.get(name, "")
    if not value:
        raise SystemExit(
            f"{name} is not set. Set it to the secret callers must use, then start again."
        )
    return value


def receiver_of(
    webhook_url: str | None, environ: Mapping[str, str], secret_name: str
) -> Receiver | None:
    """Where events go, or None without a URL. A URL needs its signing secret."""
    return Receiver(webhook_url, required(environ, secret_name)) if webhook_url else None
