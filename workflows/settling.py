"""Settles one effect that was begun and never closed: looks it up, and undoes what is unwanted."""

from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from domain.identifiers import EffectKey
    from domain.messages import StepInput
    from domain.settling import SettleInput, SettleName, SettleResult
    from workflows import steps
    from workflows.pausing import outlast_pauses

_REASON = "Found applied although the change had ended without it."


@workflow.defn(name=SettleName.WORKFLOW)
class SettleEffectWorkflow:
    """Started by the relay for what the sweeper found; one at a time for each effect.

    A vendor that is away is waited for. One that does not accept who we are, or whose answer is
    not understood, fails this run: the attempt is on record, and the sweeper asks for another.
    """

    @workflow.run
    async def run(self, what: SettleInput) -> SettleResult:
        """Settle it and say what it was."""
        settled = await outlast_pauses(lambda: steps.settle(what))
        if settled.undo is not None:
            group = EffectKey.parse(what.effect_key).attempt_group
            undo = StepInput(change_id=what.change_id, attempt_group=group, reason=_REASON)
            step = settled.undo
            await outlast_pauses(lambda: steps.start_effect(step, undo, _PATIENCE))
        return settled


_PATIENCE = timedelta(days=14)
"""How long the undoing of what nobody wants is tried before a person has to look for the run."""
