"""Turns rows into domain values and back. No statement, no rule."""

import dataclasses
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from adapters.postgres.tables import (
    AttemptRow,
    DocumentVersionRow,
    EffectRow,
    ServiceChangeRow,
)
from domain.contracts import (
    DocumentVersionView,
    EffectView,
    PlannedEffectView,
    PlanView,
    ServiceChangeView,
    WaitingOn,
)
from domain.contracts_failures import FailureView
from domain.drift import is_drift_id
from domain.errors import FailureCode
from domain.failure_policy import cause_of, failure_fingerprint, owner_of, rule_for
from domain.identifiers import System
from domain.messages import FailureDetails
from domain.plan import Plan, summary_of
from domain.records import Attempt, ChangeRecord, DocumentRecord, EffectState
from domain.service_change import ChangeKind, ChangeStatus, DocumentState, EffectStatus
from domain.steps import SYSTEM_OF, Step
from domain.submission import details_from, wish_of
from domain.vendor_values import Exchange
from domain.verdicts import Repeatability


def system(value: str) -> System:
    """The system a row names."""
    return System(value)


def change_record(
    change: ServiceChangeRow, document: DocumentVersionRow | None, ticket: str | None
) -> ChangeRecord:
    """A change as activities need it."""
    kind = ChangeKind(change.kind)
    return ChangeRecord(
        id=change.id,
        account_id=change.account_id,
        kind=kind,
        status=ChangeStatus(change.status),
        details=details_from(kind, change.details),
        stored_details=change.details,
        requested_date=change.requested_date,
        correlation_id=change.correlation_id,
        submitted_by=change.submitted_by,
        duplicate_of=change.duplicate_of,
        document=DocumentRecord(
            document.version, document.sha256, document.storage_key, document.media_type
        )
        if document
        else None,
        plan=Plan.model_validate(change.plan) if change.plan else None,
        open_ticket=ticket,
    )


def document_view(row: DocumentVersionRow) -> DocumentVersionView:
    """A document version as the API answers it."""
    return DocumentVersionView(
        version=row.version,
        sha256=row.sha256,
        filename=row.filename,
        media_type=row.media_type,
        size_bytes=row.size_bytes,
        state=DocumentState(row.state),
        uploaded_by=row.uploaded_by,
        uploaded_at=row.uploaded_at,
    )


def summary_fields(row: ServiceChangeRow) -> dict[str, Any]:
    """What a list and a whole change have in common."""
    kind = ChangeKind(row.kind)
    return {
        "id": row.id,
        "account_id": row.account_id,
        "kind": kind,
        "status": ChangeStatus(row.status),
        "requested_date": row.requested_date,
        "submitted_by": row.submitted_by,
        "submitted_at": row.submitted_at,
        "updated_at": row.updated_at,
        "due_at": row.due_at,
        "waiting_on": [WaitingOn.model_validate(item) for item in row.waiting_on],
        "next_action": row.next_action,
        "summary": summary_of(wish_of(kind, details_from(kind, row.details))),
        "recurring_before_minor": row.plan["recurring_before_minor"] if row.plan else None,
        "recurring_after_minor": row.plan["recurring_after_minor"] if row.plan else None,
    }


def change_view(row: ServiceChangeRow, **parts: Any) -> ServiceChangeView:  # noqa: ANN401 - the view's own fields
    """A change, whole; `parts` are its lists."""
    return ServiceChangeView(
        **summary_fields(row),
        details=row.details,
        note=row.note,
        correlation_id=row.correlation_id,
        workflow_id=row.workflow_id,
        duplicate_of=row.duplicate_of,
        plan=plan_of(row),
        failure=FailureView.model_validate(row.failure) if row.failure else None,
        **parts,
    )


def accepted_view(row: ServiceChangeRow, document: DocumentVersionRow | None) -> ServiceChangeView:
    """A change as it is at the moment of its acceptance."""
    return change_view(
        row,
        document_versions=[document_view(document)] if document else [],
        checks=[],
        effects=[],
        tickets=[],
    )


def plan_of(row: ServiceChangeRow) -> PlanView | None:
    """What an approval of the change is about, once its checks have passed."""
    if row.plan is None or row.plan_sha256 is None:
        return None
    return plan_view(Plan.model_validate(row.plan), row.plan_sha256)


def plan_view(plan: Plan, sha256: str) -> PlanView:
    """A plan as the API answers it."""
    return PlanView(
        sha256=sha256,
        document_version=plan.document_version,
        document_sha256=plan.document_sha256,
        recurring_before_minor=plan.recurring_before_minor,
        recurring_after_minor=plan.recurring_after_minor,
        currency=plan.currency,
        effects=[
            PlannedEffectView(
                system=SYSTEM_OF[effect.step], step=effect.step, summary=effect.summary
            )
            for effect in plan.effects
        ],
    )


