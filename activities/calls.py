"""How every vendor is called: intent before, evidence after, look-up before a repeat."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from activities.failures import internal_failure, vendor_failure
from activities.records import Records, RecordTransaction
from domain.errors import (
    FieldOwnershipError,
    OutcomeUnknownError,
    UnrecognisedPayloadError,
    VendorError,
    VendorRejectedError,
    VendorThrottledError,
)
from domain.field_ownership import require_writable
from domain.identifiers import System
from domain.messages import EffectResult, StepInput
from domain.records import Attempt, ChangeRecord, EffectIntent
from domain.service_change import EffectStatus
from domain.steps import SYSTEM_OF, WRITES, Step
from domain.vendor_values import EffectEvidence, VendorCall

Answer = TypeVar("Answer")
Clock = Callable[[], datetime]


Find = Callable[[VendorCall], Awaitable[EffectEvidence | None]]


@dataclass(frozen=True, slots=True)
class AppliedEffect:
    """An effect that stands at a vendor."""

    key: str
    step: Step
    vendor_reference: str
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Effect:
    """One effect ready to be carried out. `apply` does it, `find` looks whether it is done."""

    intent: EffectIntent
    apply: Callable[[VendorCall], Awaitable[EffectEvidence]]
    find: Find
    then: Callable[[RecordTransaction, EffectEvidence], Awaitable[None]] | None = None
    """What else is recorded, in the transaction that records the evidence."""


Prepare = Callable[[RecordTransaction, ChangeRecord], Awaitable[Effect]]

_AFTER_FAILURE = {
    VendorRejectedError: EffectStatus.REFUSED,
    OutcomeUnknownError: EffectStatus.UNKNOWN,
    # The answer could not be read, so whether the effect took place is not known either.
    UnrecognisedPayloadError: EffectStatus.UNKNOWN,
}


@dataclass(frozen=True, slots=True)
class _Try:
    """One try under way."""

    change_id: str
    system: System
    step: str
    started_at: datetime
    call: VendorCall

    def ended(self, at: datetime, error: VendorError | None = None) -> Attempt:
        """The try as it goes on record."""
        retry_at = (
            at + timedelta(seconds=error.retry_after)
            if isinstance(error, VendorThrottledError)
            else None
        )
        return Attempt(
            change_id=self.change_id,
            system=self.system,
            step=self.step,
            started_at=self.started_at,
            finished_at=at,
            effect_key=self.call.idempotency_key,
            code=error.code if error else None,
            reason=error.reason if error else "",
            words=error.words if error else "",
            http_status=error.http_status if error else None,
            retry_at=retry_at,
            exchanges=self.call.exchanges,
        )


class VendorCalls:
    """Carries out reads and effects with the same bookkeeping for every system."""

    def __init__(self, records: Records, clock: Clock) -> None:
        self._records = records
        self._clock = clock

    async def ask(
        self,
        change: ChangeRecord,
        system: System,
        step: str,
        question: Callable[[VendorCall], Awaitable[Answer]],
    ) -> tuple[Answer, Attempt]:
        """Read something. The attempt returned is for the transaction that keeps the answer.

        Raises the engine failure for whatever the vendor did instead, already on record.
        """
        call = VendorCall(change.correlation_id)
        this = _Try(change.id, system, step, self._clock(), call)
        try:
            answer = await question(call)
        except VendorError as error:
            async with self._records.begin() as record:
                await record.save_attempt(this.ended(self._clock(), error))
            raise vendor_failure(error, step) from None
        return answer, this.ended(self._clock())

    async def perform(self, step: StepInput, prepare: Prepare) -> EffectResult:
        """Carry out one effect exactly once, however often this is called.

        A finished effect is answered from the record. A further try looks the effect up at the
        vendor first, since an earlier one may have succeeded without our hearing of it.
        """
        async with self._records.begin() as record:
            change = await record.load(step.change_id)
            effect = await prepare(record, change)
            intent = effect.intent
            try:
                require_writable(WRITES[intent.step])
            except FieldOwnershipError as error:
                raise internal_failure(intent.step, str(error)) from error
            state = await record.intend(intent)
        if state.status is EffectStatus.APPLIED and state.vendor_reference is not None:
            return EffectResult(step=intent.step, vendor_reference=state.vendor_reference)

        call = VendorCall(change.correlation_id, idempotency_key=intent.key)
        this = _Try(change.id, intent.system, intent.step, self._clock(), call)
        try:
            evidence = await effect.find(call) if state.attempts > 1 else None
            if evidence is None:
                evidence = await effect.apply(call)
        except VendorError as error:
            status = _AFTER_FAILURE.get(type(error))
            async with self._records.begin() as record:
                if status is not None:
                    await record.close_effect(intent.key, status)
                await record.save_attempt(this.ended(self._clock(), error))
            raise vendor_failure(error, intent.step) from None
        async with self._records.begin() as record:
            await record.close_effect(intent.key, EffectStatus.APPLIED, evidence)
            await record.save_attempt(this.ended(self._clock()))
            if effect.then is not None:
                await effect.then(record, evidence)
        return EffectResult(step=intent.step, vendor_reference=evidence.vendor_reference)

    async def settle(self, change_id: str, step: Step, find: Find) -> AppliedEffect | None:
        """The effect of a step as it stands at the vendor; None if it never took place.

        Where the record cannot tell, the vendor is asked and the record completed. Safe to
        repeat. Raises the engine failure for whatever the vendor did instead.
        """
        async with self._records.begin() as record:
            change = await record.load(change_id)
            state = await record.effect_of(change_id, step)
        if state is None or state.status in {EffectStatus.REFUSED, EffectStatus.SKIPPED}:
            return None
        if state.status in {EffectStatus.APPLIED, EffectStatus.REVERSED}:
            return AppliedEffect(state.key, step, state.vendor_reference or "", state.facts)
        call = VendorCall(change.correlation_id, idempotency_key=state.key)
        this = _Try(change.id, SYSTEM_OF[step], step, self._clock(), call)
        try:
            evidence = await find(call)
        except VendorError as error:
            async with self._records.begin() as record:
                await record.save_attempt(this.ended(self._clock(), error))
            raise vendor_failure(error, step) from None
        async with self._records.begin() as record:
            status = EffectStatus.APPLIED if evidence else EffectStatus.SKIPPED
            await record.close_effect(state.key, status, evidence)
            await record.save_attempt(this.ended(self._clock()))
        if evidence is None:
            return None
        return AppliedEffect(state.key, step, evidence.vendor_reference, evidence.facts)
