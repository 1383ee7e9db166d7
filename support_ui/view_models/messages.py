"""What vendors told and what was said to them: rows, one event whole, and the inbox at a glance."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from domain.contracts_inbox import (
    ArrivalView,
    FeedView,
    InboxEventSummary,
    InboxEventView,
    InboxSystemView,
)
from domain.contracts_messages import OutgoingAttemptView
from domain.errors import FailureCode
from domain.identifiers import System
from domain.vendor_events import InboxState
from support_ui.view_models import attempts, lists, text, words

_SECONDS: Final = re.compile(r"[0-9]{1,10}")
STUCK: Final = (InboxState.QUARANTINED, InboxState.FAILED)
OUTCOMES: Final[Mapping[str, str]] = {
    "Went through": attempts.OK,
    **{text.humanise(code): str(code) for code in FailureCode},
}
"""How an attempt may have ended, by the word the page and its address say."""


def event_name(event: InboxEventSummary) -> str:
    """How an address names an event; `event_of` is the inverse."""
    return f"{event.system}:{event.event_id}"


def event_of(name: str) -> tuple[System, str] | None:
    """The event an address names, if it can be one."""
    system, _, event_id = name.partition(":")
    return (System(system), event_id) if system in set(System) and event_id else None


def event_row(event: InboxEventSummary, now: datetime) -> lists.Row:
    """One event of the list."""
    look = words.INBOX[event.state]
    return {
        "Received": text.age(event.received_at, now),
        "From": words.SYSTEM[event.system],
        "State": f"{_SIGNS[event.state]} {look.label}",
        "Type": event.type,
        "What came of it": event.outcome or event.last_error or "",
        "Again": f"{event.duplicates:,} times" if event.duplicates else "",
        "Account": event.account_id or "",
        "Reference": event.reference or "",
        "By": words.SOURCE[event.source],
    }


_SIGNS: Final[Mapping[InboxState, str]] = {
    InboxState.QUEUED: "…",
    InboxState.PROCESSED: "✓",
    InboxState.STALE: "=",
    InboxState.QUARANTINED: "?",
    InboxState.FAILED: "✗",
}
"""Cells of a list hold no badge; the sign stands for its icon."""


def headline(event: InboxEventView) -> str:
    """What the event is and how far it has come; Markdown."""
    return (
        f"**{text.plain(event.type)}** from {words.SYSTEM[event.system]} "
        f"{words.INBOX[event.state].badge}"
    )


def story(event: InboxEventView, now: datetime) -> list[str]:
    """What it means, what came of it and what to do, in sentences; for `ui.rich`."""
    came = f"Received {_when(event.received_at, now)} by {words.SOURCE[event.source].lower()}"
    if event.occurred_at:
        came += f"; it happened {_when(event.occurred_at, now)}"
    told = [
        text.plain(event.means or "Nobody here knows what events of this type mean."),
        f"{came}.",
    ]
    if event.outcome:
        told.append(f"What came of it: {text.plain(event.outcome)}")
    if event.next_attempt_at:
        told.append(f"It is tried {_when(event.next_attempt_at, now)}.")
    if event.last_error:
        tries = f"{event.attempts:,} attempt" + ("" if event.attempts == 1 else "s")
        told.append(f"Last error after {tries}: {text.plain(event.last_error)}")
    return told


def _when(at: datetime, now: datetime) -> str:
    return text.hover(text.age(at, now), at)


def identifier_rows(event: InboxEventView) -> list[dict[str, str]]:
    """What the event is known by; cells are Markdown."""
    known = {
        "Event id": event.event_id,
        "Account": event.account_id,
        "Reference": event.reference,
        "Version of the object": event.object_version,
        "Size": text.size(event.body_bytes),
        "SHA-256 of the body": text.short_hash(event.body_sha256),
    }
    return _pairs("What", {name: value for name, value in known.items() if value is not None})


def header_rows(headers: Mapping[str, Any]) -> list[dict[str, str]]:
    """The headers it came with; cells are Markdown."""
    return _pairs("Header", headers)


def _pairs(label: str, values: Mapping[str, Any]) -> list[dict[str, str]]:
    return [
        {label: text.plain(name), "Value": text.plain(str(value))} for name, value in values.items()
    ]


def arrival_rows(event: InboxEventView, now: datetime) -> list[dict[str, str]]:
    """The first arrival, which counts, and every further one; cells are Markdown."""
    first = ArrivalView(received_at=event.received_at, headers=event.headers)
    return [
        {
            "Arrived": text.plain(text.moment(each.received_at, now)),
            "Sent": text.plain(_sent(each, now)),
            "Effect": "None: the original counts." if number else "The original: it counts.",
        }
        for number, each in enumerate([first, *event.arrivals])
    ]


def _sent(arrival: ArrivalView, now: datetime) -> str:
    """When the vendor says it sent it: seconds since 1970, as Standard Webhooks has it."""
    told = str(arrival.headers.get("webhook-timestamp", ""))
    if not _SECONDS.fullmatch(told):
        return text.DASH
    return text.moment(datetime.fromtimestamp(int(told), UTC), now)


def again(event: InboxEventView) -> str:
    """How often the same event came once more."""
    times = "once more" if event.duplicates == 1 else f"{event.duplicates:,} times more"
    return f"It came {times}. That is harmless: it is counted here and changes nothing."


@dataclass(frozen=True, slots=True)
class InboxCard:
    """The inbox of one system at a glance; `lines` are for `ui.rich`."""

    system: System
    look: words.Look
    lines: tuple[str, ...]


def inbox_card(inbox: InboxSystemView, now: datetime) -> InboxCard:
    """What one system told, worst news first."""
    lines = [
        f"{inbox.by_state[state]:,} {words.INBOX[state].label.lower()}: look at them below."
        for state in STUCK
        if inbox.by_state.get(state)
    ]
    if inbox.forgotten:
        lines.append(f"{inbox.forgotten:,} forgotten in the queue; the sweeper queues them again.")
    forged = sum(each.count for each in inbox.forged)
    if forged:
        lines.append(
            f"**{forged:,} forged** in 24 h, turned away: check the signing secret, or who sends "
            "them."
        )
    if inbox.feed.failed_at:
        lines.append(_feed_failure(inbox.feed, now))
    queued = inbox.by_state.get(InboxState.QUEUED, 0)
    waiting = f", {queued:,} of them queued" if queued else ""
    lines.append(f"{inbox.received:,} events{waiting}; {inbox.duplicates:,} duplicates, harmless.")
    lines.append(
        f"Last event {_ago(inbox.last_event_at, now)}; asked for missed ones "
        f"{_ago(inbox.feed.polled_at, now)}, {inbox.feed.repaired:,} came that way."
    )
    return InboxCard(inbox.system, _look(inbox, forged), tuple(lines))


_LOOKS: Final = {
    "stuck": words.Look("Waits for a person", "orange", "help"),
    "forged": words.Look("Forged events", "red", "gpp_bad"),
    "unasked": words.Look("Cannot be asked", "orange", "warning"),
    "well": words.Look("Well", "green", "check_circle"),
}


def _look(inbox: InboxSystemView, forged: int) -> words.Look:
    found = (
        ("stuck", any(inbox.by_state.get(state) for state in STUCK)),
        ("forged", forged),
        ("unasked", inbox.feed.failed_at),
    )
    return _LOOKS[next((name for name, applies in found if applies), "well")]


def _feed_failure(feed: FeedView, now: datetime) -> str:
    why = f": {text.plain(feed.last_error)}" if feed.last_error else ""
    again_at = f" Asked again {_ago(feed.retry_at, now)}." if feed.retry_at else ""
    return f"It could not be asked for missed events {_ago(feed.failed_at, now)}{why}.{again_at}"


def _ago(at: datetime | None, now: datetime) -> str:
    return text.hover(text.age(at, now), at) if at else "never"


def sent_rows(sent: Iterable[OutgoingAttemptView], now: datetime) -> list[lists.Row]:
    """Attempts of every change; the change id of each row opens the attempt."""
    return [
        {
            "Open": each.change_id,
            "Ended": text.moment(each.finished_at, now),
            "System": words.SYSTEM[each.system],
            "Step": text.humanise(each.step),
            "Attempt": each.attempt,
            "Outcome": attempts.outcome(each),
            "HTTP": str(each.http_status or ""),
            "Took": text.duration(each.finished_at - each.started_at),
            "Said": each.words or each.reason,
        }
        for each in sent
    ]
