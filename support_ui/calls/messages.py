"""What vendors told, and what was said to them, across changes."""

from collections.abc import Mapping, Sequence
from urllib.parse import quote

from pydantic import TypeAdapter

from domain.contracts import Page
from domain.contracts_inbox import InboxEventSummary, InboxEventView, InboxSummaryView
from domain.contracts_messages import OutgoingAttemptView
from domain.identifiers import System
from support_ui.calls.transport import Connection, Query, decode

_SUMMARY = TypeAdapter(InboxSummaryView)
_EVENTS = TypeAdapter(Page[InboxEventSummary])
_EVENT = TypeAdapter(InboxEventView)
_ATTEMPTS = TypeAdapter(Page[OutgoingAttemptView])
Filters = Mapping[str, str | Sequence[str] | None]


class MessageCalls(Connection):
    """Messages of every change."""

    def inbox_summary(self) -> InboxSummaryView:
        """What came, what is stuck and what was forged, by system."""
        return self.get("/v1/webhooks/summary", _SUMMARY)

    def events(
        self, filters: Filters, *, cursor: str | None = None, limit: int = 50
    ) -> Page[InboxEventSummary]:
        """A stretch of the events, the newest first; `filters` by `system`, `state`, and so on."""
        return self.get("/v1/webhooks/events", _EVENTS, _narrowed(filters, cursor, limit))

    def event(self, system: System, event_id: str) -> InboxEventView:
        """One event, whole."""
        return self.get(_event_path(system, event_id), _EVENT)

    def release(self, system: System, event_id: str, *, reason: str) -> InboxEventView:
        """Have an event that waits for a person processed again. The event afterwards."""
        path = f"{_event_path(system, event_id)}/actions/release"
        return decode(self.send("POST", path, json={"reason": reason}), _EVENT)

    def outgoing(
        self, filters: Filters, *, cursor: str | None = None, limit: int = 50
    ) -> Page[OutgoingAttemptView]:
        """A stretch of every attempt, the newest first; `filters` by `system`, and so on."""
        return self.get("/v1/attempts", _ATTEMPTS, _narrowed(filters, cursor, limit))


def _narrowed(filters: Filters, cursor: str | None, limit: int) -> Query:
    plain: dict[str, str | int | list[str] | None] = {
        name: value if isinstance(value, str | None) else list(value)
        for name, value in filters.items()
    }
    return {**plain, "cursor": cursor, "limit": limit}


def _event_path(system: System, event_id: str) -> str:
    """A vendor's own id may hold anything; dots would be taken for a way up."""
    return f"/v1/webhooks/events/{system}/{quote(event_id, safe='').replace('.', '%2E')}"
