"""Builds the intent of an effect or its reversal from the record. The only maker of their keys."""

from dataclasses import dataclass
from typing import Any

from activities.calls import AppliedEffect
from activities.failures import internal_failure
from domain.identifiers import EffectKey
from domain.messages import StepInput
from domain.payloads import PAYLOADS, canonical
from domain.plan import Plan
from domain.records import ChangeRecord, EffectIntent
from domain.steps import REVERSAL_OF, SYSTEM_OF, Step


def approved_plan(change: ChangeRecord) -> Plan:
    """The plan that was approved. Raises a final failure if there is none."""
    if change.plan is None:
        raise internal_failure("approved_plan", "no plan is on record; retry runs the checks again")
    return change.plan


def intent_for(change: ChangeRecord, step: Step, attempt_group: int) -> EffectIntent:
    """The intent of an approved step."""
    plan = approved_plan(change)
    summaries = {effect.step: effect.summary for effect in plan.effects}
    return make_intent(
        change,
        step,
        attempt_group,
        summaries[step],
        PAYLOADS[step](change, plan),
        document_version=plan.document_version,
    )


def make_intent(
    change: ChangeRecord,
    step: Step,
    attempt_group: int,
    summary: str,
    payload: Any,  # noqa: ANN401 - any of the vendor dataclasses
    *,
    document_version: int | None = None,
    reverses: str | None = None,
) -> EffectIntent:
    """The intent of any step, under the key that a repeat will find again.

    What was approved names its own document version: a later upload must not change the key.
    """
    version = change.document_version if document_version is None else document_version
    return EffectIntent(
        key=str(EffectKey(change.id, step, version, attempt_group)),
        change_id=change.id,
        system=SYSTEM_OF[step],
        step=step,
        summary=summary,
        document_version=version,
        payload=canonical(payload),
        reverses=reverses,
    )


@dataclass(frozen=True, slots=True)
class _Undo:
    """What a vendor is asked when something is undone."""

    reference: str
    reason: str


def reversal_of(change: ChangeRecord, done: AppliedEffect, step: StepInput) -> EffectIntent:
    """The intent of undoing an effect."""
    return make_intent(
        change,
        REVERSAL_OF[done.step],
        step.attempt_group,
        f"Undo {done.vendor_reference}",
        _Undo(done.vendor_reference, step.reason),
        document_version=EffectKey.parse(done.key).document_version,
        reverses=done.key,
    )
