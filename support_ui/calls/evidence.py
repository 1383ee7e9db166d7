"""What was said to vendors about a change: attempts, payloads, holdings, lineage, notes."""

from pydantic import TypeAdapter

from domain.contracts import Page, TimelineEntry
from domain.contracts_evidence import (
    AttemptDetailView,
    AttemptView,
    HoldingView,
    LineageEntryView,
    PayloadComparisonView,
    PayloadView,
    Personal,
    SyncedFieldView,
)
from support_ui.calls.transport import LIST_LIMIT, Connection, Query, change_path, segment

_ATTEMPTS = TypeAdapter(Page[AttemptView])
_ATTEMPT = TypeAdapter(AttemptDetailView)
_PAYLOADS = TypeAdapter(Page[PayloadView])
_COMPARISON = TypeAdapter(PayloadComparisonView)
_HOLDINGS = TypeAdapter(list[HoldingView])
_FIELDS = TypeAdapter(list[SyncedFieldView])
_LINEAGE = TypeAdapter(Page[LineageEntryView])
_NOTE = TypeAdapter(TimelineEntry)


class EvidenceCalls(Connection):
    """What the answers about a change rest on."""

    def attempts(
        self, change_id: str, *, cursor: str | None = None, limit: int = LIST_LIMIT
    ) -> Page[AttemptView]:
        """A stretch of the attempts, the oldest first."""
        query: Query = {"cursor": cursor, "limit": limit}
        return self.get(f"{change_path(change_id)}/attempts", _ATTEMPTS, query)

    def attempt(self, change_id: str, attempt_id: str, personal: Personal) -> AttemptDetailView:
        """One attempt with its requests and answers."""
        path = f"{change_path(change_id)}/attempts/{segment(attempt_id)}"
        return self.get(path, _ATTEMPT, {"personal": str(personal)})

    def payloads(self, change_id: str, personal: Personal) -> list[PayloadView]:
        """What went out and what is planned, as far as one page of the API holds it."""
        query: Query = {"personal": str(personal), "limit": LIST_LIMIT}
        return self.get(f"{change_path(change_id)}/payloads", _PAYLOADS, query).items

    def compare(
        self, change_id: str, left: str, right: str, personal: Personal
    ) -> PayloadComparisonView:
        """Two payloads, field by field."""
        query = {"left": left, "right": right, "personal": str(personal)}
        return self.get(f"{change_path(change_id)}/payloads/compare", _COMPARISON, query)

    def holdings(self, change_id: str) -> list[HoldingView]:
        """What each system holds, and what is on its way there."""
        return self.get(f"{change_path(change_id)}/holdings", _HOLDINGS)

    def fields(self, change_id: str) -> list[SyncedFieldView]:
        """What is held of fields that live elsewhere."""
        return self.get(f"{change_path(change_id)}/fields", _FIELDS)

    def lineage(self, change_id: str, *, cursor: str | None = None) -> Page[LineageEntryView]:
        """A stretch of what the change is related to, in order."""
        query: Query = {"cursor": cursor, "limit": LIST_LIMIT}
        return self.get(f"{change_path(change_id)}/lineage", _LINEAGE, query)

    def add_note(self, change_id: str, *, idempotency_key: str, text: str) -> TimelineEntry:
        """Keep a note with the change; its line of the timeline."""
        path = f"{change_path(change_id)}/notes"
        return self.post(path, _NOTE, {"text": text}, idempotency_key=idempotency_key)
