"""What the API answers about the webhook inbox. Shapes only, no rules; see `contracts.py`."""

from datetime import datetime
from typing import Any

from domain.contracts_failures import View
from domain.identifiers import System
from domain.vendor_events import EventSource, InboxState


class ArrivalView(View):
    """A further arrival of an event that was known already."""

    received_at: datetime
    headers: dict[str, Any]


class InboxEventSummary(View):
    """A vendor's event as a row of a list."""

    system: System
    event_id: str
    type: str
    means: str | None
    """What events of this type mean; None for a type that is not known."""
    state: InboxState
    outcome: str
    source: EventSource
    account_id: str | None
    reference: str | None
    object_version: int | None
    occurred_at: datetime | None
    """When the vendor says it happened."""
    received_at: datetime
    processed_at: datetime | None
    duplicates: int
    duplicates_at: list[datetime]
    """When it arrived again, the first ten times."""
    attempts: int
    next_attempt_at: datetime | None
    last_error: str | None
    change_ids: list[str]
    """The changes it concerned."""
    next_action: str | None


class InboxEventView(InboxEventSummary):
    """A vendor's event, whole."""

    headers: dict[str, Any]
    body: Any
    """Parsed, without what may be personal; None when it cannot be read."""
    body_bytes: int
    body_sha256: str
    body_expired_at: datetime | None = None
    """When the body was emptied, its time being over; size and hash stay."""
    arrivals: list[ArrivalView]
    may_release: bool
    """Whether the caller may have it processed again now."""
    release_refused: str | None
    """Why not."""


class ForgedCount(View):
    """How many forged events came in the hour that began then."""

    hour: datetime
    count: int


class FeedView(View):
    """How far the vendor has been asked for events that did not come."""

    polled_at: datetime | None
    cursor: str | None
    repaired: int
    """Events that came by polling alone, ever."""
    failed_at: datetime | None
    last_error: str | None
    retry_at: datetime | None


class InboxSystemView(View):
    """The inbox of one system at a glance."""

    system: System
    received: int
    """Events, each once."""
    duplicates: int
    """Further arrivals of them."""
    by_state: dict[InboxState, int]
    forged: list[ForgedCount]
    """Of the last 24 hours; hours without any are left out."""
    last_event_at: datetime | None
    oldest_queued_at: datetime | None
    forgotten: int
    """Queued for more than a minute with nobody trying; the sweeper queues them again."""
    feed: FeedView


class InboxSummaryView(View):
    """The inbox, system by system."""

    systems: list[InboxSystemView]
