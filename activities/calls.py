"""How every vendor is called: intent before, evidence after, look-up before a repeat."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TypeVar

from temporalio.exceptions import ApplicationError

from activities.failures import internal_failure, unverifiable, vendor_failure
from activities.look_ups import Find, LookUps, keep_found
from activities.passage import Passage
from activities.records import Records, RecordTransaction
from activities.tries import AppliedEffect, Effect, Prepare, Try
from domain.errors import (
    FailureCode,
    FieldOwnershipError,
    OutcomeUnknownError,
    UnrecognisedPayloadError,
    VendorError,
    VendorRejectedError,
)
from domain.field_ownership import require_writable
from domain.identifiers import EffectKey, System
from domain.messages import EffectResult, StepInput
from domain.records import Attempt, ChangeRecord, EffectState
from domain.service_change import EffectStatus
from domain.steps import SYSTEM_OF, WRITES, Step
from domain.vendor_values import EffectEvidence, VendorCall
from domain.verdicts import IN_DOUBT, Outcome, Repeatability, leaves_doubt

__all__ = ["AppliedEffect", "Clock", "Effect", "Find", "Prepare", "VendorCalls"]

Answer = TypeVar("Answer")
Clock = Callable[[], datetime]
Then = Callable[[RecordTransaction, Outcome, EffectEvidence | None], Awaitable[None]]

_AFTER_FAILURE = {
    VendorRejectedError: EffectStatus.REFUSED,
    OutcomeUnknownError: EffectStatus.UNKNOWN,
    # The answer could not be read, so whether the effect took place is not known either.
    UnrecognisedPayloadError: EffectStatus.UNKNOWN,
}


class VendorCalls:
    """Carries out reads and effects with the same bookkeeping for every system.

    Before each call stands the passage: pauses by people, and the vendor's gate, which every
    change shares. A step that may not pass fails without a call and without an attempt on record.
    """

    def __init__(
        self,
        records: Records,
        clock: Clock,
        look_ups: LookUps | None = None,
    ) -> None:
        self._records = records
        self._clock = clock
        self._look_ups = look_ups or LookUps()
        self._passage = Passage(records)

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
        await self._passage.enter(change, system, step)
        call = VendorCall(change.correlation_id)
        this = Try(change, system, step, self._clock(), call)
        try:
            answer = await question(call)
        except VendorError as error:
            raise await self._asked_in_vain(this, error) from None
        await self._passage.answered(change, system)
        return answer, this.ended(self._clock())

    async def perform(self, step: StepInput, prepare: Prepare) -> EffectResult:
        """Carry out one effect exactly once, however often this is called.

        A finished effect is answered from the record. Where an earlier try may have succeeded
        without our hearing of it, the vendor is asked first; where it cannot be asked, a person
        is. What else of the change is unsettled at that vendor is settled before.
        """
        entered = False
        while True:
            async with self._records.begin() as record:
                change = await record.load(step.change_id)
                effect = await prepare(record, change)
                intent = effect.intent
                _require_writable(intent.step)
                unsettled = _unsettled(change, intent.system, intent.key)
                way_is_free = entered or change.traffic.is_free(intent.system)
                free = way_is_free and not unsettled
                repeatability = self._look_ups.repeatability(intent.step)
                state = (
                    await record.intend(intent, repeatability)
                    if free
                    else await record.effect(intent.key)
                )
            if state and state.status is EffectStatus.APPLIED and state.vendor_reference:
                return EffectResult(step=intent.step, vendor_reference=state.vendor_reference)
            if free and state is not None:
                break
            await self._passage.enter(change, intent.system, intent.step)
            entered = True
            for key in unsettled:
                await self._settle_first(change, key)
        return await self._carry_out(change, effect, state)

    async def _carry_out(
        self, change: ChangeRecord, effect: Effect, state: EffectState
    ) -> EffectResult:
        intent = effect.intent
        repeatability = self._look_ups.repeatability(intent.step)
        call = VendorCall(change.correlation_id, idempotency_key=intent.key)
        this = Try(change, intent.system, intent.step, self._clock(), call)
        in_doubt = state.in_doubt > 1  # one is the try that begins here
        if in_doubt and repeatability is Repeatability.NEITHER:
            raise await self._left_to_a_person(this, intent.key)
        try:
            look = in_doubt and repeatability is Repeatability.LOOK_UP
            evidence = await effect.find(call) if look else None
            if evidence is None:
                evidence = await effect.apply(call)
        except VendorError as error:
            raise await self._failed(this, intent.key, repeatability, error) from None
        await self._passage.answered(change, intent.system)
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
        if state is None or _never_took_place(state):
            return None
        if state.outcome is Outcome.APPLIED:
            return AppliedEffect(state.key, step, state.vendor_reference or "", state.facts)
        evidence = await self._find_out(change, state, find)
        if evidence is None:
            return None
        return AppliedEffect(state.key, step, evidence.vendor_reference, evidence.facts)

    async def settle_effect(
        self, change: ChangeRecord, state: EffectState, then: Then | None = None
    ) -> Outcome:
        """Find out what became of one effect that was left open, and complete the record.

        UNKNOWN where its vendor cannot be asked. `then` shares the transaction that completes it.
        Safe to repeat. Raises the engine failure for whatever the vendor did instead.
        """
        if state.outcome is Outcome.APPLIED or _never_took_place(state):
            return state.outcome
        find = self._look_ups.find(state)
        if find is None and state.outcome is Outcome.UNKNOWN:
            return Outcome.UNKNOWN
        evidence = await self._find_out(change, state, find, then)
        return Outcome.APPLIED if evidence else Outcome.NOT_APPLIED

    async def _settle_first(self, change: ChangeRecord, key: str) -> None:
        """Settle another effect of the change, which the one that is about to begin builds on."""
        async with self._records.begin() as record:
            state = await record.effect(key)
        if state is not None and await self.settle_effect(change, state) is Outcome.UNKNOWN:
            raise unverifiable(SYSTEM_OF[state.step], state.step)

    async def _find_out(
        self,
        change: ChangeRecord,
        state: EffectState,
        find: Find | None,
        then: Then | None = None,
    ) -> EffectEvidence | None:
        """Look an effect up, unless it is certain that no try of it did anything."""
        system = SYSTEM_OF[state.step]
        call = VendorCall(change.correlation_id, idempotency_key=state.key)
        this = Try(change, system, state.step, self._clock(), call)
        evidence = None
        asked = state.outcome is Outcome.UNKNOWN
        if asked:
            if (
                find is None
                or self._look_ups.repeatability(state.step) is not Repeatability.LOOK_UP
            ):
                raise unverifiable(system, state.step)
            await self._passage.enter(change, system, state.step)
            try:
                evidence = await find(call)
            except VendorError as error:
                raise await self._asked_in_vain(this, error) from None
            await self._passage.answered(change, system)
        async with self._records.begin() as record:
            status = EffectStatus.APPLIED if evidence else EffectStatus.SKIPPED
            await record.close_effect(state.key, status, evidence)
            if asked:
                await record.save_attempt(this.ended(self._clock()))
            if evidence is not None:
                await keep_found(record, change, state, evidence)
            if then is not None:
                known = Outcome.APPLIED if evidence else Outcome.NOT_APPLIED
                await then(record, known, evidence)
        return evidence

    async def _asked_in_vain(self, this: Try, error: VendorError) -> ApplicationError:
        """Keep what a read or look-up ended with; the failure to raise."""
        closed_for = await self._passage.failed(this.change, this.system, error)
        async with self._records.begin() as record:
            await record.save_attempt(this.ended(self._clock(), error))
        return vendor_failure(error, this.step, closed_for=closed_for)

    async def _failed(
        self, this: Try, key: str, repeatability: Repeatability, error: VendorError
    ) -> ApplicationError:
        """Keep what an effect's try ended with, and what is known of the effect now."""
        closed_for = await self._passage.failed(this.change, this.system, error)
        partly_done = this.has_written and not isinstance(error, VendorRejectedError)
        unknown = partly_done or error.code in IN_DOUBT
        status = _AFTER_FAILURE.get(type(error), EffectStatus.INTENDED)
        async with self._records.begin() as record:
            await record.close_effect(
                key,
                EffectStatus.UNKNOWN if unknown else status,
                in_doubt=leaves_doubt(error.code, repeatability, partly_done=partly_done),
            )
            code = None
            if unknown and repeatability is Repeatability.NEITHER:
                code = FailureCode.UNVERIFIABLE
            await record.save_attempt(this.ended(self._clock(), error, code))
        return vendor_failure(error, this.step, closed_for=closed_for, code=code)

    async def _left_to_a_person(self, this: Try, key: str) -> ApplicationError:
        """An earlier try was cut off, and this vendor cannot be asked what became of it."""
        error = OutcomeUnknownError(
            this.system,
            "An earlier try was cut off before its outcome was on record, and this system can "
            "neither be asked whether it was done nor told to do it only once.",
        )
        async with self._records.begin() as record:
            # Both tries: the one cut off is a person's now, and this one has called nobody.
            await record.close_effect(key, EffectStatus.INTENDED)
            await record.close_effect(key, EffectStatus.UNKNOWN)
            await record.save_attempt(this.ended(self._clock(), error, FailureCode.UNVERIFIABLE))
        return unverifiable(this.system, this.step)


def _require_writable(step: Step) -> None:
    try:
        require_writable(WRITES[step])
    except FieldOwnershipError as error:
        raise internal_failure(step, str(error)) from error


def _unsettled(change: ChangeRecord, system: System, own: str) -> list[str]:
    """Keys of the change's other effects at the system of which nobody knows what became."""
    return [
        key
        for key in change.unsettled
        if key != own and SYSTEM_OF[Step(EffectKey.parse(key).step)] is system
    ]


def _never_took_place(state: EffectState) -> bool:
    closed = {EffectStatus.REFUSED, EffectStatus.SKIPPED}
    return state.status in closed and state.outcome is Outcome.NOT_APPLIED
