"""Rows of the change list and the audit list."""

from collections.abc import Sequence
from datetime import datetime

from domain.contracts import (
    AuditEntryView,
    SearchHit,
    ServiceChangeSummary,
    WaitingOn,
)
from support_ui.view_models import text, words

Row = dict[str, object]

_CURRENCY = "usd"
"""Of every amount a list carries; see `domain.contracts`."""


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
    """One line of the audit list: who did what with which outcome, and what it changed."""
    steps = [words.STATUS[s].label for s in (entry.from_status, entry.to_status) if s]
    return {
        "When": text.moment(entry.at, now),
        "Who": entry.actor,
        "As": text.humanise(entry.actor_kind),
        "Did": text.humanise(entry.action),
        "Outcome": text.humanise(entry.outcome),
        "Open": entry.change_id or "",
        "Before → after": "; ".join(filter(None, [" → ".join(steps), *_moves(entry)])),
        "Reason": entry.reason,
        "More": _more(entry),
        "Account": entry.account_id or "",
        "Correlation id": entry.correlation_id,
    }


def _moves(entry: AuditEntryView) -> list[str]:
    """What the entry says of before and after, besides the status."""
    return [
        f"{text.humanise(name)}: {_told(value['before'])} → {_told(value['after'])}"
        for name, value in entry.facts.items()
        if _is_move(value)
    ]


def _more(entry: AuditEntryView) -> str:
    """Whatever else is on record: what was read or exported, by which evidence."""
    return "; ".join(
        f"{text.humanise(name)}: {_told(value)}"
        for name, value in entry.facts.items()
        if not _is_move(value) and value not in (None, "", [], {})
    )


def _is_move(value: object) -> bool:
    return isinstance(value, dict) and value.keys() == {"before", "after"}


def _told(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_told(member)}" for name, member in value.items()) or text.DASH
    if isinstance(value, list):
        return ", ".join(_told(item) for item in value) or text.DASH
    return text.DASH if value in (None, "") else str(value)
