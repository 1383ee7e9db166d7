"""Builds the intent of an effect or its reversal from the record. The only maker of their keys."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from activities.failures import internal_failure
from activities.records import RecordTransaction
from domain.identifiers import EffectKey
from domain.messages import StepInput
from domain.plan import Plan
from domain.records import ChangeRecord, EffectIntent
from domain.service_change import EffectStatus
from domain.steps import REVERSAL_OF, SYSTEM_OF, Step

_JSON: TypeAdapter[dict[str, Any]] = TypeAdapter(dict[str, Any])


@dataclass(frozen=True, slots=True)
class AppliedEffect:
    """An effect that stands at a vendor."""

    key: str
    step: Step
    vendor_reference: str
    facts: Mapping[str, Any]


def approved_plan(change: ChangeRecord) -> Plan:
    """The plan that was approved. Raises a final failure if there is none."""
    if change.plan is None:
        raise internal_failure("approved_plan", "no plan is on record; retry runs the checks again")
    return change.plan


def intent_for(change: ChangeRecord, step: Step, attempt_group: int, payload: Any) -> EffectIntent:  # noqa: ANN401 - any of the vendor dataclasses
    """The intent of an approved step; `payload` is what the vendor will be asked."""
    summaries = {effect.step: effect.summary for effect in approved_plan(change).effects}
    return make_intent(change, step, attempt_group, summaries.get(step, step), payload)


def make_intent(
    change: ChangeRecord,
    step: Step,
    attempt_group: int,
    summary: str,
    payload: Any,  # noqa: ANN401 - any of the vendor dataclasses
    *,
    reverses: str | None = None,
) -> EffectIntent:
    """The intent of any step, under the key that a repeat will find again."""
    return EffectIntent(
        key=str(EffectKey(change.id, step, change.document_version, attempt_group)),
        change_id=change.id,
        system=SYSTEM_OF[step],
        step=step,
        summary=summary,
        document_version=change.document_version,
        payload=_JSON.dump_python(dataclasses.asdict(payload), mode="json"),
        reverses=reverses,
    )


@dataclass(frozen=True, slots=True)
class _Undo:
    """What a vendor is asked when something is undone."""

    reference: str
    reason: str


async def applied_effect(
    record: RecordTransaction, change: ChangeRecord, step: Step
) -> AppliedEffect:
    """The effect of a step as it stands at the vendor. Raises a final failure if it does not."""
    state = await record.effect_of(change.id, step)
    standing = state is not None and state.status in {EffectStatus.APPLIED, EffectStatus.REVERSED}
    if state is None or not standing or state.vendor_reference is None:
        raise internal_failure(step, "there is no applied effect to undo")
    return AppliedEffect(state.key, state.step, state.vendor_reference, state.facts)


def reversal_of(change: ChangeRecord, done: AppliedEffect, step: StepInput) -> EffectIntent:
    """The intent of undoing an effect."""
    return make_intent(
        change,
        REVERSAL_OF[done.step],
        step.attempt_group,
        f"Undo {done.vendor_reference}",
        _Undo(done.vendor_reference, step.reason),
        reverses=done.key,
    )
