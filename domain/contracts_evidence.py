"""What the API answers of what was said to vendors: attempts, payloads, holdings, lineage.

Shapes only, no rules; see `contracts.py`. Personal fields are masked unless asked for.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import Field

from domain.contracts import Evidence
from domain.contracts_failures import View
from domain.differences import FieldChange
from domain.identifiers import System
from domain.service_change import EffectStatus


class Personal(StrEnum):
    """How personal fields are answered. To show them takes an operator, and is on record."""

    MASK = "mask"
    SHOW = "show"


class ExchangeView(View):
    """One request to a vendor and its answer. `http_status` is None where no answer came.

    Of the headers only those known to hold no secret are kept.
    """

    method: str
    path: str
    request_headers: dict[str, str] = Field(default_factory=dict)
    request: Any = None
    http_status: int | None = None
    response_headers: dict[str, str] = Field(default_factory=dict)
    response: Any = None
    vendor_request_id: str | None = None
    started_at: datetime | None = None
    duration_ms: int | None = None


class AttemptView(View):
    """One try of one step. `outcome` is `ok`, or the code of what happened instead.

    `retry_at`: before this the vendor did not want to be asked again. `next_attempt_at`: when the
    step was tried again; None if it was not.
    """

    id: int
    step: str
    system: System
    attempt: int
    outcome: str
    reason: str
    words: str
    http_status: int | None
    started_at: datetime
    finished_at: datetime
    retry_at: datetime | None
    next_attempt_at: datetime | None
    effect_key: str | None


class AttemptDetailView(AttemptView):
    """One try with everything said both ways."""

    exchanges: list[ExchangeView]


class PayloadState(StrEnum):
    """Whether a payload went out, or would with the plan as it stands."""

    SENT = "sent"
    PLANNED = "planned"


class PayloadView(View):
    """One version of what is asked of one system by one step.

    `payload` is None where only its hash is kept. What is planned has no key and no status yet.
    `personal`: the fields of it that are masked unless asked for.
    """

    id: str
    system: System
    step: str
    summary: str
    state: PayloadState
    payload_version: int
    document_version: int
    payload_sha256: str
    idempotency_key: str | None
    status: EffectStatus | None
    vendor_reference: str | None
    at: datetime | None
    closed_at: datetime | None
    payload: dict[str, Any] | None
    personal: list[str]


class FieldComparisonView(View):
    """One field of two payloads; `left` and `right` are None where the field is not there."""

    path: str
    change: FieldChange
    left: Any
    right: Any


class PayloadComparisonView(View):
    """Two payloads, field by field."""

    left: PayloadView
    right: PayloadView
    fields: list[FieldComparisonView]
    differing: int


class Held(StrEnum):
    """What a system holds of a change."""

    NOTHING = "nothing"
    HOLDS = "holds"
    MAY_HOLD = "may_hold"


class PendingReason(StrEnum):
    """Why a version is not at a system yet."""

    PENDING_REVIEW = "pending_review"
    AWAITING_APPROVAL = "awaiting_approval"
    TO_BE_APPLIED = "to_be_applied"
    IN_PROGRESS = "in_progress"


class PendingVersionView(View):
    """A version that is not at a system yet. `payload_version` None: nothing was made of it yet."""

    document_version: int
    payload_version: int | None
    why: PendingReason


class HoldingView(View):
    """Which version of a change one system holds, and what is on its way there."""

    system: System
    held: Held
    step: str | None
    document_version: int | None
    payload_version: int | None
    vendor_reference: str | None
    since: datetime | None
    effect: str | None
    """The idempotency key of the effect it rests on."""
    pending: list[PendingVersionView]


class VersionKind(StrEnum):
    """By what it is known which version of a field is held."""

    ETAG = "etag"
    """The owner's own, which a write has to name."""
    CONTENT = "content"
    """SHA-256 of what was answered, where the owner gives no version."""
    DOCUMENT = "document"
    """SHA-256 of the document."""
    PAYLOAD = "payload"
    """Number and SHA-256 of the payload it was written by."""


class SyncedFieldView(View):
    """A field that is held here and lives in `source`: as of which version, and when."""

    field: str
    source: System
    value: Any
    version: str | None
    """None: there is no such thing, as where no document is needed."""
    version_kind: VersionKind
    at: datetime
    """When the source said so, or took it."""
    evidence: Evidence


class LineageKind(StrEnum):
    """How something is related to a change, the three kinds of retry by their effect."""

    DUPLICATE_OF = "duplicate_of"
    DUPLICATED_BY = "duplicated_by"
    NEW_ATTEMPT = "new_attempt"
    CONTINUE = "continue"
    NEW_RUN = "new_run"
    REDO = "redo"
    CORRECTION = "correction"
    REVISION = "revision"
    REPLAY = "replay"
    EVENT = "event"


class LineageEntryView(View):
    """One relation of a change: what, when, by whom, and where to read on.

    `change_id`, `replay_id` or `event_id` (of `system`) is set where it leads to one.
    """

    kind: LineageKind
    at: datetime
    actor: str
    sentence: str
    reason: str
    outcome: str
    change_id: str | None = None
    replay_id: str | None = None
    system: System | None = None
    event_id: str | None = None
    evidence: list[Evidence] = Field(default_factory=list)
