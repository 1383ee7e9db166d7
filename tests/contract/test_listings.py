"""What every listing must do: one suite for the stand-ins and for adapters with their vendors."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
import pytest_asyncio

from adapters.vendors.billing import BillingClient
from adapters.vendors.crm import CrmClient
from adapters.vendors.fakes.billing import FakeBilling
from adapters.vendors.fakes.crm import FakeCrm
from adapters.vendors.fakes.scheduling import FakeScheduling
from adapters.vendors.fakes.ticketing import FakeTicketing
from adapters.vendors.scheduling import SchedulingClient
from adapters.vendors.ticketing import TicketingClient
from domain.catalogue import ContractTerm, PaymentMethod, Product, Visit
from domain.entitlement import AccountFacts, Lifecycle
from domain.listings import BilledAccount, Listing
from domain.vendor_values import (
    AppointmentBooking,
    BillingAddress,
    BillingPosting,
    BillingStanding,
    PriceLine,
    Standing,
    TicketDraft,
    TicketStatus,
    VendorCall,
)
from sandbox._base.accounts import Account, bundled_accounts
from tests.vendor_server import ENVIRON, RunningVendor, running

FEW = sorted(bundled_accounts(), key=lambda account: account.account_id)[:5]
ACCOUNT = FEW[0].account_id
OPEN = [account.account_id for account in bundled_accounts() if account.lifecycle == "open"][:5]
VISITED = date(2026, 12, 15)
ADDRESS = BillingAddress("1 Main Street", "", "Springfield", "12345", "US")

List = Callable[..., Awaitable[Listing[Any]]]
SYSTEMS = ("crm", "billing", "scheduling", "ticketing")


def call(key: str | None = None) -> VendorCall:
    return VendorCall("corr-list", idempotency_key=key)


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


def billed(account: Account) -> BillingStanding:
    standing = Standing.CLOSED if account.lifecycle == "closed" else Standing.CURRENT
    return BillingStanding(account.account_id, standing, account.monthly_minor, "usd")


@dataclass
class Listed:
    """One system's listing; `name` tells an item's own id, `size` a page with several pages."""

    list_: List
    name: Callable[[Any], str]
    size: int
    port: Any


@pytest.fixture(name="vendors", scope="module")
def _vendors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, RunningVendor]]:
    folder = tmp_path_factory.mktemp("vendors")
    with (
        running("crm", folder / "crm") as crm,
        running("billing", folder / "billing") as billing,
        running("scheduling", folder / "scheduling") as scheduling,
        running("ticketing", folder / "ticketing") as ticketing,
    ):
        yield {
            "crm": crm,
            "billing": billing,
            "scheduling": scheduling,
            "ticketing": ticketing,
        }


def fakes(system: str) -> Any:  # noqa: ANN401 - one of four stand-ins
    if system == "crm":
        return FakeCrm(map(facts, FEW))
    if system == "billing":
        fake = FakeBilling(map(billed, FEW))
        fake.charged = {each.account_id: facts(each).products for each in FEW}
        fake.methods = {each.account_id: PaymentMethod(each.payment_method) for each in FEW}
        return fake
    if system == "scheduling":
        return FakeScheduling(accounts=OPEN, today=date(2026, 11, 24))
    return FakeTicketing()


def client(system: str, base_url: str) -> Any:  # noqa: ANN401 - one of four adapters
    if system == "crm":
        return CrmClient(
            base_url,
            client_id=ENVIRON["SANDBOX_CRM_CLIENT_ID"],
            client_secret=ENVIRON["SANDBOX_CRM_CLIENT_SECRET"],
        )
    if system == "billing":
        return BillingClient(base_url, api_key=ENVIRON["SANDBOX_BILLING_API_KEY"])
    if system == "scheduling":
        return SchedulingClient(
            base_url,
            username=ENVIRON["SANDBOX_SCHEDULING_USERNAME"],
            password=ENVIRON["SANDBOX_SCHEDULING_PASSWORD"],
        )
    return TicketingClient(base_url, token=ENVIRON["SANDBOX_TICKETING_TOKEN"])


def listing_of(system: str, port: Any, *, small: bool) -> Listed:  # noqa: ANN401 - a port
    if system in {"crm", "billing"}:
        return Listed(port.list_accounts, lambda item: item.account_id, 2 if small else 500, port)
    if system == "scheduling":
        return Listed(port.list_appointments, lambda item: item.reference, 2, port)
    return Listed(port.list_tickets, lambda item: item.reference, 2, port)


async def fill(system: str, port: Any) -> None:  # noqa: ANN401 - a port
    """Five things where nothing is bundled."""
    for number, account_id in enumerate(OPEN):
        key = f"chg_list{number}:any:1:1"
        if system == "scheduling":
            booking = AppointmentBooking(account_id, "chg_list", VISITED, Visit.REMOTE)
            await port.book_appointment(call(key), booking)
        if system == "ticketing":
            await port.open_ticket(call(key), TicketDraft(account_id, "chg_list", "s", "b"))


@pytest_asyncio.fixture(
    name="empty", params=[(system, kind) for system in SYSTEMS for kind in ("fake", "vendor")],
    ids="-".join,
)  # fmt: skip
async def _empty(
    request: pytest.FixtureRequest, vendors: dict[str, RunningVendor]
) -> AsyncIterator[tuple[str, Listed]]:
    system, kind = request.param
    if kind == "fake":
        port = fakes(system)
        yield system, listing_of(system, port, small=True)
        return
    vendors[system].control.reset()
    async with client(system, vendors[system].base_url) as port:
        yield system, listing_of(system, port, small=False)


async def pages(listed: Listed, size: int) -> list[list[str]]:
    found, cursor = [], None
    while True:
        page = await listed.list_(call(), cursor=cursor, limit=size)
        found.append([listed.name(item) for item in page.items])
        cursor = page.next_cursor
        if cursor is None:
            return found


async def test_pages_cover_everything_once_and_the_same_way_each_time(
    empty: tuple[str, Listed],
) -> None:
    system, listed = empty
    await fill(system, listed.port)

    first, again = await pages(listed, listed.size), await pages(listed, listed.size)

    assert first == again
    names = [name for page in first for name in page]
    assert len(first) > 1
    assert len(names) == len(set(names))
    assert all(0 < len(page) <= listed.size for page in first)


async def test_one_account_is_listed_alone_and_an_unknown_one_not_at_all(
    empty: tuple[str, Listed],
) -> None:
    system, listed = empty
    await fill(system, listed.port)
    wanted = ACCOUNT if system in {"crm", "billing"} else OPEN[0]

    (item,) = (await listed.list_(call(), account_id=wanted)).items
    nobody = await listed.list_(call(), account_id="0000-NOONE")

    assert item.account_id == wanted
    assert list(nobody.items) == []
    assert nobody.next_cursor is None


async def test_where_nothing_is_there_is_one_empty_last_page(empty: tuple[str, Listed]) -> None:
    system, listed = empty
    if system in {"crm", "billing"}:
        pytest.skip("accounts are always bundled")

    assert await pages(listed, 2) == [[]]


async def test_billing_lists_what_it_charges_for_and_how_it_is_paid(
    vendors: dict[str, RunningVendor],
) -> None:
    bundled = next(a for a in bundled_accounts() if a.account_id == OPEN[0])
    lines = (PriceLine(Product.TECH_SUPPORT, 1, 500),)
    posting = BillingPosting(
        OPEN[0], "chg_list", 1, lines, PaymentMethod.CREDIT_CARD, billing_address=ADDRESS
    )
    for port in (fakes("billing"), client("billing", vendors["billing"].base_url)):
        if isinstance(port, FakeBilling):
            port.standings[OPEN[0]] = billed(bundled)
            port.charged[OPEN[0]] = facts(bundled).products
        before = await _only(port)
        posted = await port.post_change(call("chg_list:post:1:1"), posting)
        after = await _only(port)
        await port.reverse_posting(call("chg_list:reverse:1:1"), posted.vendor_reference, "undone")

        assert before.products == facts(bundled).products
        assert after.products == facts(bundled).products | {Product.TECH_SUPPORT}
        assert after.payment_method is PaymentMethod.CREDIT_CARD
        assert after.billing_address == ADDRESS
        assert after.recurring_minor == before.recurring_minor + 500
        assert (await _only(port)).products == before.products
        if isinstance(port, BillingClient):
            await port.__aexit__(None, None, None)


async def _only(port: FakeBilling | BillingClient) -> BilledAccount:
    (item,) = (await port.list_accounts(call(), account_id=OPEN[0])).items
    return item


async def test_appointments_and_tickets_are_listed_whatever_became_of_them(
    vendors: dict[str, RunningVendor],
) -> None:
    for system in ("scheduling", "ticketing"):
        vendors[system].control.reset()
    async with client("scheduling", vendors["scheduling"].base_url) as port:
        booking = AppointmentBooking(OPEN[0], "chg_list", VISITED, Visit.REMOTE)
        kept = await port.book_appointment(call("chg_a:book:1:1"), booking)
        gone = await port.book_appointment(call("chg_b:book:1:1"), booking)
        await port.release_appointment(call("chg_b:release:1:1"), gone.vendor_reference)
        found = (await port.list_appointments(call())).items
    assert [(each.reference, each.our_reference, each.stands) for each in found] == [
        (kept.vendor_reference, "chg_a:book:1:1", True),
        (gone.vendor_reference, "chg_b:book:1:1", False),
    ]
    async with client("ticketing", vendors["ticketing"].base_url) as port:
        ticket = await port.open_ticket(
            call("chg_a:open:1:1"), TicketDraft(OPEN[0], "chg_a", "s", "b")
        )
        await port.close_ticket(call("chg_a:close:1:1"), ticket.vendor_reference, "done")
        (state,) = (await port.list_tickets(call())).items
    assert (state.status, state.our_reference) == (TicketStatus.CLOSED, "chg_a:open:1:1")
