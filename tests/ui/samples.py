"""A dozen changes in every status, as the API would answer them. Built from the contracts alone."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from domain.contracts import (
    CheckView,
    DocumentVersionView,
    EffectView,
    PlannedEffectView,
    PlanView,
    ServiceChangeView,
    TicketView,
    WaitingOn,
)
from domain.contracts_failures import ErrorView, FailureView
from domain.errors import FailureCode
from domain.identifiers import System, workflow_id
from domain.service_change import (
    ChangeKind,
    ChangeStatus,
    CheckName,
    CheckOutcome,
    DocumentState,
    EffectStatus,
)

NOW = datetime.now(UTC).replace(microsecond=0)
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de"
    "0000000c4944415408d763f8cfc0000003010100c9fe92ef0000000049454e44ae426082"
)

_S = ChangeStatus
_STEPS = (
    (System.BILLING, "post_billing_change", "il"),
    (System.SCHEDULING, "book_appointment", "apt"),
    (System.CRM, "update_services", "ord"),
)
_CHECKS = (
    (CheckName.ENTITLEMENT, System.CRM, "entitled", "The account may have what it asks for."),
    (CheckName.STANDING, System.BILLING, "current", "No invoice is past due."),
    (CheckName.DATE, System.SCHEDULING, "slot_free", "A technician is free on that day."),
    (CheckName.COMPLETENESS, System.THROUGHLINE, "complete", "Document and fields are there."),
)
_REACHED_APPROVAL = frozenset(
    {_S.AWAITING_APPROVAL, _S.APPLYING, _S.ACTIVE, _S.NEEDS_ATTENTION, _S.COMPENSATING}
)


@dataclass(frozen=True, slots=True)
class Story:
    """What differs between one sample and the next."""

    letter: str
    account_id: str
    kind: ChangeKind
    status: ChangeStatus
    summary: str
    details: dict[str, Any]
    hours_ago: float
    before: int = 8000
    after: int = 8500
    submitted_by: str = "portal"
    documents: int = 1
    media_type: str = "application/pdf"
    effects: Sequence[EffectStatus] = ()
    blocked: dict[CheckName, tuple[CheckOutcome, str, str]] = field(default_factory=dict)
    waiting_on: tuple[str, str] | None = None
    next_action: str | None = None
    failure: FailureView | None = None
    tickets: int = 0
    note: str = ""

    @property
    def id(self) -> str:
        """Sixteen letters, as real ids have."""
        return "chg_" + self.letter * 4 + "k3v5x7ab2cd4"

    @property
    def submitted_at(self) -> datetime:
        """When it was accepted."""
        return NOW - timedelta(hours=self.hours_ago)


def sha(text: str) -> str:
    """A hash that looks like one because it is one."""
    return hashlib.sha256(text.encode()).hexdigest()


def change(story: Story) -> ServiceChangeView:
    """The change as the API answers it."""
    moved = min(timedelta(seconds=9), NOW - story.submitted_at)
    planned = story.status in _REACHED_APPROVAL or bool(story.effects)
    return ServiceChangeView(
        id=story.id,
        account_id=story.account_id,
        kind=story.kind,
        status=story.status,
        requested_date=date(2026, 12, 1),
        submitted_by=story.submitted_by,
        submitted_at=story.submitted_at,
        updated_at=story.submitted_at + moved,
        due_at=_due(story),
        waiting_on=[WaitingOn(party=story.waiting_on[0], what=story.waiting_on[1])]
        if story.waiting_on
        else [],
        next_action=story.next_action,
        summary=story.summary,
        recurring_before_minor=story.before if planned else None,
        recurring_after_minor=story.after if planned else None,
        details=story.details,
        note=story.note,
        correlation_id=f"c0ffee00-5f5e-4b1a-9c3d-{sha(story.id)[:12]}",
        workflow_id=workflow_id(story.id),
        duplicate_of=None,
        document_versions=_documents(story),
        checks=_checks(story),
        plan=_plan(story) if planned else None,
        effects=_effects(story),
        tickets=_tickets(story),
        failure=story.failure,
    )


def _due(story: Story) -> datetime | None:
    days = {_S.AWAITING_APPROVAL: 7, _S.INCOMPLETE: 14}.get(story.status)
    return story.submitted_at + timedelta(days=days) if days else None


def _documents(story: Story) -> list[DocumentVersionView]:
    ending = story.media_type.rsplit("/", 1)[-1]
    return [
        DocumentVersionView(
            version=version,
            sha256=sha(f"{story.id}{version}"),
            filename=f"signed_request_{version}.{ending}",
            media_type=story.media_type,
            size_bytes=38_412 * version,
            state=DocumentState.CURRENT if version == story.documents else DocumentState.SUPERSEDED,
            uploaded_by=story.submitted_by,
            uploaded_at=story.submitted_at + timedelta(minutes=10 * (version - 1)),
        )
        for version in range(1, story.documents + 1)
    ]


def _checks(story: Story) -> list[CheckView]:
    if story.status is _S.PENDING:
        return []
    shown = _CHECKS[:2] if story.status is _S.CHECKING else _CHECKS
    passed = CheckOutcome.PASSED
    return [
        CheckView(
            name=name,
            system=system,
            outcome=story.blocked.get(name, (passed, code, sentence))[0],
            code=story.blocked.get(name, (passed, code, sentence))[1],
            detail=story.blocked.get(name, (passed, code, sentence))[2],
            at=story.submitted_at + timedelta(seconds=2),
        )
        for name, system, code, sentence in shown
    ]


def _plan(story: Story) -> PlanView:
    before, after = story.before / 100, story.after / 100
    return PlanView(
        sha256=sha(f"plan{story.id}"),
        document_version=story.documents,
        document_sha256=sha(f"{story.id}{story.documents}") if story.documents else None,
        recurring_before_minor=story.before,
        recurring_after_minor=story.after,
        currency="usd",
        effects=[
            PlannedEffectView(
                system=System.BILLING,
                step="post_billing_change",
                summary=f"{story.summary}: ${before:.2f} becomes ${after:.2f} per month",
            ),
            PlannedEffectView(
                system=System.SCHEDULING,
                step="book_appointment",
                summary="Technician visit on 2026-12-01",
            ),
            PlannedEffectView(
                system=System.CRM, step="update_services", summary=f"Order for: {story.summary}"
            ),
        ],
    )


def _effects(story: Story) -> list[EffectView]:
    done = []
    for order, (status, (system, step, prefix)) in enumerate(
        zip(story.effects, _STEPS, strict=False)
    ):
        key = f"{story.id}:{step}:{story.documents}:1"
        at = story.submitted_at + timedelta(seconds=6 + order)
        done.append(
            EffectView(
                system=system,
                step=step,
                summary=f"{story.summary}",
                document_version=story.documents,
                payload_version=1,
                payload_sha256=sha(key),
                idempotency_key=key,
                status=status,
                vendor_reference=None
                if status in {EffectStatus.REFUSED, EffectStatus.UNKNOWN, EffectStatus.INTENDED}
                else f"{prefix}_{sha(key)[:8]}",
                attempts=3 if status is EffectStatus.UNKNOWN else 1,
                reverses=None,
                intended_at=at,
                closed_at=None if status is EffectStatus.INTENDED else at + timedelta(seconds=1),
                facts={"amount_minor": story.after - story.before} if order == 0 else {},
            )
        )
    return done


def _tickets(story: Story) -> list[TicketView]:
    return [
        TicketView(
            reference=f"TCK-{1041 + number}",
            subject=f"{story.summary}: information needed",
            status="open",
            opened_at=story.submitted_at + timedelta(seconds=4),
            closed_at=None,
        )
        for number in range(story.tickets)
    ]


_INTERNET = ChangeKind.CHANGE_INTERNET_SERVICE
_ADD = ChangeKind.ADD_SERVICE
_APPLIED = EffectStatus.APPLIED
_FIRST_ERROR = ErrorView(
    at=NOW - timedelta(minutes=42),
    code=FailureCode.OUTCOME_UNKNOWN,
    reason="Billing took the request and did not answer; a look-up found nothing yet.",
    words="504 upstream timed out [see](http://status.example) $5 to $10",
    http_status=504,
)
_REFUSED_BY_BILLING = FailureView(
    system=System.BILLING,
    step="post_billing_change",
    code=FailureCode.OUTCOME_UNKNOWN,
    cause="Post billing change: billing did not say whether it was done",
    reason=_FIRST_ERROR.reason,
    words=_FIRST_ERROR.words,
    http_status=504,
    attempts=3,
    fingerprint="0123456789abcdef",
    owner="billing operations",
    next_action="Retry: the effect is looked up first and not done twice.",
    first_seen_at=NOW - timedelta(minutes=42),
    last_seen_at=NOW - timedelta(minutes=3),
    first_error=_FIRST_ERROR,
    last_error=_FIRST_ERROR.model_copy(update={"at": NOW - timedelta(minutes=3)}),
    dead_letter="dlt_0123456789abcdef",
)

STORIES = (
    Story(
        "a", "7590-VHVEG", _INTERNET, _S.AWAITING_APPROVAL, "Internet service becomes Fiber optic",
        {"internet_service": "Fiber optic"}, 20.5, 2985, 5485, documents=2, media_type="image/png",
        next_action="An operator who did not submit it approves or rejects it.",
        note="Customer prefers mornings.",
    ),
    Story(
        "b", "5575-GNVDE", _ADD, _S.AWAITING_APPROVAL, "Add online backup",
        {"service": "online_backup"}, 3.2, 5695, 6195,
        next_action="An operator who did not submit it approves or rejects it.",
    ),
    Story(
        "c", "3668-QPYBK", ChangeKind.CHANGE_CONTRACT, _S.AWAITING_APPROVAL,
        "Contract becomes Two year", {"contract": "Two year"}, 0.4, 5385, 5385,
        submitted_by="operator", documents=0,
        next_action="An operator who did not submit it approves or rejects it.",
    ),
    Story(
        "d", "7795-CFOCW", _ADD, _S.ACTIVE, "Add tech support", {"service": "tech_support"}, 28,
        4230, 4730, effects=(_APPLIED, _APPLIED, _APPLIED),
    ),
    Story(
        "e", "9237-HQITU", _INTERNET, _S.NEEDS_ATTENTION, "Internet service becomes DSL",
        {"internet_service": "DSL"}, 1.1, 7070, 4570, effects=(EffectStatus.UNKNOWN,),
        failure=_REFUSED_BY_BILLING,
        waiting_on=("operations", "Look at Billing, then retry or cancel."),
        next_action="Look at Billing, then retry or cancel.",
    ),
    Story(
        "f", "9305-CDSKC", _ADD, _S.INCOMPLETE, "Add streaming tv", {"service": "streaming_tv"},
        5, 9965, 10965, documents=0, tickets=1,
        blocked={
            CheckName.COMPLETENESS: (
                CheckOutcome.BLOCKED, "document_missing", "No document came with the request.",
            )
        },
        waiting_on=("customer", "a signed request as PDF, PNG or JPEG"),
        next_action="Bring what is missing; the checks run again by themselves.",
    ),
    Story(
        "g", "1452-KIOVK", _ADD, _S.REJECTED, "Add device protection",
        {"service": "device_protection"}, 49,
        blocked={
            CheckName.ENTITLEMENT: (
                CheckOutcome.DENIED, "account_closed", "The account is closed.",
            )
        },
    ),
    Story(
        "h", "6713-OKOMC", ChangeKind.REMOVE_SERVICE, _S.APPLYING, "Remove phone",
        {"service": "phone"}, 0.01, 2975, 975,
        effects=(_APPLIED, EffectStatus.INTENDED),
    ),
    Story(
        "i", "7892-POOKP", ChangeKind.CHANGE_PAYMENT_METHOD, _S.CHECKING,
        "Payment method becomes Credit card (automatic)",
        {"payment_method": "Credit card (automatic)"}, 0.002,
    ),
    Story(
        "j", "6388-TABGU", ChangeKind.CHANGE_BILLING_ADDRESS, _S.PENDING,
        "Billing address becomes the submitted one",
        {"billing_address": {"line1": "12 Elm St", "line2": "", "city": "Fresno",
                             "postal_code": "93701", "country": "US"}}, 0.001,
    ),
    Story(
        "k", "9763-GRSKD", _INTERNET, _S.CANCELLED, "Internet service becomes No",
        {"internet_service": "No"}, 70, effects=(EffectStatus.REVERSED,),
    ),
    Story(
        "l", "7469-LKBCI", _ADD, _S.EXPIRED, "Add multiple lines", {"service": "multiple_lines"},
        400, documents=0,
    ),
    Story(
        "m", "8091-TTVAX", _ADD, _S.COMPENSATING, "Add streaming movies",
        {"service": "streaming_movies"}, 0.02, 6000, 7000,
        effects=(_APPLIED, EffectStatus.REFUSED),
    ),
)  # fmt: skip

CHANGES = tuple(change(story) for story in STORIES)
