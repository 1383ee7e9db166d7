"""How the systems of record have been answering."""

from dataclasses import dataclass
from datetime import datetime

from domain.contracts_operations import IntegrationHealthView
from support_ui.view_models import text, words


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
