"""What activities read from and write to our own record, as plain values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from domain.catalogue import Wish
from domain.drift import Sighting
from domain.errors import FailureCode
from domain.identifiers import System
from domain.pauses import Traffic
from domain.plan import Plan
from domain.service_change import ChangeKind, ChangeStatus, EffectStatus
from domain.steps import Step
from domain.submission import Details, wish_of
from domain.vendor_values import Exchange
from domain.verdicts import Outcome, Repeatability, outcome


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
    traffic: Traffic = field(default_factory=Traffic)
    unsettled: tuple[str, ...] = ()
    """Keys of effects that were begun and of which it is not on record what became."""
    waits_on: frozenset[str] = frozenset()
    """The parties the change is shown to wait on; of a pause, its scope."""

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
    in_doubt: int = 0
    """Tries of which nobody knows what became; the one under way counts."""
    repeatability: Repeatability = Repeatability.LOOK_UP
    subject: str = ""
    """The vendor's reference of what it is about: the effect it reverses, or the ticket."""
    payload_sha256: str = ""

    @property
    def outcome(self) -> Outcome:
        """What is known of it."""
        return outcome(self.status, self.in_doubt)


@dataclass(frozen=True, slots=True)
class Waited:
    """A call that may not be made now: until when, how long that still is, and why."""

    until: datetime
    left: timedelta
    cause: FailureCode


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found out about an effect that was left open, for the audit trail."""

    action: str
    outcome: str
    effect_key: str
    reference: str
    sentence: str


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
    sighting: Sighting | None = None
    """What was not understood, where that is why it failed."""


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
