"""What the CRM promises its callers, asked of the stand-in and of the adapter with its vendor."""

import itertools
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from activities.ports import Crm
from adapters.vendors.crm import CrmClient
from adapters.vendors.fakes.crm import FakeCrm
from domain.catalogue import ContractTerm, Product
from domain.entitlement import AccountFacts, Lifecycle
from domain.errors import OutcomeUnknownError, VendorRejectedError, VendorUnavailableError
from domain.vendor_values import ServiceUpdate, VendorCall
from sandbox._base.accounts import Account, bundled_accounts
from tests.vendor_server import ENVIRON, RunningVendor, running

ACCOUNT = "7590-VHVEG"
TERM_ACCOUNT = "5575-GNVDE"
NO_FIBER = next(
    a.account_id
    for a in bundled_accounts()
    if "dsl" in a.products and not a.fiber_available and a.lifecycle == "open"
)
CLOSED = next(a.account_id for a in bundled_accounts() if a.lifecycle == "closed")

_numbers = itertools.count(1)


def facts(account: Account) -> AccountFacts:
    return AccountFacts(
        account_id=account.account_id,
        lifecycle=Lifecycle(account.lifecycle),
        products=frozenset(Product(name) for name in account.products),
        contract=ContractTerm(account.contract),
        contract_ends_on=account.contract_ends_on,
        fiber_available=account.fiber_available,
        version="1",
    )


@pytest.fixture(name="vendor", scope="module")
def _vendor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningVendor]:
    with running("crm", tmp_path_factory.mktemp("crm")) as vendor:
        yield vendor


@pytest_asyncio.fixture(name="crm", params=["fake", "vendor"])
async def _crm(request: pytest.FixtureRequest) -> AsyncIterator[Crm]:
    if request.param == "fake":
        wanted = {ACCOUNT, TERM_ACCOUNT, NO_FIBER, CLOSED}
        yield FakeCrm(facts(a) for a in bundled_accounts() if a.account_id in wanted)
        return
    vendor: RunningVendor = request.getfixturevalue("vendor")
    vendor.control.reset()
    async with CrmClient(
        vendor.base_url,
        client_id=ENVIRON["SANDBOX_CRM_CLIENT_ID"],
        client_secret=ENVIRON["SANDBOX_CRM_CLIENT_SECRET"],
    ) as client:
        yield client


def call() -> VendorCall:
    key = f"chg_contract{next(_numbers)}:update_services:1:1"
    return VendorCall("corr-contract", idempotency_key=key)


def update(
    *,
    account: str = ACCOUNT,
    add: tuple[Product, ...] = (),
    remove: tuple[Product, ...] = (),
    contract: ContractTerm | None = None,
) -> ServiceUpdate:
    return ServiceUpdate(
        account, "chg_contract", "sold", frozenset(add), frozenset(remove), contract
    )


async def read(crm: Crm, account: str = ACCOUNT) -> AccountFacts:
    found = await crm.read_account(VendorCall("c"), account)
    assert found is not None
    return found


@pytest.mark.parametrize("account_id", [ACCOUNT, TERM_ACCOUNT, NO_FIBER, CLOSED])
async def test_an_account_is_told_as_the_bundled_data_has_it(crm: Crm, account_id: str) -> None:
    expected = next(facts(a) for a in bundled_accounts() if a.account_id == account_id)
    found = await read(crm, account_id)
    assert found.version
    assert found == AccountFacts(
        account_id=expected.account_id,
        lifecycle=expected.lifecycle,
        products=expected.products,
        contract=expected.contract,
        contract_ends_on=expected.contract_ends_on,
        fiber_available=expected.fiber_available,
        version=found.version,
    )


async def test_an_unknown_account_is_none(crm: Crm) -> None:
    assert await crm.read_account(VendorCall("c"), "0000-NOONE") is None


async def test_services_come_and_go(crm: Crm) -> None:
    before = await read(crm)
    done = await crm.apply_service_update(
        call(), update(add=(Product.TECH_SUPPORT,), remove=(Product.ONLINE_BACKUP,))
    )
    assert done.vendor_reference
    assert done.facts["added"] == ["tech_support"]
    assert done.facts["removed"] == ["online_backup"]
    assert done.facts["contract_before"] is None
    after = await read(crm)
    assert after.products == {Product.DSL, Product.TECH_SUPPORT}
    assert after.version != before.version


async def test_internet_is_switched_in_one_go(crm: Crm) -> None:
    await crm.apply_service_update(
        call(), update(account=TERM_ACCOUNT, add=(Product.STREAMING_TV,))
    )
    wanted = update(account=TERM_ACCOUNT, add=(Product.FIBER_OPTIC,), remove=(Product.DSL,))
    if (await read(crm, TERM_ACCOUNT)).fiber_available:
        done = await crm.apply_service_update(call(), wanted)
        assert done.facts["added"] == ["fiber_optic"]
        assert done.facts["removed"] == ["dsl"]
        assert Product.STREAMING_TV in (await read(crm, TERM_ACCOUNT)).products
    else:
        with pytest.raises(VendorRejectedError):
            await crm.apply_service_update(call(), wanted)


