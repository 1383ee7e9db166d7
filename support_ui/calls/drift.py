"""The drift inbox and the mappings."""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import TypeAdapter

from domain.contracts import Page
from domain.contracts_drift import (
    DriftChangeView,
    DriftItemSummary,
    DriftItemView,
    MappingView,
)
from domain.drift import DriftAction
from support_ui.calls.transport import Connection, Query, segment

_ITEMS = TypeAdapter(Page[DriftItemSummary])
_ITEM = TypeAdapter(DriftItemView)
_CHANGES = TypeAdapter(Page[DriftChangeView])
_MAPPINGS = TypeAdapter(Page[MappingView])
_MAPPING = TypeAdapter(MappingView)
_ROUTE = "/v1/drift"


class DriftCalls(Connection):
    """What vendors' payloads differ in, and what people say of it."""

    def drift(
        self,
        *,
        states: Iterable[str] = (),
        parks: bool | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page[DriftItemSummary]:
        """A stretch of the inbox, the newest first."""
        query: Query = {
            "state": [str(state) for state in states],
            "parks": None if parks is None else str(parks).lower(),
            "cursor": cursor,
            "limit": limit,
        }
        return self.get(_ROUTE, _ITEMS, query)

    def drift_item(self, item_id: str) -> DriftItemView:
        """One drift, whole."""
        return self.get(f"{_ROUTE}/{segment(item_id)}", _ITEM)

    def drift_changes(
        self, item_id: str, *, cursor: str | None = None, limit: int = 50
    ) -> Page[DriftChangeView]:
        """A stretch of the changes that met a drift, the latest first."""
        query: Query = {"cursor": cursor, "limit": limit}
        return self.get(f"{_ROUTE}/{segment(item_id)}/changes", _CHANGES, query)

    def act_on_drift(
        self, item_id: str, action: DriftAction, *, idempotency_key: str, body: Mapping[str, Any]
    ) -> DriftItemView:
        """Propose what it means, accept or dismiss it; the drift as it is afterwards."""
        path = f"{_ROUTE}/{segment(item_id)}/actions/{action}"
        return self.post(path, _ITEM, body, idempotency_key=idempotency_key)

    def second_mapping(
        self, item_id: str, mapping_id: str, *, idempotency_key: str, body: Mapping[str, Any]
    ) -> DriftItemView:
        """Confirm or decline a colleague's mapping; the drift as it is afterwards."""
        path = f"{_ROUTE}/{segment(item_id)}/second-approvals/{segment(mapping_id)}"
        return self.post(path, _ITEM, body, idempotency_key=idempotency_key)

    def mappings(self, *, cursor: str | None = None, limit: int = 50) -> Page[MappingView]:
        """A stretch of every mapping ever proposed, the newest first."""
        return self.get("/v1/mappings", _MAPPINGS, {"cursor": cursor, "limit": limit})

    def retire_mapping(
        self, mapping_id: str, *, idempotency_key: str, body: Mapping[str, Any]
    ) -> MappingView:
        """Read through a mapping no longer."""
        path = f"/v1/mappings/{segment(mapping_id)}/actions/retire"
        return self.post(path, _MAPPING, body, idempotency_key=idempotency_key)
