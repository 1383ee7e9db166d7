"""Which version each system holds, and which is on its way there, as a strip of cards."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from domain.contracts_evidence import Held, HoldingView, PendingReason, PendingVersionView
from support_ui.view_models import text, words
from support_ui.view_models.words import Look

HELD: Final[Mapping[Held, Look]] = {
    Held.HOLDS: Look("Applied", "green", "check_circle"),
    Held.MAY_HOLD: Look("May be applied", "orange", "question_mark"),
    Held.NOTHING: Look("Holds nothing", "gray", "remove"),
}
PENDING: Final[Mapping[PendingReason, Look]] = {
    PendingReason.PENDING_REVIEW: Look("Pending review", "orange", "rate_review"),
    PendingReason.AWAITING_APPROVAL: Look("Awaiting approval", "violet", "how_to_reg"),
    PendingReason.TO_BE_APPLIED: Look("To be applied", "blue", "schedule"),
    PendingReason.IN_PROGRESS: Look("In progress", "blue", "pending"),
}


@dataclass(frozen=True, slots=True)
class HoldingCard:
    """One system; `lines` are Markdown."""

    system: str
    lines: tuple[str, ...]


def cards(holdings: Iterable[HoldingView], now: datetime) -> list[HoldingCard]:
    """A card per system, in the order of application."""
    return [
        HoldingCard(words.SYSTEM[each.system], (_held(each, now), *map(_pending, each.pending)))
        for each in holdings
    ]


def _held(holding: HoldingView, now: datetime) -> str:
    badge = HELD[holding.held].badge
    if holding.held is Held.NOTHING:
        return badge
    reference = f", `{holding.vendor_reference}`" if holding.vendor_reference else ""
    since = f", {text.age(holding.since, now)}" if holding.since else ""
    versions = _versions(holding.document_version, holding.payload_version)
    return f"{badge} {versions}{reference}{since}"


def _pending(pending: PendingVersionView) -> str:
    badge = PENDING[pending.why].badge
    return f"{badge} {_versions(pending.document_version, pending.payload_version)}"


def _versions(document: int | None, payload: int | None) -> str:
    told = "no document" if not document else f"document v{document}"
    return told + (f", payload v{payload}" if payload is not None else "")
