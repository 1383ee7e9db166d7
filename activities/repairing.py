"""Brings the owner's value to the system that has another, once a person has decided so."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeVar

from temporalio import activity

from activities.ports import Billing, Crm
from activities.reconciliations import Repairs
from activities.unrecorded import UnrecordedCalls
from domain.catalogue import PRICE_MINOR, Product
from domain.errors import OutcomeUnknownError, VendorError, VendorRejectedError
from domain.field_ownership import require_writable
from domain.identifiers import System
from domain.payloads import canonical
from domain.reconciliation import RepairKind, compared, products_of
from domain.reconciliation_messages import (
    RepairFailure,
    RepairInput,
    RepairResult,
    repair_workflow_id,
)
from domain.reconciling import PAUSE_SCOPE, RepairTry, RepairWork
from domain.service_change import EffectStatus
from domain.vendor_values import BillingPosting, EffectEvidence, PriceLine, VendorCall
from domain.verdicts import Repeatability, leaves_doubt

Answer = TypeVar("Answer")

_WRITES: Final = ("invoice_line",)
_MOVED: Final = (
    "Nothing was written: the systems no longer say what they said when this was decided. "
    "Look at it again."
)
_STATUS: Final[Mapping[type[VendorError], EffectStatus]] = {
    VendorRejectedError: EffectStatus.REFUSED,
    OutcomeUnknownError: EffectStatus.UNKNOWN,
}


class RepairActivities:
    """A repair is an effect: intent on record, call, evidence on record, looked up when in doubt.

    Before anything is written both systems are read again: what was decided on must still stand.
    """

    def __init__(
        self, repairs: Repairs, calls: UnrecordedCalls, crm: Crm, billing: Billing
    ) -> None:
        self._repairs = repairs
        self._calls = calls
        self._crm = crm
        self._billing = billing
        self._kinds: Mapping[RepairKind, Callable[[RepairWork], Awaitable[str]]] = {
            RepairKind.POST_PRICE_LINES: self._post_price_lines,
            RepairKind.TAKE_OVER: self._take_over,
        }

    @activity.defn(name="repair_difference")
    async def repair_difference(self, what: RepairInput) -> RepairResult:
        """Repair it once, however often this is called. Raises vendor failures."""
        work = await self._repairs.work(what.difference_id)
        if work is None:
            return RepairResult(state="")
        kind = compared(work.field, work.system).repair
        if kind is None:
            raise KeyError(work.field)
        return RepairResult(state=await self._kinds[kind](work))

    @activity.defn(name="record_failed_repair")
    async def record_failed_repair(self, failed: RepairFailure) -> None:
        """Give the difference back to people, with why it could not be repaired."""
        await self._repairs.give_back(failed.difference_id, failed.words, agrees=False)

    async def _take_over(self, work: RepairWork) -> str:
        await self._repairs.intend(work, {"value": work.owner_value})
        return await self._repairs.close(work, RepairTry(EffectStatus.APPLIED), [])

    async def _post_price_lines(self, work: RepairWork) -> str:
        """Have billing charge for what the CRM says is held."""
        require_writable(_WRITES)
        call = VendorCall(work.correlation_id, idempotency_key=work.key)
        if work.in_doubt:
            found = await self._ask(work, System.BILLING, call, self._billing.find_posting)
            if found is not None:
                return await self._repairs.close(work, _applied(found), call.exchanges)
        posting = await self._posting(work)
        if posting is None:
            return await self._repairs.give_back(work.difference_id, "", agrees=True)
        if not posting.lines:
            return await self._repairs.give_back(work.difference_id, _MOVED, agrees=False)
        await self._repairs.intend(work, canonical(posting))
        evidence = await self._ask(
            work, System.BILLING, call, lambda call: self._posted(work, call, posting)
        )
        return await self._repairs.close(work, _applied(evidence), call.exchanges)

    async def _posting(self, work: RepairWork) -> BillingPosting | None:
        """What has to be posted now; None where both agree, no lines where they have moved."""
        call, id_ = VendorCall(work.correlation_id), work.account_id
        account = await self._ask(
            work, System.CRM, call, lambda call: self._crm.read_account(call, id_)
        )
        billed = await self._ask(
            work,
            System.BILLING,
            call,
            lambda call: self._billing.list_accounts(call, limit=1, account_id=id_),
        )
        held = account.products if account else None
        charged = billed.items[0].products if billed.items else None
        if held is not None and held == charged:
            return None
        decided = (products_of(work.owner_value), products_of(work.value))
        lines = _lines(*decided) if (held, charged) == decided else ()
        return BillingPosting(id_, work.difference_id, 0, lines)

    async def _posted(
        self, work: RepairWork, call: VendorCall, posting: BillingPosting
    ) -> EffectEvidence:
        try:
            return await self._billing.post_change(call, posting)
        except VendorError as error:
            came = RepairTry(
                _STATUS.get(type(error), EffectStatus.INTENDED),
                in_doubt=leaves_doubt(error.code, Repeatability.LOOK_UP, partly_done=False),
                words=error.words,
            )
            await self._repairs.close(work, came, call.exchanges)
            raise

    async def _ask(
        self,
        work: RepairWork,
        system: System,
        call: VendorCall,
        question: Callable[[VendorCall], Awaitable[Answer]],
    ) -> Answer:
        return await self._calls.ask(
            call,
            system,
            "repair_difference",
            question,
            caller=repair_workflow_id(work.difference_id),
            scope=PAUSE_SCOPE,
        )


def _lines(held: frozenset[Product], charged: frozenset[Product]) -> tuple[PriceLine, ...]:
    return tuple(
        PriceLine(product, quantity, PRICE_MINOR[product])
        for quantity, products in ((1, held - charged), (-1, charged - held))
        for product in sorted(products)
    )


def _applied(evidence: EffectEvidence) -> RepairTry:
    return RepairTry(
        EffectStatus.APPLIED, reference=evidence.vendor_reference, facts=dict(evidence.facts)
    )