async def test_internet_can_go_altogether(crm: Crm) -> None:
    await crm.apply_service_update(call(), update(remove=(Product.DSL, Product.ONLINE_BACKUP)))
    assert (await read(crm)).products == frozenset()


async def test_only_what_really_changed_is_told(crm: Crm) -> None:
    wanted = update(add=(Product.ONLINE_BACKUP, Product.TECH_SUPPORT))
    done = await crm.apply_service_update(call(), wanted)
    assert done.facts["added"] == ["tech_support"]


async def test_a_contract_term_changes_and_the_one_before_is_told(crm: Crm) -> None:
    done = await crm.apply_service_update(
        call(), update(account=TERM_ACCOUNT, contract=ContractTerm.TWO_YEAR)
    )
    assert done.facts["contract_before"] == ContractTerm.ONE_YEAR
    assert (await read(crm, TERM_ACCOUNT)).contract is ContractTerm.TWO_YEAR


async def test_what_an_update_did_can_be_undone_from_its_facts(crm: Crm) -> None:
    before = await read(crm, TERM_ACCOUNT)
    done = await crm.apply_service_update(
        call(),
        update(
            account=TERM_ACCOUNT,
            add=(Product.TECH_SUPPORT,),
            remove=(Product.PHONE,),
            contract=ContractTerm.MONTH_TO_MONTH,
        ),
    )
    assert (await read(crm, TERM_ACCOUNT)).contract_ends_on is None
    await crm.apply_service_update(
        call(),
        update(
            account=TERM_ACCOUNT,
            add=tuple(Product(name) for name in done.facts["removed"]),
            remove=tuple(Product(name) for name in done.facts["added"]),
            contract=ContractTerm(done.facts["contract_before"]),
        ),
    )
    after = await read(crm, TERM_ACCOUNT)
    assert (after.products, after.contract) == (before.products, before.contract)
    assert after.contract_ends_on == before.contract_ends_on


async def test_an_order_can_merely_record_what_was_sold(crm: Crm) -> None:
    before = await read(crm)
    done = await crm.apply_service_update(call(), update())
    assert done.vendor_reference
    assert (done.facts["added"], done.facts["removed"]) == ([], [])
    assert await read(crm) == before


async def test_the_same_key_orders_once(crm: Crm) -> None:
    this, wanted = call(), update(add=(Product.TECH_SUPPORT,))
    first = await crm.apply_service_update(this, wanted)
    assert await crm.apply_service_update(this, wanted) == first


async def test_a_finished_update_is_found_by_its_key(crm: Crm) -> None:
    this = call()
    assert await crm.find_service_update(this) is None
    done = await crm.apply_service_update(this, update(add=(Product.TECH_SUPPORT,)))
    assert await crm.find_service_update(this) == done


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        (update(add=(Product.MULTIPLE_LINES,)), "SERVICE_COMBINATION"),
        (update(remove=(Product.DSL,)), "SERVICE_COMBINATION"),
        (
            update(account=NO_FIBER, add=(Product.FIBER_OPTIC,), remove=(Product.DSL,)),
            "SERVICE_COMBINATION",
        ),
        (update(account=CLOSED, add=(Product.TECH_SUPPORT,)), "ACCOUNT_CLOSED"),
        (update(account="0000-NOONE"), "ACCOUNT_NOT_FOUND"),
    ],
    ids=["no phone", "add-on left", "no fiber", "closed", "unknown"],
)
async def test_a_refused_update_says_why_and_is_not_found(
    crm: Crm, wanted: ServiceUpdate, reason: str
) -> None:
    this = call()
    with pytest.raises(VendorRejectedError) as refused:
        await crm.apply_service_update(this, wanted)
    assert refused.value.reason == reason
    assert refused.value.words
    assert await crm.find_service_update(this) is None


@pytest.mark.parametrize("status", [500, 503])
async def test_an_update_caught_before_its_order_was_closed_is_found_and_closed(
    vendor: RunningVendor, status: int
) -> None:
    vendor.control.reset()
    this = call()
    async with CrmClient(
        vendor.base_url,
        client_id=ENVIRON["SANDBOX_CRM_CLIENT_ID"],
        client_secret=ENVIRON["SANDBOX_CRM_CLIENT_SECRET"],
    ) as crm:
        vendor.control.fault("status", status=status, method="POST", path_prefix="/orders/")
        with pytest.raises((VendorUnavailableError, OutcomeUnknownError)):
            await crm.apply_service_update(this, update(add=(Product.TECH_SUPPORT,)))
        assert any(e.method == "PATCH" and e.http_status == 200 for e in this.exchanges)

        found = await crm.find_service_update(this)

        assert found is not None
        assert found.facts["added"] == [Product.TECH_SUPPORT]
        assert await crm.find_service_update(this) == found
