"""Service changes: lists, one whole, its answers and history, documents, actions."""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import TypeAdapter

from domain.contracts import (
    AnswersView,
    DocumentAccepted,
    Page,
    ServiceChangeSummary,
    ServiceChangeView,
    TimelineEntry,
)
from domain.contracts_desk import OutlookView
from domain.contracts_evidence import Personal
from domain.service_change import Action, ChangeStatus
from support_ui.calls.transport import Connection, Query, change_path, decode, segment

_CHANGES = TypeAdapter(Page[ServiceChangeSummary])
_CHANGE = TypeAdapter(ServiceChangeView)
_ANSWERS = TypeAdapter(AnswersView)
_TIMELINE = TypeAdapter(Page[TimelineEntry])
_ACCEPTED = TypeAdapter(DocumentAccepted)
_OUTLOOK = TypeAdapter(OutlookView)
_COUNTS = TypeAdapter(dict[ChangeStatus, int])


class ChangeCalls(Connection):
    """What is asked about, and done to, service changes."""

    def changes(
        self,
        *,
        statuses: Iterable[str] = (),
        kind: str | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page[ServiceChangeSummary]:
        """A stretch of the changes this caller may see."""
        query: Query = {
            "status": [str(status) for status in statuses],
            "kind": kind,
            "cursor": cursor,
            "limit": limit,
        }
        return self.get("/v1/service-changes", _CHANGES, query)

    def counts(self) -> dict[ChangeStatus, int]:
        """How many changes are in each status."""
        return self.get("/v1/service-changes/counts", _COUNTS)

    def change(self, change_id: str, personal: Personal = Personal.MASK) -> ServiceChangeView:
        """One change, whole."""
        return self.get(change_path(change_id), _CHANGE, {"personal": str(personal)})

    def answers(self, change_id: str) -> AnswersView:
        """The support questions of one change."""
        return self.get(f"{change_path(change_id)}/answers", _ANSWERS)

    def timeline(self, change_id: str) -> list[TimelineEntry]:
        """Everything that happened to a change, in order."""
        found: list[TimelineEntry] = []
        cursor: str | None = None
        while True:
            page = self.get(f"{change_path(change_id)}/timeline", _TIMELINE, {"cursor": cursor})
            found += page.items
            cursor = page.next_cursor
            if cursor is None:
                return found

    def document(self, change_id: str, version: int) -> bytes:
        """The bytes of one document version."""
        return self.send("GET", f"{change_path(change_id)}/documents/{version}").content

    def upload_document(
        self, change_id: str, *, filename: str, content: bytes, media_type: str
    ) -> DocumentAccepted:
        """Hand in a further version. The API decides whether it counts or waits for review."""
        response = self.send(
            "POST",
            f"{change_path(change_id)}/documents",
            files={"document": (filename, content, media_type)},
        )
        return decode(response, _ACCEPTED)

    def act(
        self, change_id: str, action: Action, *, idempotency_key: str, body: Mapping[str, Any]
    ) -> ServiceChangeView:
        """Take an action, or propose it where a second person has to agree. The change after it."""
        path = f"{change_path(change_id)}/actions/{action}"
        return self.post(path, _CHANGE, body, idempotency_key=idempotency_key)

    def second(
        self, change_id: str, decision_id: str, *, idempotency_key: str, body: Mapping[str, Any]
    ) -> ServiceChangeView:
        """Confirm or decline what a colleague proposed. The change as it is afterwards."""
        path = f"{change_path(change_id)}/second-approvals/{segment(decision_id)}"
        return self.post(path, _CHANGE, body, idempotency_key=idempotency_key)

    def outlook(self, change_id: str, action: Action) -> OutlookView:
        """What an action would mean now, step by step."""
        return self.get(f"{change_path(change_id)}/outlook", _OUTLOOK, {"action": str(action)})
