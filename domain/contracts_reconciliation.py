"""What the API answers of reconciliation: runs, differences, what may be done. Shapes only.

Values are in the form they are compared in: products by name, money in minor units, an address as
its fingerprint. No answer holds anything personal.
"""

from datetime import datetime
from typing import Any

from pydantic import Field

from domain.contracts_failures import View
from domain.identifiers import System
from domain.reconciliation import Field as ComparedName
from domain.reconciliation import Freshness, Reason, RepairKind
from domain.reconciliation_decisions import DifferenceAction, DifferenceState, RunState
from domain.service_change import EffectStatus


class SystemReadView(View):
    """How one system was read in a run. `whole` is None while it is being read.

    `share_used`: of the requests the system grants in that time, the part that the run took.
    `waits_for`: what keeps a run that is under way from reading on just now.
    """

    system: System
    pages: int
    items: int
    calls: int
    seconds: float
    vendor_rate: float | None
    share_used: float | None
    whole: bool | None
    why_not: str | None
    waits_for: str | None = None


class ReconciliationRunView(View):
    """One comparison, of all accounts or of one."""

    id: str
    account_id: str | None
    state: RunState
    sentence: str
    started_by: str
    started_by_kind: str
    correlation_id: str
    workflow_id: str
    started_at: datetime
    finished_at: datetime | None
    systems: list[SystemReadView]
    counts: dict[str, int]
    """Once it has ended: accounts, values, standing, new, explained, agree_again."""


class FieldCountView(View):
    """Differences of one field at one system that stand, by state."""

    field: ComparedName
    owner: System
    system: System
    counts: dict[DifferenceState, int]


class ReconciliationSummaryView(View):
    """Where reconciliation stands: what the last reading is worth, and what it left to do."""

    freshness: Freshness
    sentence: str
    next_action: str | None
    last_full_run: ReconciliationRunView | None
    under_way: ReconciliationRunView | None
    fields: list[FieldCountView]


class SideView(View):
    """What one system says. `changed_at`: since when, by its own word, where it gives it."""

    system: System
    value: str
    changed_at: datetime | None
    read_at: datetime


class ExplanationView(View):
    """What accounts for a difference, and the change it goes away with."""

    reason: Reason
    change_id: str
    sentence: str


class DifferenceDecisionView(View):
    """What was last decided, by whom and why; of a second person the same."""

    action: DifferenceAction
    actor: str
    reason: str
    at: datetime
    second_actor: str | None = None
    second_reason: str | None = None
    second_at: datetime | None = None
    expires_at: datetime | None = None


class RepairView(View):
    """An effect that was to bring the owner's value, and what became of it."""

    idempotency_key: str
    step: str
    system: System
    status: EffectStatus
    attempts: int
    payload_sha256: str
    vendor_reference: str | None
    facts: dict[str, Any]
    verdict: str
    intended_at: datetime
    closed_at: datetime | None


class DifferencePermissionView(View):
    """Whether the caller may take an action now; `reason` says why not."""

    action: DifferenceAction
    allowed: bool
    reason: str | None
    second_person: bool


class DifferenceView(View):
    """A field that its owner has otherwise than another system.

    `subject` tells things of one account apart. `sha256` names what is shown: a decision carries
    it and is refused once the values have moved.
    """

    id: str
    account_id: str
    field: ComparedName
    subject: str
    owner: SideView
    other: SideView
    money: bool
    repair: RepairKind | None
    state: DifferenceState
    explanation: ExplanationView | None
    first_seen_at: datetime
    last_seen_at: datetime
    last_run_id: str
    seen_in_runs: int
    decision: DifferenceDecisionView | None
    failure: str | None
    closed_at: datetime | None
    sha256: str
    may_act: list[DifferencePermissionView] = Field(default_factory=list)
    repairs: list[RepairView] = Field(default_factory=list)
    """Of one difference alone; lists leave it out."""
