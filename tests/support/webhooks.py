"""Events as the sandbox vendors send them, and signed as they sign."""

import itertools
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from standardwebhooks.webhooks import Webhook

from adapters.postgres.inbox import VendorEvent, take_event
from domain.identifiers import System
from domain.vendor_events import EventSource
from tests.support.clock import START
from tests.support.records import SUBMISSION

ACCOUNT = SUBMISSION["account_id"]
_numbers = itertools.count(1)


def signed(
    body: bytes, *, secret: str, event_id: str = "evt_1", age: timedelta = timedelta()
) -> dict[str, str]:
    """The headers of a genuine event; a body that is no text is signed as Latin-1."""
    at = datetime.now(UTC) - age
    return {
        "content-type": "application/json",
        "webhook-id": event_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign(event_id, at, _as_text(body)),
    }


def _as_text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        return body.decode("latin-1")


def event_body(type_: str, data: Mapping[str, Any], *, at: datetime = START) -> dict[str, Any]:
    """An event as both vendors shape it."""
    return {"type": type_, "created": int(at.timestamp()), "data": dict(data)}


def standing_changed(account: str = ACCOUNT, *, at: datetime = START) -> dict[str, Any]:
    """The account owes nothing any more."""
    told = {"account": account, "standing": "current", "version": 2}
    return event_body("account.standing_changed", told, at=at)


def line_event(type_: str, account: str, key: str, line: str = "il_1") -> dict[str, Any]:
    """Lines of a change were posted or reversed."""
    told = {
        "object": "invoice_line",
        "id": line,
        "account": account,
        "client_reference": key,
        "amount_minor": 500,
        "currency": "usd",
        "lines": [{"product": "tech_support", "quantity": 1, "amount_minor": 500}],
        "metadata": {"change_id": key.split(":", maxsplit=1)[0], "document_version": 1},
    }
    return event_body(type_, {"account": account, "invoice_line": told})


def ticket_event(
    type_: str,
    *,
    ticket: str = "T-100001",
    key: str = "",
    version: Any = 2,  # noqa: ANN401 - tests send wrong ones, too
    account: str = ACCOUNT,
    at: datetime = START,
) -> dict[str, Any]:
    """Something happened to a ticket."""
    told = {
        "ticket_id": ticket,
        "external_reference": key,
        "account_id": account,
        "status": type_.removeprefix("ticket."),
        "version": version,
    }
    return event_body(type_, told, at=at)


async def arrive(
    sessions: async_sessionmaker[AsyncSession],
    system: System,
    body: Mapping[str, Any] | bytes,
    *,
    event_id: str | None = None,
    at: datetime = START,
    source: EventSource = EventSource.WEBHOOK,
) -> str:
    """An event comes in through the door; its id."""
    event_id = event_id or f"evt_{next(_numbers)}"
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    async with sessions.begin() as session:
        await take_event(session, VendorEvent(system, event_id, content, {}, at, source))
    return event_id
