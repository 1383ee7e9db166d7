"""The one table of words, colours and icons per closed set. Colour never stands without a word."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from domain.desk import CauseState
from domain.health import HealthState, Part
from domain.identifiers import System
from domain.replays import EligibilityRule, ItemState, ReplayState
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
from domain.undoing import Reversibility
from domain.vendor_events import EventSource, InboxState

Colour = Literal["red", "orange", "yellow", "blue", "green", "violet", "gray"]


@dataclass(frozen=True, slots=True)
class Look:
    """How one value of a closed set appears: its words, its colour and its Material icon."""

    label: str
    colour: Colour
    icon: str

    @property
    def badge(self) -> str:
        """The badge as inline Markdown, for tables and sentences."""
        return f":{self.colour}-badge[:material/{self.icon}: {self.label}]"


STATUS: Final[Mapping[ChangeStatus, Look]] = {
    ChangeStatus.PENDING: Look("Pending", "gray", "hourglass_empty"),
    ChangeStatus.CHECKING: Look("Checking", "blue", "fact_check"),
    ChangeStatus.INCOMPLETE: Look("Incomplete", "orange", "help"),
    ChangeStatus.AWAITING_APPROVAL: Look("Awaiting approval", "violet", "how_to_reg"),
    ChangeStatus.APPLYING: Look("Applying", "blue", "sync"),
    ChangeStatus.ACTIVE: Look("Active", "green", "check_circle"),
    ChangeStatus.NEEDS_ATTENTION: Look("Needs attention", "red", "error"),
    ChangeStatus.COMPENSATING: Look("Undoing", "orange", "undo"),
    ChangeStatus.REJECTED: Look("Rejected", "red", "block"),
    ChangeStatus.CANCELLED: Look("Cancelled", "gray", "cancel"),
    ChangeStatus.EXPIRED: Look("Expired", "gray", "timer_off"),
}

EFFECT: Final[Mapping[EffectStatus, Look]] = {
    EffectStatus.INTENDED: Look("In progress", "blue", "pending"),
    EffectStatus.APPLIED: Look("Applied", "green", "check_circle"),
    EffectStatus.REFUSED: Look("Refused", "red", "block"),
    EffectStatus.UNKNOWN: Look("Outcome unknown", "orange", "question_mark"),
    EffectStatus.REVERSED: Look("Reversed", "gray", "undo"),
    EffectStatus.SKIPPED: Look("Not done by us", "gray", "skip_next"),
}

CHECK: Final[Mapping[CheckOutcome, Look]] = {
    CheckOutcome.PASSED: Look("Passed", "green", "check_circle"),
    CheckOutcome.BLOCKED: Look("Blocked", "orange", "help"),
    CheckOutcome.DENIED: Look("Denied", "red", "block"),
}

DOCUMENT: Final[Mapping[DocumentState, Look]] = {
    DocumentState.CURRENT: Look("Current", "green", "check_circle"),
    DocumentState.SUPERSEDED: Look("Superseded", "gray", "history"),
    DocumentState.PENDING_REVIEW: Look("Pending review", "orange", "rate_review"),
    DocumentState.DISCARDED: Look("Discarded", "gray", "delete"),
}

CAUSE: Final[Mapping[CauseState, Look]] = {
    CauseState.OPEN: Look("Open", "orange", "radio_button_unchecked"),
    CauseState.ACKNOWLEDGED: Look("Taken", "blue", "person"),
    CauseState.PUT_OFF: Look("Put off", "gray", "snooze"),
    CauseState.RESOLVED: Look("Resolved", "green", "check_circle"),
}

REPLAY: Final[Mapping[ReplayState, Look]] = {
    ReplayState.DRY_RUN: Look("Dry run", "gray", "visibility"),
    ReplayState.RUNNING: Look("Running", "blue", "sync"),
    ReplayState.SUSPENDED: Look("Suspended", "orange", "pause_circle"),
    ReplayState.STOPPED: Look("Stopped itself", "red", "front_hand"),
    ReplayState.CANCELLED: Look("Cancelled", "gray", "cancel"),
    ReplayState.DONE: Look("Done", "green", "check_circle"),
}

REPLAY_ITEM: Final[Mapping[ItemState, Look]] = {
    ItemState.FAILED: Look("Failed", "red", "error"),
    ItemState.RETRYING: Look("Being retried", "blue", "sync"),
    ItemState.WAITING: Look("Waiting", "gray", "hourglass_empty"),
    ItemState.PASSED_OVER: Look("Passed over", "orange", "redo"),
    ItemState.SUCCEEDED: Look("Succeeded", "green", "check_circle"),
    ItemState.NOT_ELIGIBLE: Look("Not eligible", "orange", "block"),
    ItemState.NOT_REACHED: Look("Not reached", "gray", "remove"),
    ItemState.ELIGIBLE: Look("May be retried", "green", "check_circle"),
}
"""In the order in which they need somebody to look."""

ELIGIBILITY: Final[Mapping[EligibilityRule, str]] = {
    EligibilityRule.MAY_BE_RETRIED: "May be retried",
    EligibilityRule.REVISION_PENDING: "A revised document waits for a decision",
    EligibilityRule.IN_ANOTHER_REPLAY: "Another retry is about to take it",
    EligibilityRule.MOVED_ON: "It has moved on",
    EligibilityRule.NOT_PERMITTED: "Your role may not retry it",
    EligibilityRule.UNVERIFIABLE: "Whether it was done has to be found out first",
}

OUTLOOK: Final[Mapping[Reversibility, Look]] = {
    Reversibility.NOT_BEGUN: Look("Nothing stands", "gray", "remove"),
    Reversibility.UNDOABLE: Look("Can be undone", "blue", "undo"),
    Reversibility.PASSED: Look("Past undoing", "red", "event_busy"),
    Reversibility.STAYS: Look("Stays", "gray", "lock"),
}

HEALTH: Final[Mapping[HealthState, Look]] = {
    HealthState.GOOD: Look("Well", "green", "check_circle"),
    HealthState.SLOW: Look("Not as usual", "orange", "warning"),
    HealthState.DOWN: Look("Down", "red", "cloud_off"),
    HealthState.PAUSED: Look("Paused", "violet", "pause_circle"),
    HealthState.UNKNOWN: Look("Unknown", "gray", "question_mark"),
}

INBOX: Final[Mapping[InboxState, Look]] = {
    InboxState.QUEUED: Look("Queued", "blue", "hourglass_empty"),
    InboxState.PROCESSED: Look("Processed", "green", "check_circle"),
    InboxState.STALE: Look("Stale", "gray", "history"),
    InboxState.QUARANTINED: Look("Quarantined", "orange", "help"),
    InboxState.FAILED: Look("Failed", "red", "error"),
}

SOURCE: Final[Mapping[EventSource, str]] = {
    EventSource.WEBHOOK: "Webhook",
    EventSource.POLL: "Polling",
}

PART: Final[Mapping[Part, str]] = {
    Part.DATABASE: "Database",
    Part.ENGINE: "Workflow engine",
    Part.WORKERS: "Workers",
    Part.TASK_QUEUE: "Task queue",
    Part.RELAY: "Relay",
    Part.INBOX: "Inbox",
    Part.SWEEPERS: "Sweepers",
    Part.EFFECTS: "Effects under way",
}

KIND: Final[Mapping[ChangeKind, str]] = {
    ChangeKind.CHANGE_INTERNET_SERVICE: "Change internet service",
    ChangeKind.ADD_SERVICE: "Add a service",
    ChangeKind.REMOVE_SERVICE: "Remove a service",
    ChangeKind.CHANGE_CONTRACT: "Change contract term",
    ChangeKind.CHANGE_PAYMENT_METHOD: "Change payment method",
    ChangeKind.CHANGE_BILLING_ADDRESS: "Change billing address",
}

CHECK_NAME: Final[Mapping[CheckName, str]] = {
    CheckName.ENTITLEMENT: "Is the account entitled?",
    CheckName.STANDING: "Is the account in good standing?",
    CheckName.DATE: "Is the date possible?",
    CheckName.COMPLETENESS: "Is everything there?",
}

SYSTEM: Final[Mapping[System, str]] = {
    System.CRM: "CRM",
    System.BILLING: "Billing",
    System.SCHEDULING: "Scheduling",
    System.TICKETING: "Ticketing",
    System.THROUGHLINE: "Throughline",
}

ROLE: Final[Mapping[Role, str]] = {
    Role.PORTAL: "Portal",
    Role.PARTNER: "Partner",
    Role.SUPPORT: "Support",
    Role.OPERATOR: "Operator",
    Role.ADMIN: "Administrator",
}


@dataclass(frozen=True, slots=True)
class ActionWords:
    """How an action is offered and confirmed. The API decides whether it may be taken.

    `does` follows a verb: "propose to reject the change". `undoes`: what can still be undone
    matters to whoever takes it, so the outlook stands beside it.
    """

    label: str
    icon: str
    past: str
    does: str
    effect: str
    undoes: bool = False


ACTION: Final[Mapping[Action, ActionWords]] = {
    Action.APPROVE: ActionWords(
        "Approve",
        "check",
        "Approved",
        "approve the change",
        "The planned effects are applied at each system, in the order shown.",
    ),
    Action.REJECT: ActionWords(
        "Reject",
        "block",
        "Rejected",
        "reject the change",
        "The change ends. What was already applied is undone. The submitter reads your reason.",
        undoes=True,
    ),
    Action.CANCEL: ActionWords(
        "Cancel",
        "cancel",
        "Cancelled",
        "cancel the change",
        "The change is withdrawn. What was already applied is undone.",
        undoes=True,
    ),
    Action.RETRY: ActionWords(
        "Retry",
        "refresh",
        "Retried",
        "try the step again",
        "The step it stands at is tried again with the same idempotency key.",
    ),
    Action.SKIP: ActionWords(
        "Skip",
        "skip_next",
        "Skipped",
        "skip the step",
        "The step it stands at counts as done, on the evidence named, and the change goes on.",
    ),
    Action.CORRECT: ActionWords(
        "Correct",
        "edit",
        "Corrected",
        "correct the change",
        "The change asks for the new values. What was already applied is undone, the checks run "
        "again, and it has to be approved anew.",
        undoes=True,
    ),
    Action.APPLY_REVISION: ActionWords(
        "Apply revision",
        "published_with_changes",
        "Revision applied",
        "apply the revised document",
        "The revised document becomes the one that counts. What differs is reversed and done anew.",
        undoes=True,
    ),
    Action.DISCARD_REVISION: ActionWords(
        "Discard revision",
        "delete",
        "Revision discarded",
        "discard the revised document",
        "The revised document does not count; the approved version stays. Your reason is kept.",
    ),
}
