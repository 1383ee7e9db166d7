"""What stands still, and what waits for a second person."""

from pydantic import TypeAdapter

from domain.contracts import Page
from domain.contracts_desk import DeadLetterGroupView, DeadLetterView, SecondApprovalView
from support_ui.calls.transport import LIST_LIMIT, Connection, Query, segment

_CAUSES = TypeAdapter(Page[DeadLetterGroupView])
_DEAD_LETTERS = TypeAdapter(Page[DeadLetterView])
_SECOND_APPROVALS = TypeAdapter(Page[SecondApprovalView])


class DeskCalls(Connection):
    """What the dead-letter desk is read by."""

    def causes(self, *, cursor: str | None = None, limit: int = 50) -> Page[DeadLetterGroupView]:
        """What stands still, grouped by cause; the oldest cause first."""
        return self.get("/v1/dead-letters", _CAUSES, {"cursor": cursor, "limit": limit})

    def dead_letters(self, fingerprint: str) -> Page[DeadLetterView]:
        """The oldest dead letters of one cause that are open."""
        path = f"/v1/dead-letters/{segment(fingerprint)}"
        return self.get(path, _DEAD_LETTERS, {"limit": LIST_LIMIT})

    def second_approvals(self, change_id: str | None = None) -> Page[SecondApprovalView]:
        """The oldest decisions that wait for a second person, of all changes or of one."""
        query: Query = {"change_id": change_id, "limit": LIST_LIMIT}
        return self.get("/v1/second-approvals", _SECOND_APPROVALS, query)
