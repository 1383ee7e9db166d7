"""What crosses the engine: inputs, results and decisions. Ids and codes, nothing personal.

Every model may gain fields with defaults; none may lose or rename one, since histories hold them.
"""

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from domain.errors import FailureCode
from domain.identifiers import System
from domain.service_change import Action, ChangeKind, ChangeStatus, CheckName, CheckOutcome, Role
from domain.steps import Step


class Message(BaseModel):
    """Base of everything that crosses the engine."""

    model_config = ConfigDict(frozen=True)


class Patience(Message):
    """How long a change waits, in seconds, for whom."""

    incomplete: float = 14 * 86_400
    approval: float = 7 * 86_400
    reminder: float = 86_400
    step: float = 2 * 3_600
    """For one step at one vendor, over all its tries, before a person is asked."""


class Decision(Message):
    """What somebody decided. `id` makes a repeat harmless.

    Reason, correction and evidence stay on our record under that id; only a decision that came by
    Signal, from a caller without our API, brings its reason along. `revision` is the document
    version that a revision is about, `second_actor` who confirmed what needs two persons.
    """

    id: str
    action: Action
    actor: str
    role: Role
    reason: str = ""
    plan_sha256: str | None = None
    document_sha256: str | None = None
    revision: int | None = None
    second_actor: str | None = None


class Resume(Message):
    """Where a further run of a change goes on: as the record has it, by whose decision.

    `begun` are the steps that may stand at vendors, `done` those that do. `undoing` is how the
    change was about to end, if it was being undone.
    """

    decision: Decision
    status: ChangeStatus
    document_version: int = 0
    begun: tuple[Step, ...] = ()
    done: tuple[Step, ...] = ()
    approved: bool = False
    ticket_open: bool = False
    attempt_group: int = 1
    round: int = 0
    parkings: int = 0
    undoing: ChangeStatus | None = None
    undoing_reason: str = ""


class ServiceChangeInput(Message):
    """Starts the workflow of one accepted change, or a further run of it."""

    change_id: str
    account_id: str
    kind: ChangeKind
    submitted_by: str
    patience: Patience = Patience()
    resume: Resume | None = None


class ServiceChangeResult(Message):
    """How a change ended."""

    status: ChangeStatus
    reason: str


class CheckInput(Message):
    """One check of one round."""

    change_id: str
    round: int


class CheckResult(Message):
    """What a check says, and who could do what about it."""

    name: CheckName
    system: System
    outcome: CheckOutcome
    code: str
    sentence: str
    party: str = ""
    """Who has to move when it is blocked."""


class Waiting(Message):
    """Somebody who has to bring something."""

    party: str
    what: str


class TicketInput(Message):
    """Say in a ticket what is missing: a new ticket, or a comment on the open one."""

    change_id: str
    round: int
    missing: tuple[Waiting, ...]


class StepInput(Message):
    """Carry out one effect, or its reversal."""

    change_id: str
    attempt_group: int = 1
    reason: str = ""


class EffectResult(Message):
    """An effect that stands at a vendor; an empty reference: there was nothing to undo."""

    step: Step
    vendor_reference: str


class ApprovalRequest(Message):
    """What a person is asked to approve."""

    plan_sha256: str
    document_version: int
    document_sha256: str | None
    due_at: datetime


class ApprovalInput(Message):
    """Ask operations for an approval."""

    change_id: str
    round: int
    due_at: datetime


class NoticeKind(StrEnum):
    """Why operations are told something."""

    APPROVAL_REQUESTED = "approval_requested"
    APPROVAL_REMINDER = "approval_reminder"
    NEEDS_ATTENTION = "needs_attention"
    STALLED = "stalled"


class NotifyInput(Message):
    """Tell operations, by every channel configured, about the n-th notice of its kind."""

    change_id: str
    kind: NoticeKind
    sequence: int


class DecisionResult(Message):
    """Where the change stood once the decision was recorded; `refused` says why it was not taken.

    A decision can be refused that late only because the record had moved on meanwhile.
    """

    status: ChangeStatus
    refused: str = ""


class FailureDetails(Message):
    """What the engine may keep of a failed step; the vendor's words stay in our database."""

    code: FailureCode
    system: System
    step: str
    reason: str = ""


class Parking(Message):
    """A change that stands still, for the n-th time, and the status it goes on from."""

    sequence: int
    failure: FailureDetails
    resumes: ChangeStatus


class TransitionInput(Message):
    """Record a new status with everything a person needs to understand it."""

    change_id: str
    to: ChangeStatus
    actor: str
    actor_kind: str
    reason: str
    waiting_on: tuple[Waiting, ...] = ()
    next_action: str | None = None
    due_at: datetime | None = None
    decision: Decision | None = None
    parking: Parking | None = None
    ends: ChangeStatus | None = None
    """Where an undoing leads, for a further run to know."""


class TransitionResult(Message):
    """Whether the step was recorded; if not, why the decision it rests on no longer holds."""

    recorded: bool = True
    why: str = ""


class RefusedDecision(Message):
    """A decision that came by Signal and does not fit; it is put on record."""

    change_id: str
    decision: Decision
    why: str


class LookAgain(Message):
    """Something happened that may unblock the change: a document, or a vendor's event."""

    cause: str
    reference: str


class Revised(Message):
    """A document version came after the approval; it waits for a decision."""

    version: int


class RevisionInput(Message):
    """Plan anew for the document version that is current now."""

    change_id: str
    attempt_group: int = 1


class RevisionResult(Message):
    """The steps that stand and would be asked differently under the new version."""

    differing: tuple[Step, ...]


class EngineName:
    """The engine's names for our workflow and its messages, written out once."""

    WORKFLOW = "ServiceChangeWorkflow"
    DECIDE = "decide"
    SUBMIT_DECISION = "submit_decision"
    LOOK_AGAIN = "look_again"
    REVISED = "revised"
    RESUMED = "resumed"
    STATUS = "status"
    STATUS_ATTRIBUTE = "ThroughlineStatus"
    KIND_ATTRIBUTE = "ThroughlineKind"
    ACCOUNT_ATTRIBUTE = "ThroughlineAccountId"
