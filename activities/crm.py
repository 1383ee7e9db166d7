"""Has the CRM record the order and set the services held, and puts them back."""

from temporalio import activity

from activities.calls import Effect, VendorCalls
from activities.intents import approved_plan, intent_for, reversal_of
from activities.ports import Crm
from activities.records import RecordTransaction
from domain.catalogue import Product
from domain.messages import EffectResult, StepInput
from domain.payloads import service_update
from domain.records import ChangeRecord
from domain.steps import Step
from domain.vendor_values import ServiceUpdate


class CrmActivities:
    """The CRM owns services held and orders; we set services through an order of ours."""

    def __init__(self, calls: VendorCalls, crm: Crm) -> None:
        self._calls = calls
        self._crm = crm

    @activity.defn(name="update_services")
    async def update_services(self, step: StepInput) -> EffectResult:
        """Order, set the approved services and close the order, once per key."""

        async def prepare(record: RecordTransaction, change: ChangeRecord) -> Effect:
            del record
            update = service_update(change, approved_plan(change))
            return Effect(
                intent_for(change, Step.UPDATE_SERVICES, step.attempt_group),
                lambda call: self._crm.apply_service_update(call, update),
                self._crm.find_service_update,
            )

        return await self._calls.perform(step, prepare)

    @activity.defn(name="restore_services")
    async def restore_services(self, step: StepInput) -> EffectResult:
        """Put back by a further order what the first one really changed, once."""
        done = await self._calls.settle(
            step.change_id, Step.UPDATE_SERVICES, self._crm.find_service_update
        )
        if done is None:
            return EffectResult(step=Step.UPDATE_SERVICES, vendor_reference="")

        async def prepare(record: RecordTransaction, change: ChangeRecord) -> Effect:
            del record
            update = ServiceUpdate(
                account_id=change.account_id,
                change_id=change.id,
                summary=f"Undo order {done.vendor_reference}",
                add=frozenset(Product(name) for name in done.facts["removed"]),
                remove=frozenset(Product(name) for name in done.facts["added"]),
                contract=done.facts.get("contract_before"),
            )
            return Effect(
                reversal_of(change, done, step),
                lambda call: self._crm.apply_service_update(call, update),
                self._crm.find_service_update,
            )

        return await self._calls.perform(step, prepare)
