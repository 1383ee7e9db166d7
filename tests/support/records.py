"""Rows that tests begin with, written the way the API writes them."""

import uuid
from datetime import timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from adapters.postgres.acceptance import NewChange, accept_change
from adapters.postgres.documents import StoredDocument
from adapters.postgres.tables import AttemptRow, EffectRow
from adapters.postgres.tables_desk import DecisionRow
from domain.contracts import ServiceChangeView
from domain.service_change import Role
from domain.submission import check_submission
from tests.support.clock import START

SUBMISSION: dict[str, Any] = {
    "account_id": "7590-VHVEG",
    "kind": "add_service",
    "requested_date": "2026-12-01",
    "details": {"service": "online_security"},
}
DOCUMENT = StoredDocument("5f" * 32, "order.pdf", "application/pdf", 100, "5f/" + "5f" * 32)


def new_change(**values: Any) -> NewChange:  # noqa: ANN401 - fields of the change
    """A change about to be accepted; `values` replace fields."""
    fields: dict[str, Any] = {
        "id": f"chg_{uuid.uuid4().hex[:16]}",
        "submission": check_submission(SUBMISSION),
        "document": DOCUMENT,
        "caller": "portal",
        "role": Role.PORTAL,
        "idempotency_key": uuid.uuid4().hex,
        "fingerprint": "f" * 64,
        "correlation_id": "corr-1",
        "at": START,
    }
    return NewChange(**fields | values)


async def accepted_change(
    sessions: async_sessionmaker[AsyncSession],
    **values: Any,  # noqa: ANN401 - fields of the change
) -> ServiceChangeView:
    """A change on record."""
    async with sessions.begin() as session:
        return await accept_change(session, new_change(**values))


def decision_row(
    change_id: str, *, actor: str, action: str = "approve", submitted_by: str = "portal"
) -> DecisionRow:
    """What a person decided."""
    return DecisionRow(
        id=uuid.uuid4().hex,
        change_id=change_id,
        submitted_by=submitted_by,
        action=action,
        actor=actor,
        role=Role.OPERATOR,
        reason="As agreed.",
        payload={},
        plan_sha256=None,
        document_version=1,
        document_sha256=None,
        state="taken",
        needs_second=False,
        at=START,
        why="",
    )


def effect_row(change_id: str, reference: str = "il_77") -> EffectRow:
    """A posting that stands at billing."""
    return EffectRow(
        idempotency_key=f"{change_id}:post_billing_change:1:1",
        change_id=change_id,
        system="billing",
        step="post_billing_change",
        summary="Post 5.00 a month",
        document_version=1,
        payload_version=1,
        payload_sha256="a" * 64,
        status="applied",
        attempts=2,
        vendor_reference=reference,
        facts={},
        intended_at=START,
        closed_at=START,
    )


def attempt_row(change_id: str, number: int, outcome: str, words: str) -> AttemptRow:
    """One try of that posting, with what was said both ways."""
    return AttemptRow(
        change_id=change_id,
        system="billing",
        step="post_billing_change",
        effect_key=f"{change_id}:post_billing_change:1:1",
        attempt=number,
        outcome=outcome,
        reason="",
        words=words,
        http_status=200 if outcome == "ok" else 503,
        exchanges=[{"method": "POST", "path": "/price-changes", "response": {"secret": "words"}}],
        started_at=START + timedelta(seconds=number),
        finished_at=START + timedelta(seconds=number, milliseconds=250),
    )
