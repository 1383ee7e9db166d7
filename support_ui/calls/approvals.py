"""The approval queue, and the queue of what waits for a second person."""

from pydantic import TypeAdapter

from domain.contracts import Page
from domain.contracts_approvals import ApprovalView
from domain.contracts_desk import SecondApprovalView
from support_ui.calls.transport import Connection, Query, segment

_APPROVALS = TypeAdapter(Page[ApprovalView])
_APPROVAL = TypeAdapter(ApprovalView)
_SECOND_APPROVALS = TypeAdapter(Page[SecondApprovalView])


class ApprovalCalls(Connection):
    """What decisions wait for people."""

    def approvals(
        self,
        *,
        put_off: bool = False,
        assignee: str | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page[ApprovalView]:
        """A stretch of the queue, or of what is put off; the soonest due first."""
        query: Query = {
            "put_off": "true" if put_off else None,
            "assignee": assignee,
            "cursor": cursor,
            "limit": limit,
        }
        return self.get("/v1/approvals", _APPROVALS, query)

    def approval(self, change_id: str) -> ApprovalView:
        """One change of the queue."""
        return self.get(f"/v1/approvals/{segment(change_id)}", _APPROVAL)

    def proposals(self, *, cursor: str | None = None, limit: int = 50) -> Page[SecondApprovalView]:
        """A stretch of what waits for a second person, the oldest first."""
        query: Query = {"cursor": cursor, "limit": limit}
        return self.get("/v1/second-approvals", _SECOND_APPROVALS, query)
