"""Our own record, as activities need it: one transaction, committed when the block ends well."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

from domain.errors import VendorError
from domain.identifiers import System
from domain.messages import CheckResult, RefusedDecision, TransitionInput, TransitionResult
from domain.pauses import Traffic
from domain.plan import Plan
from domain.records import (
    Attempt,
    ChangeRecord,
    EffectIntent,
    EffectState,
    Finding,
    OperationsNotice,
    Waited,
)
from domain.service_change import EffectStatus
from domain.steps import Step
from domain.vendor_values import EffectEvidence
from domain.verdicts import Repeatability


class RecordTransaction(Protocol):
    """What one transaction can do. Everything is safe to repeat."""

    async def load(self, change_id: str) -> ChangeRecord:
        """The change as it stands. Raises KeyError for an unknown id."""
        ...

    async def transition(self, step: TransitionInput) -> TransitionResult:
        """Move the status, take the decision and write the audit entry; nothing if that is done.

        A decision that no longer fits what is on record is refused there, and nothing moves.
        Raises TransitionError for a step that the transition table does not hold.
        """
        ...

    async def refuse(self, refused: RefusedDecision) -> None:
        """Put a decision that does not fit on record."""
        ...

    async def save_check(
        self, change_id: str, round_: int, result: CheckResult, facts: Mapping[str, Any]
    ) -> None:
        """Keep the answer of one check of one round, and what it found out for the plan."""
        ...

    async def check_facts(self, change_id: str, round_: int) -> Mapping[str, Mapping[str, Any]]:
        """What the checks of a round found out, by check name."""
        ...

    async def save_plan(self, change_id: str, plan: Plan, *, approved: bool = False) -> None:
        """Keep what an approval will be about, or what it is about now."""
        ...

    async def queue_notice(self, notice: OperationsNotice) -> frozenset[str]:
        """Put an item in the operations queue; the channels it already went out by."""
        ...

    async def mark_delivered(self, notice: OperationsNotice, channel: str) -> None:
        """Note that the item went out by that channel."""
        ...

    async def mark_undelivered(self, notice: OperationsNotice, channel: str, why: str) -> None:
        """Note that the item could not go out by that channel, so far; the last reason counts."""
        ...

    async def intend(self, intent: EffectIntent, repeatability: Repeatability) -> EffectState:
        """Write the effect before the call, or count a further attempt of it.

        The try that begins is in doubt until `close_effect` says what became of it.
        """
        ...

    async def close_effect(
        self,
        key: str,
        status: EffectStatus,
        evidence: EffectEvidence | None = None,
        *,
        in_doubt: bool = False,
    ) -> None:
        """Complete the effect after the call; a reversal also marks what it reversed.

        `in_doubt`: the try that ended may have done it all the same; the next one looks first.
        """
        ...

    async def effect_of(self, change_id: str, step: Step) -> EffectState | None:
        """The latest effect of a step, or None if it was never attempted."""
        ...

    async def effect(self, key: str) -> EffectState | None:
        """The effect under a key, with its subject, or None."""
        ...

    async def leave_effect_open_no_longer(self, key: str) -> None:
        """Give up finding out what became of an effect; it stays unknown, for a person."""
        ...

    async def note(self, change_id: str, finding: Finding) -> None:
        """Put on the change's audit trail what was found out about one of its effects."""
        ...

    async def pass_gate(self, system: System, caller: str) -> Waited | None:
        """Let the caller through to the vendor, or say until when it has to wait."""
        ...

    async def traffic(self, scope: str) -> Traffic:
        """What stands between the vendors and a call that is about no change on record.

        `scope` names the pauses that concern it, beside those of systems and of everything.
        """
        ...

    async def report_call(
        self, system: System, caller: str, error: VendorError | None
    ) -> Waited | None:
        """Move the vendor's gate by what came of a call; how long it is closed now, if it is."""
        ...

    async def show_waiting(
        self, change_id: str, party: str, what: str, next_action: str, pause: str | None = None
    ) -> None:
        """Show on the change whom it waits for; once per party. Nothing if it has ended."""
        ...

    async def show_no_waiting(self, change_id: str, system: System) -> None:
        """The change waits neither for that system any longer nor for its being resumed."""
        ...

    async def save_attempt(self, attempt: Attempt) -> None:
        """Keep one try; a failed one becomes the change's failure, a good one clears it."""
        ...

    async def save_ticket(self, change_id: str, reference: str, subject: str) -> None:
        """Keep an opened ticket."""
        ...

    async def close_ticket(self, change_id: str, reference: str) -> None:
        """Mark a ticket closed."""
        ...


class Records(Protocol):
    """Opens transactions."""

    def begin(self) -> AbstractAsyncContextManager[RecordTransaction]:
        """One transaction; it rolls back when the block raises."""
        ...


class DocumentVault(Protocol):
    """Where the bytes of documents are."""

    async def sha256(self, storage_key: str) -> str | None:
        """Hash of what is stored now; None if nothing is."""
        ...


class Announcer(Protocol):
    """One way to tell operations something."""

    channel: str

    async def announce(self, notice: OperationsNotice) -> None:
        """Deliver once; `notice.id` lets the receiver recognise a repeat. Raises NoticeError."""
        ...
