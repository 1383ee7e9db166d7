"""Retrying many dead letters at once, as a canary: states, stages and verdicts. Rules only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from domain.decisions import DecisionState
from domain.errors import FailureCode
from domain.permissions import ACTION_RULES, Refusal, Situation, needs_second_person, permission
from domain.service_change import Action, ChangeStatus, Role
from domain.wording import words


class ReplayState(StrEnum):
    """Where a replay stands. `stopped` is what it did by itself, `cancelled` what a person did."""

    DRY_RUN = "dry_run"
    RUNNING = "running"
    SUSPENDED = "suspended"
    STOPPED = "stopped"
    CANCELLED = "cancelled"
    DONE = "done"


class ItemState(StrEnum):
    """What became of one dead letter of a replay.

    `passed_over`: it had moved on when its turn came, or the retry no longer fitted; nothing was
    retried. `not_reached`: the replay ended before its turn.
    """

    ELIGIBLE = "eligible"
    NOT_ELIGIBLE = "not_eligible"
    WAITING = "waiting"
    RETRYING = "retrying"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    PASSED_OVER = "passed_over"
    NOT_REACHED = "not_reached"


class Steering(StrEnum):
    """What a person may do to a replay under way."""

    SUSPEND = "suspend"
    RESUME = "resume"
    CANCEL = "cancel"


UNDER_WAY: Final = frozenset({ReplayState.RUNNING, ReplayState.SUSPENDED})
CLAIMED: Final = frozenset({ItemState.WAITING, ItemState.RETRYING})
"""A dead letter of a replay that is in one of these belongs to it; no other replay takes it."""

STEERING: Final[Mapping[Steering, tuple[frozenset[ReplayState], ReplayState]]] = {
    Steering.SUSPEND: (frozenset({ReplayState.RUNNING}), ReplayState.SUSPENDED),
    Steering.RESUME: (frozenset({ReplayState.SUSPENDED}), ReplayState.RUNNING),
    Steering.CANCEL: (UNDER_WAY, ReplayState.CANCELLED),
}
"""From which states an action leads where; elsewhere it does not fit."""


@dataclass(frozen=True, slots=True)
class SteeringRefusal:
    """Why a caller may not do something to a replay: their rights, or how it stands."""

    refusal: Refusal
    sentence: str


def steering_refusal(
    action: Steering, state: ReplayState, *, role: Role, is_own: bool
) -> SteeringRefusal | None:
    """Why this is not to be done; None if it may be. Support steers its own replays alone."""
    if role not in ACTION_RULES[Action.RETRY].roles:
        roles = ", ".join(sorted(ACTION_RULES[Action.RETRY].roles))
        return SteeringRefusal(Refusal.FORBIDDEN, f"This needs one of the roles: {roles}.")
    if role is Role.SUPPORT and not is_own:
        return SteeringRefusal(
            Refusal.FORBIDDEN, "Support steers its own replays; ask an operator."
        )
    if state not in STEERING[action][0]:
        return SteeringRefusal(
            Refusal.NOT_APPLICABLE,
            f"{action.capitalize()} does not fit a replay that is {words(state)}.",
        )
    return None


# --- which dead letters may be retried ---


class EligibilityRule(StrEnum):
    """The rule by which a dead letter may be retried, or may not."""

    MAY_BE_RETRIED = "may_be_retried"
    REVISION_PENDING = "revision_pending"
    IN_ANOTHER_REPLAY = "in_another_replay"
    MOVED_ON = "moved_on"
    NOT_PERMITTED = "not_permitted"
    UNVERIFIABLE = "unverifiable"


@dataclass(frozen=True, slots=True)
class Eligibility:
    """A rule and its sentence about one dead letter."""

    rule: EligibilityRule
    sentence: str

    @property
    def eligible(self) -> bool:
        """Whether it may be retried."""
        return self.rule is EligibilityRule.MAY_BE_RETRIED


@dataclass(frozen=True, slots=True)
class Candidate:
    """A dead letter that was selected: how its change stands, and who else retries it."""

    now: Situation
    still_open: bool
    other_replay: str | None = None
    unverifiable: bool = False
    """Nobody knows whether its effect took place, nor can the system be asked."""


def eligibility(candidate: Candidate, *, role: Role, principal: str) -> Eligibility:
    """May this caller have the dead letter retried, by a replay and now?"""
    now = candidate.now
    if not candidate.still_open:
        return Eligibility(EligibilityRule.MOVED_ON, "It no longer stands still.")
    if candidate.other_replay is not None:
        return Eligibility(
            EligibilityRule.IN_ANOTHER_REPLAY, f"{candidate.other_replay} is about to retry it."
        )
    may = permission(Action.RETRY, role=role, principal=principal, now=now)
    if may.allowed and candidate.unverifiable:
        return Eligibility(
            EligibilityRule.UNVERIFIABLE,
            "Whether it was done has to be found out first, one change at a time.",
        )
    if may.allowed:
        return Eligibility(EligibilityRule.MAY_BE_RETRIED, "")
    if may.refusal is Refusal.FORBIDDEN:
        rule = EligibilityRule.NOT_PERMITTED
    elif now.parked_code is FailureCode.REVISION_PENDING:
        rule = EligibilityRule.REVISION_PENDING
    else:
        rule = EligibilityRule.MOVED_ON
    return Eligibility(rule, may.reason or "")


UNSAFE: Final = frozenset(
    {
        EligibilityRule.REVISION_PENDING,
        EligibilityRule.NOT_PERMITTED,
        EligibilityRule.UNVERIFIABLE,
    }
)
"""Rules by which a caller who may only retry what is safe may not replay the selection at all."""


def retry_needs_second_person() -> bool:
    """Whether retrying what stands still would wait for a colleague, even after billing."""
    strictest = Situation(ChangeStatus.NEEDS_ATTENTION, submitted_by="", billed=True)
    return needs_second_person(Action.RETRY, strictest)


# --- in which order ---


@dataclass(frozen=True, slots=True)
class Stage:
    """A part of a replay. `size` None: all the rest.

    It goes wrong with more failures than both `tolerated` and the `share` of those judged.
    """

    number: int
    size: int | None
    tolerated: int
    share: float = 0.0


STAGES: Final = (Stage(1, 1, 0), Stage(2, 10, 1), Stage(3, None, 1, 0.1))
"""One, then ten, then the rest: a wrong guess costs one change, a half-right one a handful."""


@dataclass(frozen=True, slots=True)
class StageTally:
    """What became of the items a stage has retried."""

    retrying: int = 0
    succeeded: int = 0
    failed: int = 0

    @property
    def begun(self) -> int:
        """Items retried, judged or not."""
        return self.retrying + self.succeeded + self.failed


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a replay is. A stage that has not begun may be missing."""

    waiting: int
    stages: Mapping[int, StageTally] = field(default_factory=dict)

    def of(self, stage: Stage) -> StageTally:
        """The tally of a stage."""
        return self.stages.get(stage.number, StageTally())


