"""Who is asking, search, the audit trail and field ownership."""

from collections.abc import Mapping

from pydantic import TypeAdapter

from domain.contracts import AuditEntryView, FieldOwnershipView, Me, Page, SearchHit
from support_ui.calls.transport import Connection, Query

_ME = TypeAdapter(Me)
_HITS = TypeAdapter(Page[SearchHit])
_AUDIT = TypeAdapter(Page[AuditEntryView])
_OWNERSHIP = TypeAdapter(list[FieldOwnershipView])


class RecordCalls(Connection):
    """What is read across changes."""

    def me(self) -> Me:
        """Who the API takes this caller for."""
        return self.get("/v1/me", _ME)

    def search(self, q: str) -> list[SearchHit]:
        """The changes an identifier belongs to."""
        return self.get("/v1/search", _HITS, {"q": q}).items

    def audit(
        self, *, filters: Mapping[str, str], cursor: str | None = None, limit: int = 50
    ) -> Page[AuditEntryView]:
        """A stretch of the audit list; `filters` are by `change_id`, `actor`, and so on."""
        query: Query = {**filters, "cursor": cursor, "limit": limit}
        return self.get("/v1/audit", _AUDIT, query)

    def field_ownership(self) -> list[FieldOwnershipView]:
        """Each field, its owner, and who may change it."""
        return self.get("/v1/field-ownership", _OWNERSHIP)
