"""Every try of every step: the list, and one of them with its requests and answers."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.contracts_evidence import AttemptDetailView, AttemptView, ExchangeView
from domain.contracts_messages import OutgoingAttemptView
from support_ui.view_models import text, words
from support_ui.view_models.lists import Row

OK = "ok"


@dataclass(frozen=True, slots=True)
class Said:
    """One exchange in its two halves; the headers are rows of a table, the bodies JSON."""

    heading: str
    request: Any
    request_headers: list[dict[str, str]]
    answer: str
    response: Any
    response_headers: list[dict[str, str]]


def rows(attempts: Iterable[AttemptView], now: datetime) -> list[Row]:
    """The attempts in order; the outcome in words and by sign."""
    return [
        {
            "Began": text.moment(each.started_at, now),
            "Step": text.humanise(each.step),
            "System": words.SYSTEM[each.system],
            "Attempt": str(each.attempt),
            "Outcome": outcome(each),
            "HTTP": str(each.http_status or ""),
            "Took": text.duration(each.finished_at - each.started_at),
            "Tried again": _again(each),
            "Said": each.words,
        }
        for each in attempts
    ]


def outcome(attempt: AttemptView | OutgoingAttemptView) -> str:
    """`✓ Went through`, or `✗` and what happened instead."""
    return "✓ Went through" if attempt.outcome == OK else f"✗ {text.humanise(attempt.outcome)}"


def _again(attempt: AttemptView) -> str:
    if attempt.next_attempt_at is None:
        return ""
    return f"after {text.duration(attempt.next_attempt_at - attempt.finished_at)}"


def headline(attempt: AttemptDetailView) -> str:
    """Which attempt it is and what came of it, as Markdown."""
    step = text.plain(text.humanise(attempt.step))
    told = f" “{text.plain(attempt.words)}”" if attempt.words else ""
    return (
        f"**{step}, attempt {attempt.attempt}, {words.SYSTEM[attempt.system]}**: "
        f"{text.plain(outcome(attempt))}.{told}"
    )


def said(attempt: AttemptDetailView) -> list[Said]:
    """Everything said both ways, in order."""
    return [_said(each) for each in attempt.exchanges]


def _said(exchange: ExchangeView) -> Said:
    took = f", {exchange.duration_ms} ms" if exchange.duration_ms is not None else ""
    status = f"HTTP {exchange.http_status}" if exchange.http_status else "No answer came"
    return Said(
        heading=f"{exchange.method} {exchange.path}",
        request=exchange.request,
        request_headers=_headers(exchange.request_headers),
        answer=status + took,
        response=exchange.response,
        response_headers=_headers(exchange.response_headers),
    )


def _headers(headers: dict[str, str]) -> list[dict[str, str]]:
    return [
        {"Header": text.plain(name), "Value": text.plain(value)} for name, value in headers.items()
    ]
