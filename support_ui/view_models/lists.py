"""Rows of the change list and the audit list."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.contracts import (
    AuditEntryView,
    SearchHit,
    ServiceChangeSummary,
    WaitingOn,
)
from domain.service_change import ChangeKind, ChangeStatus
from support_ui.view_models import text, words

Row = dict[str, object]

_CURRENCY = "usd"
"""Of every amount a list carries; see `domain.contracts`."""


@dataclass(frozen=True, slots=True)
class ChangeFilter:
    """What the list is narrowed to. Empty means everything."""

    statuses: tuple[ChangeStatus, ...] = ()
    kind: ChangeKind | None = None

    def passes(self, change: ServiceChangeSummary) -> bool:
        """Whether a change belongs to the narrowed list."""
        return (not self.statuses or change.status in self.statuses) and (
            self.kind is None or change.kind is self.kind
        )


def waiting_words(waiting_on: Sequence[WaitingOn]) -> str:
    """Who has to bring what, as one line; empty when nobody is waited for."""
    return "; ".join(f"{text.humanise(item.party)}: {item.what}" for item in waiting_on)


def price(change: ServiceChangeSummary) -> str:
    """The monthly price before and after, or a dash while it is not known."""
    before, after = change.recurring_before_minor, change.recurring_after_minor
    if before is None or after is None:
        return text.DASH
    return text.price_step(before, after, _CURRENCY)


def change_row(change: ServiceChangeSummary, now: datetime) -> Row:
    """One change of a list, with its status as a list of one so that it shows as a badge."""
    return {
        "Open": change.id,
        "Account": change.account_id,
        "Status": [words.STATUS[change.status].label],
        "Change": change.summary or words.KIND[change.kind],
        "Waits for / next": waiting_words(change.waiting_on) or change.next_action or "",
        "Submitted": text.age(change.submitted_at, now),
        "Updated": text.age(change.updated_at, now),
    }


def hit_row(hit: SearchHit, now: datetime) -> Row:
    """One search result: the change and the identifier it was found by."""
    found = {"Found by": f"{text.humanise(hit.matched_kind)}: {hit.matched_value}"}
    row = change_row(hit.change, now)
    return {"Open": row.pop("Open"), **found, **row}


def audit_row(entry: AuditEntryView, now: datetime) -> Row:
    """One line of the audit list."""
    steps = [words.STATUS[s].label for s in (entry.from_status, entry.to_status) if s]
    return {
        "When": text.moment(entry.at, now),
        "Who": entry.actor,
        "As": text.humanise(entry.actor_kind),
        "Did": text.humanise(entry.action),
        "Outcome": text.humanise(entry.outcome),
        "Open": entry.change_id or "",
        "Status": " → ".join(steps),
        "Reason": entry.reason,
        "Account": entry.account_id or "",
        "Correlation id": entry.correlation_id,
    }
