"""The CRM in memory: accounts as facts, orders by our key."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from adapters.vendors.fakes.failures import PlannedFailures
from adapters.vendors.fakes.pages import page_of
from domain.catalogue import ContractTerm, Product
from domain.entitlement import REQUIRES, AccountFacts, Lifecycle
from domain.errors import VendorRejectedError
from domain.identifiers import System
from domain.listings import Listing
from domain.steps import Step
from domain.vendor_values import EffectEvidence, ServiceUpdate, VendorCall
from domain.verdicts import Repeatability


@dataclass(slots=True)
class FakeOrder:
    """A closed order and what really changed under it."""

    reference: str
    update: ServiceUpdate
    added: list[Product] = field(default_factory=list)
    removed: list[Product] = field(default_factory=list)
    contract_before: ContractTerm | None = None


class FakeCrm:
    """Satisfies `activities.ports.Crm`. Tests read `accounts` and `orders` to see what stands."""

    def __init__(self, accounts: Iterable[AccountFacts]) -> None:
        self.failures = PlannedFailures()
        self.repeatability: Mapping[Step, Repeatability] = dict.fromkeys(
            (Step.UPDATE_SERVICES, Step.RESTORE_SERVICES), Repeatability.LOOK_UP
        )
        self.accounts = {account.account_id: account for account in accounts}
        self.orders: dict[str | None, FakeOrder] = {}
        self._first_contract = dict(self.accounts)

    async def read_account(self, call: VendorCall, account_id: str) -> AccountFacts | None:
        """See the port."""
        del call
        self.failures.raise_before("read_account")
        return self.accounts.get(account_id)

    async def list_accounts(
        self,
        call: VendorCall,
        *,
        cursor: str | None = None,
        limit: int = 500,
        account_id: str | None = None,
    ) -> Listing[AccountFacts]:
        """See the port."""
        del call
        self.failures.raise_before("list_accounts")
        found = [
            account
            for id_, account in sorted(self.accounts.items())
            if account_id is None or id_ == account_id
        ]
        return page_of(found, cursor, limit)

    async def apply_service_update(self, call: VendorCall, update: ServiceUpdate) -> EffectEvidence:
        """See the port; there is no order to be caught in, only the closed one."""
        self.failures.raise_before("apply_service_update")
        order = self.orders.get(call.idempotency_key)
        if order is None:
            order = self._carry_out(update)
            self.orders[call.idempotency_key] = order
            self.failures.raise_after("apply_service_update")
        return _evidence(order)

    async def find_service_update(self, call: VendorCall) -> EffectEvidence | None:
        """See the port."""
        self.failures.raise_before("find_service_update")
        order = self.orders.get(call.idempotency_key)
        return _evidence(order) if order else None

    def _carry_out(self, update: ServiceUpdate) -> FakeOrder:
        before = self._open_account(update.account_id)
        after = replace(
            self._under_contract(before, update.contract),
            products=(before.products | update.add) - update.remove,
        )
        _refuse_unless_possible(after)
        if after != before:
            after = replace(after, version=f"{before.version}+")
        self.accounts[update.account_id] = after
        return FakeOrder(
            reference=f"ORD-{len(self.orders) + 1}",
            update=update,
            added=sorted(after.products - before.products),
            removed=sorted(before.products - after.products),
            contract_before=before.contract if after.contract is not before.contract else None,
        )

    def _under_contract(self, account: AccountFacts, contract: str | None) -> AccountFacts:
        """Going back to the first term resumes its end; another term has none here."""
        if contract is None or contract == account.contract:
            return account
        first = self._first_contract[account.account_id]
        ends_on = first.contract_ends_on if contract == first.contract else None
        return replace(account, contract=ContractTerm(contract), contract_ends_on=ends_on)

    def _open_account(self, account_id: str) -> AccountFacts:
        account = self.accounts.get(account_id)
        if account is None:
            raise VendorRejectedError(
                System.CRM, f"There is no account {account_id}.", reason="ACCOUNT_NOT_FOUND"
            )
        if account.lifecycle is Lifecycle.CLOSED:
            raise VendorRejectedError(
                System.CRM, f"Account {account_id} is closed.", reason="ACCOUNT_CLOSED"
            )
        return account


def _refuse_unless_possible(account: AccountFacts) -> None:
    for product in sorted(account.products):
        needed = REQUIRES.get(product)
        if needed and not needed & account.products:
            raise VendorRejectedError(
                System.CRM,
                f"{product} needs {' or '.join(sorted(needed))}.",
                reason="SERVICE_COMBINATION",
            )
    if Product.FIBER_OPTIC in account.products and not account.fiber_available:
        raise VendorRejectedError(
            System.CRM, "There is no fiber at the address.", reason="SERVICE_COMBINATION"
        )


def _evidence(order: FakeOrder) -> EffectEvidence:
    return EffectEvidence(
        order.reference,
        {
            "added": order.added,
            "removed": order.removed,
            "contract_before": order.contract_before,
        },
    )
