"""Finds out what became of an effect that was begun and never closed, and says so on record."""

from temporalio import activity

from activities.calls import VendorCalls
from activities.records import Records, RecordTransaction
from domain.records import EffectState, Finding
from domain.service_change import EffectStatus
from domain.settling import ENDED_WITHOUT, SETTLED_BY, SettleInput, SettleResult
from domain.steps import SYSTEM_OF, Step
from domain.vendor_values import EffectEvidence
from domain.verdicts import Outcome
from domain.wording import upper_first, words

_ACTION = "settle_effect"
_FOUND = {
    Outcome.APPLIED: "{step} turned out to stand at {system}.",
    Outcome.NOT_APPLIED: "{step} never took place at {system}.",
    Outcome.UNKNOWN: "{system} cannot be asked whether {step} took place; a person finds out.",
}
_DIFFERENCE = " The change ended without it, and nothing undoes it: a difference, for a person."
_UNDONE = " The change ended without it; it is undone."


class SettleActivities:
    """The record, completed from the vendors' own word."""

    def __init__(self, records: Records, calls: VendorCalls) -> None:
        self._records = records
        self._calls = calls

    @activity.defn(name="settle_effect")
    async def settle_effect(self, what: SettleInput) -> SettleResult:
        """Look the effect up and close it, audited. Safe to repeat. Raises vendor failures.

        What stands although its change ended without it comes back with the step that undoes it.
        """
        async with self._records.begin() as record:
            change = await record.load(what.change_id)
            state = await record.effect(what.effect_key)
        if state is None:
            raise KeyError(what.effect_key)
        unwanted = change.status in ENDED_WITHOUT and state.status is not EffectStatus.REVERSED
        undo = SETTLED_BY.get(state.step) if unwanted else None

        async def keep(
            record: RecordTransaction, known: Outcome, evidence: EffectEvidence | None
        ) -> None:
            reference = evidence.vendor_reference if evidence else ""
            await record.note(change.id, _finding(state, known, reference, _left(unwanted, undo)))

        known = await self._calls.settle_effect(change, state, keep)
        if known is Outcome.UNKNOWN:
            async with self._records.begin() as record:
                await record.leave_effect_open_no_longer(state.key)
                await keep(record, known, None)
        return SettleResult(outcome=known, undo=undo if known is Outcome.APPLIED else None)


def _left(unwanted: bool, undo: Step | None) -> str:
    """What has to be said of an effect that should not stand; nothing of any other."""
    if not unwanted:
        return ""
    return _UNDONE if undo else _DIFFERENCE


def _finding(state: EffectState, known: Outcome, reference: str, left: str) -> Finding:
    stands = known is Outcome.APPLIED
    told = _FOUND[known].format(step=words(state.step), system=SYSTEM_OF[state.step].spoken)
    return Finding(
        action=_ACTION,
        outcome="difference" if stands and left == _DIFFERENCE else str(known),
        effect_key=state.key,
        reference=reference,
        sentence=upper_first(told) + (left if stands else ""),
    )
