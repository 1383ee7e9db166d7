"""What is known of a run from outside: the values the invariants are judged by. Reads nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from domain.service_change import ChangeStatus


class Invariant(StrEnum):
    """What must hold, whatever breaks."""

    I1 = "I1"  # accepted = open + finished + parked
    I2 = "I2"  # net effects at the vendors
    I3 = "I3"  # failures are seen
    I4 = "I4"  # the audit trail explains every state
    I5 = "I5"  # nothing forbidden took effect
    I6 = "I6"  # our effect rows and the vendors' ledgers agree


@dataclass(frozen=True, slots=True)
class Violation:
    """One breach, with what it was seen by."""

    invariant: Invariant
    sentence: str
    change_id: str | None = None
    evidence: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Change:
    """A change as the API shows it at the end."""

    id: str
    status: str
    account_id: str
    correlation_id: str
    submitted_by: str
    failure: Mapping[str, Any] | None = None
    next_action: str | None = None


@dataclass(frozen=True, slots=True)
class EffectRow:
    """One row of our own record of effects."""

    key: str
    change_id: str
    step: str
    status: str
    vendor_reference: str | None = None
    reverses: str | None = None


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One effect as its vendor tells it."""

    vendor: str
    what: str
    client_reference: str
    vendor_reference: str
    reverses: str | None = None
    detail: str | None = None

    @property
    def change_id(self) -> str:
        """Whose effect it is, by the reference every vendor was given."""
        return self.client_reference.split(":")[0]

    @property
    def step(self) -> str:
        """The step the reference names."""
        return self.client_reference.split(":")[1]

    @property
    def version(self) -> str:
        """The document version the reference names."""
        return self.client_reference.split(":")[2]


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Who did what to a change."""

    id: int
    at: datetime
    change_id: str | None
    actor: str
    action: str
    outcome: str
    from_status: str | None
    to_status: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try on record; `outcome` is `ok` or what failed."""

    change_id: str
    system: str
    step: str
    outcome: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Sample:
    """One moment: how many changes had been accepted, and how they stood in one statement."""

    at: datetime
    accepted: int
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Sighting:
    """From when on a change was seen this way. `failing` is the step that fails, if one does."""

    at: datetime
    change_id: str
    status: str
    failing: str | None = None
    explained: bool = False
    """Whether reason, next action and correlation id were all there."""


@dataclass(frozen=True, slots=True)
class FaultHit:
    """A call that a vendor let fail on purpose."""

    at: datetime
    vendor: str
    correlation_id: str
    fault: str


@dataclass(frozen=True, slots=True)
class Kill:
    """A process that really ended, and when it was gone."""

    at: datetime
    component: str


@dataclass(frozen=True, slots=True)
class Forbidden:
    """Something a caller tried that nobody may do, and the last word on it."""

    change_id: str
    actor: str
    action: str
    kind: str
    status: int


@dataclass(frozen=True, slots=True)
class Contest:
    """Decisions of several people of which one may win: each one's HTTP status."""

    change_id: str
    statuses: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything the invariants are judged by."""

    accepted: Mapping[str, str]
    """Idempotency key -> change, as the submitter was told or found out afterwards."""
    repeated: Mapping[str, frozenset[str]]
    """Keys that were answered more than once -> every change they were answered with."""
    changes: Mapping[str, Change]
    effects: tuple[EffectRow, ...] = ()
    ledger: tuple[LedgerEntry, ...] = ()
    audit: tuple[AuditEntry, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    samples: tuple[Sample, ...] = ()
    sightings: tuple[Sighting, ...] = ()
    fault_hits: tuple[FaultHit, ...] = ()
    kills: tuple[Kill, ...] = ()
    forbidden: tuple[Forbidden, ...] = ()
    contests: tuple[Contest, ...] = ()

    def status(self, change_id: str) -> ChangeStatus:
        """How a change stands at the end."""
        return ChangeStatus(self.changes[change_id].status)