class MoveKind(StrEnum):
    """What a replay does next."""

    RETRY = "retry"
    WAIT = "wait"
    STOP = "stop"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Move:
    """The next thing to do: the stage to retry in and for how many it has room (None: for all).

    Or the sentence of a stop.
    """

    kind: MoveKind
    stage: int | None = None
    room: int | None = None
    sentence: str = ""


def next_move(progress: Progress) -> Move:
    """What comes next, judging every stage by what is known of it.

    A stage begins only once every item of the one before has come to a verdict.
    """
    for stage in STAGES:
        tally = progress.of(stage)
        judged = tally.succeeded + tally.failed
        if tally.failed > max(stage.tolerated, stage.share * judged):
            return Move(MoveKind.STOP, sentence=_stopped(stage, tally))
    under_way = any(progress.of(stage).retrying for stage in STAGES)
    if progress.waiting == 0:
        return Move(MoveKind.WAIT if under_way else MoveKind.DONE)
    for stage in STAGES:
        tally = progress.of(stage)
        if stage.size is None:
            return Move(MoveKind.RETRY, stage.number)
        if tally.begun < stage.size:
            return Move(MoveKind.RETRY, stage.number, room=stage.size - tally.begun)
        if tally.retrying:
            return Move(MoveKind.WAIT)
    return Move(MoveKind.WAIT)


def _stopped(stage: Stage, tally: StageTally) -> str:
    if stage.number == 1:
        return "Stopped by itself: the first one failed, so nothing else was retried."
    judged = tally.succeeded + tally.failed
    return f"Stopped by itself in stage {stage.number}: {tally.failed} of {judged} failed."


# --- how a retry went ---


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What is on record of a change since its retry was decided.

    `then`: the first status it took after the one it went on in, and `then_by` the person who
    had it take that, if one did. `step_done`: the step it stood still at has worked since.
    """

    decision: DecisionState
    why: str
    letter_closed: bool
    resumes: ChangeStatus
    status: ChangeStatus
    ended: bool
    step_done: bool = False
    then: ChangeStatus | None = None
    then_by: str | None = None
    stands_still: str | None = None
    """Why it stands still again, if it does."""


@dataclass(frozen=True, slots=True)
class ItemVerdict:
    """What a replay concludes about one item."""

    state: ItemState
    detail: str


def verdict(after: Aftermath) -> ItemVerdict | None:
    """How the retry went; None while that cannot be said.

    It went well when the change has gone past the step it stood still at, whatever came later. A
    change that is undone because the retried step was refused has an end, but not a good one.
    """
    if after.decision is DecisionState.TAKEN:
        return _since(after)
    if after.decision is DecisionState.REFUSED:
        return ItemVerdict(ItemState.PASSED_OVER, after.why)
    if after.letter_closed:
        return ItemVerdict(ItemState.PASSED_OVER, "Somebody had it go on before the replay.")
    return None


def _since(after: Aftermath) -> ItemVerdict | None:
    """How it went once the retry was taken."""
    if after.step_done:
        later = f" It stands still again {after.stands_still}." if after.stands_still else ""
        return ItemVerdict(ItemState.SUCCEEDED, f"Past the step.{later}")
    if after.then is not None:
        return _moved(after, after.then)
    if after.ended:
        return ItemVerdict(ItemState.SUCCEEDED, f"Came to its end: {words(after.status)}.")
    return None


def _moved(after: Aftermath, then: ChangeStatus) -> ItemVerdict:
    """How it went, by the first status it took after the one it went on in."""
    if then is ChangeStatus.NEEDS_ATTENTION:
        return ItemVerdict(ItemState.FAILED, f"Stands still again {after.stands_still}.")
    if after.then_by is not None:
        sentence = f"{after.then_by} decided otherwise: {words(then)}."
        return ItemVerdict(ItemState.PASSED_OVER, sentence)
    was_undone = after.resumes is ChangeStatus.COMPENSATING
    if then is ChangeStatus.COMPENSATING and not was_undone:
        return ItemVerdict(ItemState.FAILED, "The step was refused, and the change is undone.")
    return ItemVerdict(ItemState.SUCCEEDED, f"Went on: {words(then)}.")