def effect_view(row: EffectRow) -> EffectView:
    """An effect as the API answers it."""
    return EffectView(
        system=System(row.system),
        step=row.step,
        summary=row.summary,
        document_version=row.document_version,
        payload_version=row.payload_version,
        payload_sha256=row.payload_sha256,
        idempotency_key=row.idempotency_key,
        status=EffectStatus(row.status),
        vendor_reference=row.vendor_reference,
        attempts=row.attempts,
        reverses=row.reverses,
        intended_at=row.intended_at,
        closed_at=row.closed_at,
        facts=row.facts,
        in_doubt=row.in_doubt,
        repeatability=Repeatability(row.repeatability),
    )


def effect_state(row: EffectRow, subject: str = "") -> EffectState:
    """What is known of an effect; `subject` is the vendor's reference of what it is about."""
    return EffectState(
        key=row.idempotency_key,
        step=Step(row.step),
        status=EffectStatus(row.status),
        attempts=row.attempts,
        vendor_reference=row.vendor_reference,
        facts=row.facts,
        payload_sha256=row.payload_sha256,
        in_doubt=row.in_doubt,
        repeatability=Repeatability(row.repeatability),
        subject=subject,
    )


def attempt_values(attempt: Attempt) -> dict[str, Any]:
    """One try as it is kept, but for its number."""
    return {
        "change_id": attempt.change_id,
        "system": attempt.system,
        "step": attempt.step,
        "effect_key": attempt.effect_key,
        "outcome": attempt.code or "ok",
        "reason": attempt.reason,
        "words": attempt.words,
        "http_status": attempt.http_status,
        "retry_at": attempt.retry_at,
        "exchanges": [exchange_values(exchange) for exchange in attempt.exchanges],
        "started_at": attempt.started_at,
        "finished_at": attempt.finished_at,
    }


def exchange_values(exchange: Exchange) -> dict[str, Any]:
    """One exchange with a vendor as it is kept."""
    return {**dataclasses.asdict(exchange), "started_at": exchange.started_at.isoformat()}


def failure(before: dict[str, Any] | None, attempt: Attempt, number: int) -> dict[str, Any]:
    """The change's failure after one more failed try of a step; its first error is kept."""
    row = AttemptRow(**attempt_values(attempt), attempt=number)
    error = _error(row)
    first = before["first_error"] if before and before["step"] == attempt.step else error
    code = attempt.code or FailureCode.INTERNAL
    details = FailureDetails(
        code=code, system=attempt.system, step=attempt.step, reason=attempt.reason
    )
    return _failure(details, number, first, error, _last_answer(row))


def failure_of(
    details: FailureDetails, streak: Sequence[AttemptRow], now: datetime
) -> dict[str, Any]:
    """The failure of a step, from its failed attempts; none if it is not an attempt that failed."""
    if not streak:
        error: dict[str, Any] = {
            "at": now.isoformat(),
            "code": details.code,
            "reason": details.reason,
            "words": "",
            "http_status": None,
        }
        return _failure(details, 0, error, error, None)
    last = streak[-1]
    return _failure(details, last.attempt, _error(streak[0]), _error(last), _last_answer(last))


def _failure(
    details: FailureDetails,
    attempts: int,
    first: dict[str, Any],
    last: dict[str, Any],
    answer: Any,  # noqa: ANN401 - JSON is any of six types
) -> dict[str, Any]:
    code, step, system = details.code, details.step, details.system
    return {
        "system": system,
        "step": step,
        "code": code,
        "cause": cause_of(code, step, system),
        "reason": details.reason,
        "words": last["words"],
        "http_status": last["http_status"],
        "attempts": attempts,
        "fingerprint": failure_fingerprint(
            system=system, code=code, step=step, reason=details.reason, answer=answer
        ),
        "owner": owner_of(code, step, system),
        "next_action": rule_for(code, step, system).next_action,
        "first_seen_at": first["at"],
        "last_seen_at": last["at"],
        "first_error": first,
        "last_error": last,
        "drift": details.reason if is_drift_id(details.reason) else None,
    }


def _error(row: AttemptRow) -> dict[str, Any]:
    return {
        "at": row.finished_at.isoformat(),
        "code": row.outcome,
        "reason": row.reason,
        "words": row.words,
        "http_status": row.http_status,
    }


def _last_answer(row: AttemptRow) -> Any:  # noqa: ANN401 - as above
    return row.exchanges[-1]["response"] if row.exchanges else None


def waiting_sentence(attempt: Attempt) -> str:
    """What a person may expect of a change that is retried by itself."""
    when = f" not before {attempt.retry_at:%H:%M:%S} UTC" if attempt.retry_at else ""
    return f"Nothing to do: {attempt.system} is tried again by itself{when}."
