"""The sections of one change's page: heading, checks, plan, effects, documents, identifiers."""

from datetime import datetime
from typing import Any
from urllib.parse import quote

from domain.contracts import (
    DocumentVersionView,
    EffectView,
    PlanView,
    ServiceChangeView,
)
from domain.service_change import FINAL, ChangeStatus
from support_ui.view_models import text, words

Cells = dict[str, str]
"""One row of a static table; the values are Markdown."""

_CODED = frozenset({"service"})
"""Details whose value is a product's code and not a word of the price list."""

MOVING = frozenset(
    {
        ChangeStatus.PENDING,
        ChangeStatus.CHECKING,
        ChangeStatus.APPLYING,
        ChangeStatus.COMPENSATING,
    }
)
"""Statuses that end by themselves within seconds, so that a page may watch them."""


def heading(change: ServiceChangeView) -> str:
    """The title of the page."""
    return f"{words.KIND[change.kind]}, account {change.account_id}"


def standing(change: ServiceChangeView, now: datetime) -> str:
    """One line under the title: status, submitter, ages; Markdown."""
    parts = [
        words.STATUS[change.status].badge,
        f"submitted {text.age(change.submitted_at, now)} by {text.plain(change.submitted_by)}",
        f"wanted for {change.requested_date.isoformat()}",
        f"updated {text.age(change.updated_at, now)}",
    ]
    if change.due_at and change.status not in FINAL:
        parts.append(f"due {text.age(change.due_at, now)}")
    return "  ·  ".join(parts)


def next_steps(change: ServiceChangeView) -> list[str]:
    """Who is waited for and what happens next, one Markdown line each.

    What the failure says to do is said there.
    """
    told = {change.failure.next_action} if change.failure else set()
    lines = [
        f"**Waits for {text.plain(item.party)}:** {text.plain(item.what)}"
        for item in change.waiting_on
        if item.what not in told
    ]
    if change.next_action and change.next_action not in told | {i.what for i in change.waiting_on}:
        lines.append(f"**Next:** {text.plain(change.next_action)}")
    return lines


def request_rows(change: ServiceChangeView) -> list[Cells]:
    """What was asked for, field by field."""
    rows = [
        {
            "Field": text.humanise(name),
            "Wanted": text.plain(text.humanise(value) if name in _CODED else _value(value)),
        }
        for name, value in change.details.items()
    ]
    rows.append({"Field": "Requested date", "Wanted": change.requested_date.isoformat()})
    if change.note:
        rows.append({"Field": "Note", "Wanted": text.plain(change.note)})
    return rows


def _value(value: Any) -> str:  # noqa: ANN401 - details are open by contract
    if isinstance(value, dict):
        return ", ".join(str(part) for part in value.values() if part)
    return str(value)


def check_rows(change: ServiceChangeView, now: datetime) -> list[Cells]:
    """The checks, their outcome, and what the asked system said."""
    return [
        {
            "Check": words.CHECK_NAME[check.name],
            "Outcome": words.CHECK[check.outcome].badge,
            "Evidence": f"{text.plain(check.detail)} (`{check.code}`)",
            "Asked": f"{words.SYSTEM[check.system]}, {text.age(check.at, now)}",
        }
        for check in change.checks
    ]


def plan_rows(plan: PlanView) -> list[Cells]:
    """What an approval does at each system, in order."""
    return [
        {
            "Order": str(order),
            "System": words.SYSTEM[effect.system],
            "What will happen": text.plain(effect.summary),
        }
        for order, effect in enumerate(plan.effects, start=1)
    ]


def effect_rows(change: ServiceChangeView, now: datetime) -> list[Cells]:
    """What was done at each system, in order, with the versions it was done from."""
    return [
        {
            "System": words.SYSTEM[effect.system],
            "What": ("Undo: " if effect.reverses else "") + text.plain(effect.summary),
            "Status": words.EFFECT[effect.status].badge,
            "Document": f"v{effect.document_version}",
            "Payload": f"v{effect.payload_version} `{text.short_hash(effect.payload_sha256)}`",
            "Their reference": f"`{effect.vendor_reference}`"
            if effect.vendor_reference
            else text.DASH,
            "Attempts": str(effect.attempts),
            "Closed": text.age(effect.closed_at, now),
        }
        for effect in change.effects
    ]


def effect_record(effect: EffectView, now: datetime) -> list[Cells]:
    """The whole record of one effect, for the person who has to compare it with the vendor's."""
    pairs = {
        "Step": effect.step,
        "Idempotency key": effect.idempotency_key,
        "Payload SHA-256": effect.payload_sha256,
        "Intended at": text.moment(effect.intended_at, now),
        "Closed at": text.moment(effect.closed_at, now),
        "Undoes": effect.reverses or text.DASH,
        **{text.humanise(name): _value(value) for name, value in effect.facts.items()},
    }
    return [{"Field": text.plain(k), "Value": text.plain(v)} for k, v in pairs.items()]


def ticket_rows(change: ServiceChangeView, now: datetime) -> list[Cells]:
    """The tickets opened for this change."""
    return [
        {
            "Ticket": f"`{ticket.reference}`",
            "Subject": text.plain(ticket.subject),
            "Status": text.plain(text.humanise(ticket.status)),
            "Opened": text.age(ticket.opened_at, now),
            "Closed": text.age(ticket.closed_at, now),
        }
        for ticket in change.tickets
    ]


def document_line(document: DocumentVersionView, now: datetime) -> str:
    """One document version as Markdown."""
    return (
        f"**Version {document.version}** {words.DOCUMENT[document.state].badge} "
        f"{text.plain(document.filename)}, {text.size(document.size_bytes)}, "
        f"uploaded {text.age(document.uploaded_at, now)} by {text.plain(document.uploaded_by)}"
    )


def identifier_rows(change: ServiceChangeView) -> list[Cells]:
    """Every identifier somebody may have in hand, each once."""
    pairs = [
        ("Service change", change.id),
        ("Account", change.account_id),
        ("Correlation id", change.correlation_id),
        ("Workflow", change.workflow_id),
        *((f"Ticket, {t.status}", t.reference) for t in change.tickets),
        *(
            (f"{words.SYSTEM[e.system]} reference", e.vendor_reference)
            for e in change.effects
            if e.vendor_reference
        ),
        *((f"{words.SYSTEM[e.system]} idempotency key", e.idempotency_key) for e in change.effects),
        *((f"Document v{d.version} SHA-256", d.sha256) for d in change.document_versions),
    ]
    return [
        {"Identifier": text.plain(name), "Value": f"`{value}`"}
        for name, value in dict.fromkeys(pairs)
    ]


def engine_link(engine_web: str, change: ServiceChangeView) -> str:
    """The workflow's page of the engine's own console; `engine_web` ends at its namespace."""
    return f"{engine_web}/workflows/{quote(change.workflow_id, safe='')}"
