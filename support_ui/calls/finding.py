"""Finding: lists by their filters, how many fit, the same as files, views, and rights."""

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter

from domain.contracts import AuditEntryView, MatchCount, Page, SearchHit, ServiceChangeSummary
from domain.contracts_views import RightView, SavedViewView
from domain.filters import ListPage
from support_ui.calls.transport import LIST_LIMIT, Connection, Query, decode, segment

_CHANGES = TypeAdapter(Page[ServiceChangeSummary])
_HITS = TypeAdapter(Page[SearchHit])
_AUDIT = TypeAdapter(Page[AuditEntryView])
_COUNT = TypeAdapter(MatchCount)
_VIEW = TypeAdapter(SavedViewView)
_VIEWS = TypeAdapter(Page[SavedViewView])
_RIGHTS = TypeAdapter(list[RightView])

Filters = Mapping[str, list[str]]
"""Query parameters of a list by name, as `domain.filters` has them."""

_LISTS: Mapping[ListPage, str] = {
    ListPage.CHANGES: "/v1/service-changes",
    ListPage.AUDIT: "/v1/audit",
}


class FindingCalls(Connection):
    """What is asked of lists and views."""

    def narrowed(
        self, filters: Filters, *, cursor: str | None = None, limit: int = 50
    ) -> Page[ServiceChangeSummary]:
        """A stretch of the changes that fit, the newest first."""
        query: Query = {**filters, "cursor": cursor, "limit": limit}
        return self.get(_LISTS[ListPage.CHANGES], _CHANGES, query)

    def found(
        self, filters: Filters, *, cursor: str | None = None, limit: int = 50
    ) -> Page[SearchHit]:
        """A stretch of what is found by `q` and fits, identifiers before words."""
        query: Query = {**filters, "cursor": cursor, "limit": limit}
        return self.get("/v1/search", _HITS, query)

    def audit(
        self, filters: Filters, *, cursor: str | None = None, limit: int = 50
    ) -> Page[AuditEntryView]:
        """A stretch of the audit entries that fit, the newest first."""
        query: Query = {**filters, "cursor": cursor, "limit": limit}
        return self.get(_LISTS[ListPage.AUDIT], _AUDIT, query)

    def total(self, page: ListPage, filters: Filters) -> MatchCount:
        """How many fit, counted up to a thousand."""
        return self.get(f"{_LISTS[page]}/total", _COUNT, dict(filters))

    def export(self, page: ListPage, filters: Filters) -> bytes:
        """All that fit as a CSV file, up to the API's cap. The API puts it on record."""
        return self.send("GET", f"{_LISTS[page]}/export", params=dict(filters)).content

    def views(self, page: ListPage) -> list[SavedViewView]:
        """One's own and the shared views of a page."""
        query: Query = {"page": str(page), "limit": LIST_LIMIT}
        return self.get("/v1/views", _VIEWS, query).items

    def keep_view(self, body: Mapping[str, Any]) -> SavedViewView:
        """Keep filters under a name; the same again is harmless."""
        return decode(self.send("POST", "/v1/views", json=dict(body)), _VIEW)

    def change_view(self, view_id: str, body: Mapping[str, Any]) -> SavedViewView:
        """Replace what is named; the same again is harmless."""
        return decode(self.send("PATCH", f"/v1/views/{segment(view_id)}", json=dict(body)), _VIEW)

    def delete_view(self, view_id: str) -> None:
        """Delete a view with its alert."""
        self.send("DELETE", f"/v1/views/{segment(view_id)}")

    def permissions(self) -> list[RightView]:
        """Every action and right, and for whom."""
        return self.get("/v1/permissions", _RIGHTS)
