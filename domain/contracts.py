"""What the API answers, as the portal, the console and scripts read it. Shapes only, no rules.

Times are UTC, dates are the account's own calendar days, money is in minor units (US cents).
A field may be added; a rename is a new version of the API.
"""

from datetime import date, datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar

from pydantic import Field

from domain.contracts_failures import FailureView, PendingDecisionView, View
from domain.identifiers import System
from domain.service_change import (
    Action,
    ChangeKind,
    ChangeStatus,
    CheckName,
    CheckOutcome,
    DocumentState,
    EffectStatus,
    Role,
)
from domain.verdicts import Outcome, Repeatability

Item = TypeVar("Item")


class Page(View, Generic[Item]):
    """A stretch of a list; `next_cursor` is None at its end."""

    items: list[Item]
    next_cursor: str | None = None


class Problem(View):
    """RFC 9457 problem details with the fields people and programs need to go on."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    correlation_id: str
    retryable: bool
    next_action: str
    errors: list[dict[str, str]] = Field(default_factory=list)


class DocumentVersionView(View):
    """One version of the submitted document."""

    version: int
    sha256: str
    filename: str
    media_type: str
    size_bytes: int
    state: DocumentState
    uploaded_by: str
    uploaded_at: datetime


class CheckView(View):
    """The latest answer to one of the four questions."""

    name: CheckName
    system: System
    outcome: CheckOutcome
    code: str
    detail: str
    at: datetime
    facts: dict[str, Any] = Field(default_factory=dict)
    """What the system answered, as far as the verdict and the plan rest on it."""


class EffectView(View):
    """One thing done, or to be undone, at one system."""

    system: System
    step: str
    summary: str
    document_version: int
    payload_version: int
    payload_sha256: str
    idempotency_key: str
    status: EffectStatus
    vendor_reference: str | None
    attempts: int
    reverses: str | None
    """The idempotency key of the effect this one undoes."""
    intended_at: datetime
    closed_at: datetime | None
    facts: dict[str, Any]
    in_doubt: int = 0
    """Tries of which nobody knows what became."""
    repeatability: Repeatability = Repeatability.LOOK_UP
    """How the system makes a repeat safe."""


class TicketView(View):
    """A ticket opened for this change."""

    reference: str
    subject: str
    status: str
    opened_at: datetime
    closed_at: datetime | None


class WaitingOn(View):
    """Who has to bring what before the change goes on."""

    party: str
    what: str


class PlannedEffectView(View):
    """What would be done at one system once approved."""

    system: System
    step: str
    summary: str


class PlanView(View):
    """What an approval is about. `sha256` covers the effects, the details and the document."""

    sha256: str
    document_version: int
    document_sha256: str | None
    recurring_before_minor: int
    recurring_after_minor: int
    currency: str
    effects: list[PlannedEffectView]


class PermissionView(View):
    """Whether the caller may act now; `reason` says why not."""

    action: Action
    allowed: bool
    reason: str | None


class ServiceChangeSummary(View):
    """A change as a row of a list."""

    id: str
    account_id: str
    kind: ChangeKind
    status: ChangeStatus
    requested_date: date
    submitted_by: str
    submitted_at: datetime
    updated_at: datetime
    due_at: datetime | None
    waiting_on: list[WaitingOn]
    next_action: str | None
    summary: str
    recurring_before_minor: int | None
    recurring_after_minor: int | None
    """Price per month before and after, once the checks have passed."""


class ServiceChangeView(ServiceChangeSummary):
    """A change, whole."""

    details: dict[str, Any]
    note: str
    correlation_id: str
    workflow_id: str
    duplicate_of: str | None
    document_versions: list[DocumentVersionView]
    checks: list[CheckView]
    plan: PlanView | None
    effects: list[EffectView]
    tickets: list[TicketView]
    failure: FailureView | None
    pending_decisions: list[PendingDecisionView] = Field(default_factory=list)
    masked_fields: list[str] = Field(default_factory=list)
    """Personal fields that are masked in this answer; `may_show_personal`: on request they are not,
    and that is recorded."""
    may_show_personal: bool = False


class Evidence(View):
    """The record an answer rests on: its table and id, findable in the timeline."""

    kind: str
    id: str


class SentAnswer(View):
    """One record that went to one system."""

    system: System
    record: str
    step: str
    at: datetime
    outcome: str
    vendor_reference: str | None
    evidence: list[Evidence]


class RejectionAnswer(View):
    """The system that said no, in its own words."""

    system: System
    step: str
    words: str
    http_status: int | None
    at: datetime
    evidence: list[Evidence]


class PayloadVersionAnswer(View):
    """Which version of the payload a system holds."""

    system: System
    step: str
    payload_version: int
    document_version: int
    document_sha256: str | None
    payload_sha256: str
    status: EffectStatus
    evidence: list[Evidence]


class RetriedAnswer(View):
    """How often a step was tried, and how often of these it failed.

    A check runs again when something it looks at has changed: that is an attempt, not a failure.
    """

    system: System
    step: str
    attempts: int
    failed: int
    evidence: list[Evidence]


class SucceededAnswer(View):
    """Whether it came to its end: None while it is open."""

    succeeded: bool | None
    status: ChangeStatus
    sentence: str
    evidence: list[Evidence]


class StartedByAnswer(View):
    """Who or what began it."""

    actor: str
    actor_kind: str
    at: datetime
    evidence: list[Evidence]


class MayActAnswer(View):
    """Which roles may act now, and what this very caller may do."""

    action: Action
    roles: list[Role]
    needs_second_person: bool
    caller: PermissionView


class SafeToRetryAnswer(View):
    """What is known of the latest effect of a step, and whether trying it again is safe."""

    system: System
    step: str
    verdict: Outcome
    safe: bool
    sentence: str
    evidence: list[Evidence]


class AnswersView(View):
    """The support questions of one change, each with its evidence."""

    change_id: str
    sent: list[SentAnswer]
    rejected_by: RejectionAnswer | None
    payload_version: list[PayloadVersionAnswer]
    retried: list[RetriedAnswer]
    succeeded: SucceededAnswer
    started_by: StartedByAnswer
    may_act: list[MayActAnswer]
    safe_to_retry: list[SafeToRetryAnswer] = Field(default_factory=list)


class TimelineKind(StrEnum):
    """What sort of thing happened."""

    STATUS = "status"
    ATTEMPT = "attempt"
    DECISION = "decision"
    DOCUMENT = "document"
    MESSAGE = "message"
    NOTE = "note"


class TimelineEntry(View):
    """One thing that happened to a change."""

    id: str
    at: datetime
    kind: TimelineKind
    title: str
    detail: str
    actor: str
    system: System | None
    outcome: str | None
    duration_ms: int | None
    facts: dict[str, Any]


class AuditEntryView(View):
    """Who did what, when, why, and whether it was let through."""

    id: int
    at: datetime
    actor: str
    actor_kind: str
    action: str
    outcome: str
    change_id: str | None
    account_id: str | None
    correlation_id: str
    from_status: ChangeStatus | None
    to_status: ChangeStatus | None
    reason: str
    facts: dict[str, Any]


class MatchCount(View):
    """How many fit the filters; `more`: there are more than that, and nobody counted them."""

    count: int
    more: bool


class SearchHit(View):
    """A change with what it was found by: `matched_kind` names it, `matched_value` holds it.

    That is one of its identifiers, or the stretch of a text with the words: of its note, of a
    failure, of a document's name, of a ticket's subject or of a reason somebody gave.
    """

    change: ServiceChangeSummary
    matched_kind: str
    matched_value: str


class FieldOwnershipView(View):
    """One field, who owns it and who may change it how.

    Everybody else's write is refused, and the owner named. `version_source` is how it is known
    which version of the field was seen.
    """

    field: str
    record: str
    owner: System
    may_change: dict[str, str]
    version_source: str


class Me(View):
    """The caller, as the API sees it. `expires_at`: when a person has to sign in again.

    `rights`: what they may do besides acting on a change, as `GET /v1/permissions` names it.
    """

    principal: str
    role: Role
    rights: list[str] = Field(default_factory=list)
    expires_at: datetime | None = None


class DocumentAccepted(View):
    """What became of an uploaded version."""

    version: int
    sha256: str
    state: DocumentState
