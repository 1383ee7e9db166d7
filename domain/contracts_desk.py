"""What the API answers about failures and their repair: dead letters, second approvals, outlooks.

Shapes only, no rules; see `contracts.py`.
"""

from datetime import datetime
from typing import Any

from domain.contracts import PermissionView, ServiceChangeSummary
from domain.contracts_assignments import AssignmentView
from domain.contracts_failures import ErrorView, PendingDecisionView, View
from domain.desk import CauseState, HoldKind
from domain.errors import FailureCode
from domain.identifiers import System
from domain.replays import EligibilityRule, ItemState, ReplayState, Steering
from domain.service_change import Action


class HoldView(View):
    """What keeps every call to a cause's system back: a person's pause, or the vendor's gate.

    `until` is the gate's; a pause has `by` and `reason` and lasts until somebody ends it.
    """

    kind: HoldKind
    scope: str
    since: datetime | None
    until: datetime | None
    by: str | None
    reason: str


class DeadLetterGroupView(View):
    """Everything that stands still for one cause. `changes` are the oldest ones.

    `due_at` is the earliest of its dead letters, `overdue` how many are past theirs. `assignment`
    is what somebody said about it, if anybody did; `replay` is the one under way.
    """

    fingerprint: str
    system: System
    step: str
    code: FailureCode
    cause: str
    reason: str
    owner: str
    next_action: str
    count: int
    first_seen_at: datetime
    last_seen_at: datetime
    due_at: datetime
    overdue: int
    state: CauseState
    assignment: AssignmentView | None
    holds: list[HoldView]
    replay: str | None
    changes: list[str]


class DeadLetterView(View):
    """One time a change stood still; `closed_*` say what ended it.

    `overdue`: it stands still past `due_at`, or stood still for longer than that.
    """

    id: str
    change_id: str
    account_id: str
    system: System
    step: str
    code: FailureCode
    cause: str
    fingerprint: str
    reason: str
    words: str
    owner: str
    next_action: str
    attempts: int
    first_error: ErrorView
    last_error: ErrorView
    opened_at: datetime
    due_at: datetime
    overdue: bool
    closed_at: datetime | None
    closed_by: str | None
    closed_action: str | None
    closed_reason: str | None


class SecondApprovalView(PendingDecisionView):
    """A decision that waits for a second person, with the change it is about.

    `caller` says whether the one who asks may be that second person, and why not.
    """

    change: ServiceChangeSummary
    caller: PermissionView


class AccountView(View):
    """What is under way for an account."""

    account_id: str
    open_changes: list[ServiceChangeSummary]
    pending_decisions: list[SecondApprovalView]
    dead_letters: list[DeadLetterView]


class StepOutlookView(View):
    """What an action would do to one step, and the step's point of no return in words."""

    step: str
    system: System
    state: str
    sentence: str


class OutlookView(View):
    """What an action would mean now, told before it is taken.

    `needs_second_person`: it would wait for a colleague. `becomes_new_change`: it is too late, and
    what is wanted has to be submitted as a change of its own.
    """

    action: Action
    possible: bool
    reason: str | None
    needs_second_person: bool
    becomes_new_change: bool
    steps: list[StepOutlookView]


class FailureRuleView(View):
    """One row of the policy table; None matches anything."""

    code: FailureCode
    phase: str | None
    step: str | None
    system: System | None
    retried: bool
    consequence: str
    owner: str | None
    next_action: str


class ReplayItemView(View):
    """One dead letter of a replay: whether it may be retried by which rule, and what became of it.

    `detail` says it in words; `stage` is set once it was retried.
    """

    position: int
    dead_letter: str
    change_id: str
    system: System
    eligible: bool
    rule: EligibilityRule
    stage: int | None
    state: ItemState
    detail: str
    started_at: datetime | None
    finished_at: datetime | None


class ReplayStageView(View):
    """One stage of a replay. `size` None: all the rest."""

    stage: int
    size: int | None
    retrying: int
    succeeded: int
    failed: int


class ReplaySummaryView(View):
    """A replay as a row of a list. `sentence` says what a person should know about its state.

    `counts` has every state an item can be in; `finished_at` is set once nothing more is retried
    and everything retried has come to a verdict.
    """

    id: str
    state: ReplayState
    sentence: str
    selection: dict[str, Any]
    actor: str
    reason: str
    correlation_id: str
    workflow_id: str | None
    counts: dict[ItemState, int]
    created_at: datetime
    finished_at: datetime | None


class SteeringView(View):
    """Whether the caller may do this to a replay now, and why not."""

    action: Steering
    allowed: bool
    reason: str | None


class ReplayView(ReplaySummaryView):
    """A replay with a stretch of its items; `next_cursor` is None at their end.

    `rules` counts the items by what they were selected by. `start_refused` says of a dry run why
    the caller may not start what it selected; None: they may. `needs_second_person`: a retry of
    what stands still would wait for a colleague.
    """

    rules: dict[EligibilityRule, int]
    start_refused: str | None
    needs_second_person: bool
    caller: list[SteeringView]
    stages: list[ReplayStageView]
    items: list[ReplayItemView]
    next_cursor: str | None
