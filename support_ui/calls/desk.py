"""What stands still, and what waits for a second person."""

from collections.abc import Mapping, Sequence

from pydantic import TypeAdapter

from domain.contracts import Page
from domain.contracts_desk import DeadLetterGroupView, DeadLetterView, SecondApprovalView
from domain.contracts_trend import TrendView
from domain.trend import TrendUnit
from support_ui.calls.transport import LIST_LIMIT, Connection, Query, segment

_CAUSES = TypeAdapter(Page[DeadLetterGroupView])
_DEAD_LETTERS = TypeAdapter(Page[DeadLetterView])
_TREND = TypeAdapter(TrendView)
_SECOND_APPROVALS = TypeAdapter(Page[SecondApprovalView])


class DeskCalls(Connection):
    """What the dead-letter desk is read by."""

    def causes(
        self, *, work: Mapping[str, str], cursor: str | None = None, limit: int = 50
    ) -> Page[DeadLetterGroupView]:
        """What stands still, by cause, in the order it is due; `work` says whose."""
        query: Query = {**work, "cursor": cursor, "limit": limit}
        return self.get("/v1/dead-letters", _CAUSES, query)

    def cause(self, fingerprint: str) -> DeadLetterGroupView | None:
        """What stands still for one cause, if anything does."""
        found = self.get("/v1/dead-letters", _CAUSES, {"fingerprint": fingerprint}).items
        return found[0] if found else None

    def trend(self, unit: TrendUnit, zone: str, causes: Sequence[str]) -> TrendView:
        """How the desk fills and empties, as a whole and for each of the causes."""
        query: Query = {"unit": str(unit), "zone": zone, "fingerprint": list(causes)}
        return self.get("/v1/dead-letters/trend", _TREND, query)

    def dead_letters(self, fingerprint: str) -> Page[DeadLetterView]:
        """The oldest dead letters of one cause that are open."""
        path = f"/v1/dead-letters/{segment(fingerprint)}"
        return self.get(path, _DEAD_LETTERS, {"limit": LIST_LIMIT})

    def first_of_cause(self, fingerprint: str) -> DeadLetterView | None:
        """The first change that ever stood still for a cause, if one did."""
        path = f"/v1/dead-letters/{segment(fingerprint)}"
        found = self.get(path, _DEAD_LETTERS, {"closed": "true", "limit": 1}).items
        return found[0] if found else None

    def second_approvals(self, change_id: str | None = None) -> Page[SecondApprovalView]:
        """The oldest decisions that wait for a second person, of all changes or of one."""
        query: Query = {"change_id": change_id, "limit": LIST_LIMIT}
        return self.get("/v1/second-approvals", _SECOND_APPROVALS, query)
