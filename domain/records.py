"""What activities read from and write to our own record, as plain values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from domain.catalogue import Wish
from domain.errors import FailureCode
from domain.identifiers import System
from domain.plan import Plan
from domain.service_change import ChangeKind, ChangeStatus, EffectStatus
from domain.steps import Step
from domain.submission import Details, wish_of
from domain.vendor_values import Exchange


@dataclass(frozen=True, slots=True)
class DocumentRecord:
    """The document version a change is judged by."""

    version: int
    sha256: str
    storage_key: str
    media_type: str


@dataclass(frozen=True, slots=True)
class ChangeRecord:
    """A change as activities need it."""

    id: str
    account_id: str
    kind: ChangeKind
    status: ChangeStatus
    details: Details
    stored_details: Mapping[str, Any]
    requested_date: date
    correlation_id: str
    submitted_by: str
    duplicate_of: str | None
    document: DocumentRecord | None
    plan: Plan | None
    open_ticket: str | None

    @property
    def wish(self) -> Wish:
        """What is wanted, without anything personal."""
        return wish_of(self.kind, self.details)

    @property
    def document_version(self) -> int:
        """The current version; 0 while there is no document."""
        return self.document.version if self.document else 0


@dataclass(frozen=True, slots=True)
class EffectIntent:
    """An effect about to be attempted."""

    key: str
    change_id: str
    system: System
    step: Step
    summary: str
    document_version: int
    payload: Mapping[str, Any]
    reverses: str | None = None


@dataclass(frozen=True, slots=True)
class EffectState:
    """What is known of an effect."""

    key: str
    step: Step
    status: EffectStatus
    attempts: int
    vendor_reference: str | None
    facts: Mapping[str, Any]
    payload_sha256: str = ""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try of one step, with what was said both ways. `code` None: it worked."""

    change_id: str
    system: System
    step: str
    started_at: datetime
    finished_at: datetime
    effect_key: str | None = None
    code: FailureCode | None = None
    reason: str = ""
    words: str = ""
    http_status: int | None = None
    retry_at: datetime | None = None
    exchanges: list[Exchange] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class OperationsNotice:
    """What operations are told; it holds ids, words of ours and a link, nothing personal."""

    id: str
    change_id: str
    account_id: str
    kind: str
    summary: str
    due_at: datetime | None
    correlation_id: str
