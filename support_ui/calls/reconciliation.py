"""Comparisons of all systems, and the differences they found."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter

from domain.contracts import Page
from domain.contracts_reconciliation import (
    DifferenceView,
    ReconciliationRunView,
    ReconciliationSummaryView,
)
from domain.reconciliation_decisions import DifferenceAction, DifferenceState
from support_ui.calls.transport import Connection, Query, segment

_SUMMARY = TypeAdapter(ReconciliationSummaryView)
_RUN = TypeAdapter(ReconciliationRunView)
_DIFFERENCE = TypeAdapter(DifferenceView)
_DIFFERENCES = TypeAdapter(Page[DifferenceView])


class ReconciliationCalls(Connection):
    """What is compared, what differs, and what was decided about it."""

    def reconciliation(self) -> ReconciliationSummaryView:
        """What the last comparison is worth, and what stands by field."""
        return self.get("/v1/reconciliation/summary", _SUMMARY)

    def reconcile(self, *, idempotency_key: str, account_id: str = "") -> ReconciliationRunView:
        """Have everything compared now, or one account."""
        body = {"account_id": account_id} if account_id else {}
        path = "/v1/reconciliation/runs"
        return self.post(path, _RUN, body, idempotency_key=idempotency_key)

    def differences(
        self,
        *,
        states: Sequence[DifferenceState] = (),
        field: str | None = None,
        system: str | None = None,
        account_id: str | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page[DifferenceView]:
        """A stretch of the differences, the oldest first."""
        query: Query = {
            "state": [str(state) for state in states],
            "field": field,
            "system": system,
            "account_id": account_id,
            "cursor": cursor,
            "limit": limit,
        }
        return self.get("/v1/reconciliation/differences", _DIFFERENCES, query)

    def difference(self, difference_id: str) -> DifferenceView:
        """One difference with its repairs."""
        return self.get(f"/v1/reconciliation/differences/{segment(difference_id)}", _DIFFERENCE)

    def decide_difference(
        self,
        difference_id: str,
        action: DifferenceAction,
        *,
        idempotency_key: str,
        body: Mapping[str, Any],
    ) -> DifferenceView:
        """Review, repair, dismiss, confirm or decline; the difference afterwards."""
        path = f"/v1/reconciliation/differences/{segment(difference_id)}/actions/{action}"
        return self.post(path, _DIFFERENCE, body, idempotency_key=idempotency_key)
