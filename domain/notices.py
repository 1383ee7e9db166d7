"""What operations are told about a change. Built here so that every channel says the same."""

from datetime import datetime

from domain.messages import NoticeKind
from domain.plan import summary_of
from domain.records import ChangeRecord, OperationsNotice


def notice_for(
    change: ChangeRecord, kind: NoticeKind, sequence: int, due_at: datetime | None
) -> OperationsNotice:
    """The n-th notice of a kind; equal arguments give the same id, so a repeat is recognised."""
    return OperationsNotice(
        id=f"{change.id}:{kind}:{sequence}",
        change_id=change.id,
        account_id=change.account_id,
        kind=kind,
        summary=summary_of(change.wish),
        due_at=due_at,
        correlation_id=change.correlation_id,
    )
