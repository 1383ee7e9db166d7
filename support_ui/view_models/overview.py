"""The overview: where changes stand, what waits for people, and how the vendors answer."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from domain.contracts import FieldOwnershipView, ServiceChangeSummary
from domain.contracts_operations import IntegrationHealthView
from domain.service_change import ChangeStatus
from support_ui.view_models import lists, text, words

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


@dataclass(frozen=True, slots=True)
class VendorCard:
    """One vendor's health; `lines` are Markdown."""

    title: str
    look: words.Look
    lines: tuple[str, ...]


def vendor_card(health: IntegrationHealthView, now: datetime) -> VendorCard:
    """How one vendor has been answering, worst news first."""
    lines = [
        f"Last success {text.age(health.last_success_at, now)}"
        if health.last_success_at
        else "No success yet",
        f"{health.calls_last_hour:,} calls in the last hour"
        if health.error_rate is None
        else f"{health.calls_last_hour:,} calls in the last hour, "
        f"{text.percent(health.error_rate)} failed",
    ]
    if health.rate_limited_until and health.rate_limited_until > now:
        lines.insert(0, f"Asks us to wait, next call {text.age(health.rate_limited_until, now)}")
    if health.backlog:
        lines.append(f"{health.backlog:,} changes wait for it")
    if health.unknown_payloads:
        lines.append(f"{health.unknown_payloads:,} answers not understood")
    if health.last_failure:
        lines.append(
            f"Last failure {text.age(health.last_failure_at, now)}: "
            f"{text.plain(health.last_failure)}"
        )
    return VendorCard(words.SYSTEM[health.system], _vendor_look(health, now), tuple(lines))


def _vendor_look(health: IntegrationHealthView, now: datetime) -> words.Look:
    if health.reachable is None:
        return words.Look("Not asked yet", "gray", "question_mark")
    if not health.reachable:
        return words.Look("Unreachable", "red", "cloud_off")
    if health.rate_limited_until and health.rate_limited_until > now:
        return words.Look("Rate limited", "orange", "speed")
    return words.Look("Reachable", "green", "check_circle")


def ownership_rows(fields: Iterable[FieldOwnershipView]) -> list[dict[str, str]]:
    """Each field, its owner, and what everybody else may do with it; the cells are Markdown."""
    return [
        {
            "Record": text.plain(text.humanise(field.record)),
            "Field": f"`{field.field}`",
            "Owner": words.SYSTEM[field.owner],
            "Others may": _others(field),
        }
        for field in fields
    ]


def _others(field: FieldOwnershipView) -> str:
    rights = [
        f"{text.humanise(who)}: {how}"
        for who, how in field.may_change.items()
        if who != field.owner
    ]
    return text.plain("; ".join(rights)) or text.DASH
