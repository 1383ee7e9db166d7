"""The page somebody keeps open: where changes stand, and what waits for people."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from domain.contracts import ServiceChangeSummary
from domain.service_change import ChangeStatus
from support_ui.view_models import lists, text

WAITING_FOR_PEOPLE: Final = (
    ChangeStatus.NEEDS_ATTENTION,
    ChangeStatus.AWAITING_APPROVAL,
    ChangeStatus.INCOMPLETE,
)

GROUPS: Final[Mapping[str, tuple[ChangeStatus, ...]]] = {
    "Waiting for people": WAITING_FOR_PEOPLE,
    "Moving by themselves": (
        ChangeStatus.PENDING,
        ChangeStatus.CHECKING,
        ChangeStatus.APPLYING,
        ChangeStatus.COMPENSATING,
    ),
    "Ended": (
        ChangeStatus.ACTIVE,
        ChangeStatus.REJECTED,
        ChangeStatus.CANCELLED,
        ChangeStatus.EXPIRED,
    ),
}


@dataclass(frozen=True, slots=True)
class StatusCount:
    """How many changes are in one status."""

    status: ChangeStatus
    count: int


@dataclass(frozen=True, slots=True)
class StatusGroup:
    """Statuses that mean the same to somebody who plans a day."""

    title: str
    total: int
    counts: tuple[StatusCount, ...]


def status_groups(counts: Mapping[ChangeStatus, int]) -> list[StatusGroup]:
    """Every status once, grouped; a status nobody counted is zero."""
    return [
        StatusGroup(
            title,
            sum(counts.get(status, 0) for status in statuses),
            tuple(StatusCount(status, counts.get(status, 0)) for status in statuses),
        )
        for title, statuses in GROUPS.items()
    ]


def waiting_row(change: ServiceChangeSummary, now: datetime) -> lists.Row:
    """One of the oldest changes that wait for somebody."""
    row = lists.change_row(change, now)
    row["Waiting for"] = text.duration(now - change.updated_at)
    return {
        name: row[name]
        for name in ("Open", "Account", "Status", "Change", "Waits for / next", "Waiting for")
    }
