"""What billing promises its callers, asked of the stand-in and of the adapter with its vendor."""

import itertools
import json
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from activities.ports import Billing
from adapters.vendors.billing import BillingClient
from adapters.vendors.fakes.billing import FakeBilling
from domain.catalogue import PRICE_MINOR, PaymentMethod, Product
from domain.errors import VendorRejectedError
from domain.identifiers import EffectKey, System
from domain.vendor_events import read_event
from domain.vendor_values import (
    BillingAddress,
    BillingPosting,
    BillingStanding,
    PriceLine,
    Standing,
    VendorCall,
)
from sandbox._base.accounts import bundled_accounts
from tests.vendor_server import ENVIRON, RunningVendor, running

ACCOUNT = "7590-VHVEG"
MONTHLY = 2985
PAST_DUE = next(a for a in bundled_accounts() if a.past_due)
CLOSED = next(a for a in bundled_accounts() if a.lifecycle == "closed")

_numbers = itertools.count(1)


@pytest.fixture(name="vendor", scope="module")
def _vendor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningVendor]:
    with running("billing", tmp_path_factory.mktemp("billing")) as vendor:
        yield vendor


@pytest_asyncio.fixture(name="billing", params=["fake", "vendor"])
async def _billing(request: pytest.FixtureRequest) -> AsyncIterator[Billing]:
    if request.param == "fake":
        yield FakeBilling(
            [
                BillingStanding(ACCOUNT, Standing.CURRENT, MONTHLY, "usd"),
                BillingStanding(
                    PAST_DUE.account_id,
                    Standing.PAST_DUE,
                    PAST_DUE.monthly_minor,
                    "usd",
                    ("in_1",),
                ),
                BillingStanding(CLOSED.account_id, Standing.CLOSED, CLOSED.monthly_minor, "usd"),
            ]
        )
        return
    vendor: RunningVendor = request.getfixturevalue("vendor")
    vendor.control.reset()
    api_key = ENVIRON["SANDBOX_BILLING_API_KEY"]
    async with BillingClient(vendor.base_url, api_key=api_key) as client:
        yield client


def call() -> VendorCall:
    key = f"chg_contract{next(_numbers)}:post_billing_change:1:1"
    return VendorCall("corr-contract", idempotency_key=key)


def posting(
    *products: Product,
    account: str = ACCOUNT,
    payment_method: PaymentMethod | None = None,
    billing_address: BillingAddress | None = None,
) -> BillingPosting:
    lines = tuple(PriceLine(product, 1, PRICE_MINOR[product]) for product in products)
    return BillingPosting(account, "chg_contract", 1, lines, payment_method, billing_address)


async def test_standing_and_charge_are_told(billing: Billing) -> None:
    standing = await billing.read_standing(VendorCall("c"), ACCOUNT)
    assert standing == BillingStanding(ACCOUNT, Standing.CURRENT, MONTHLY, "usd")


async def test_an_overdue_invoice_is_named(billing: Billing) -> None:
    standing = await billing.read_standing(VendorCall("c"), PAST_DUE.account_id)
    assert standing is not None
    assert standing.standing is Standing.PAST_DUE
    assert len(standing.overdue_invoices) == 1


async def test_a_closed_account_is_told_from_an_unknown_one(billing: Billing) -> None:
    closed = await billing.read_standing(VendorCall("c"), CLOSED.account_id)
    assert closed is not None
    assert closed.standing is Standing.CLOSED
    assert await billing.read_standing(VendorCall("c"), "0000-NOONE") is None


async def test_a_posting_changes_the_monthly_charge(billing: Billing) -> None:
    posted = await billing.post_change(call(), posting(Product.TECH_SUPPORT))
    assert posted.vendor_reference
    assert posted.facts["invoice_id"]
    assert posted.facts["amount_minor"] == 500
    assert posted.facts["recurring_before_minor"] == MONTHLY
    assert posted.facts["recurring_after_minor"] == MONTHLY + 500
    standing = await billing.read_standing(VendorCall("c"), ACCOUNT)
    assert standing is not None
    assert standing.recurring_minor == MONTHLY + 500


async def test_products_that_go_lower_the_charge(billing: Billing) -> None:
    lines = (PriceLine(Product.DSL, -1, 2500), PriceLine(Product.FIBER_OPTIC, 1, 5000))
    posted = await billing.post_change(call(), BillingPosting(ACCOUNT, "chg", 1, lines))
    assert posted.facts["amount_minor"] == 2500


async def test_the_same_key_posts_once(billing: Billing) -> None:
    this, wanted = call(), posting(Product.TECH_SUPPORT)
    assert await billing.post_change(this, wanted) == await billing.post_change(this, wanted)
    standing = await billing.read_standing(VendorCall("c"), ACCOUNT)
    assert standing is not None
    assert standing.recurring_minor == MONTHLY + 500


async def test_another_key_posts_again(billing: Billing) -> None:
    first = await billing.post_change(call(), posting(Product.TECH_SUPPORT))
    second = await billing.post_change(call(), posting(Product.TECH_SUPPORT))
    assert first.vendor_reference != second.vendor_reference
    assert second.facts["recurring_before_minor"] == MONTHLY + 500


async def test_a_posting_is_found_by_its_key(billing: Billing) -> None:
    this = call()
    assert await billing.find_posting(this) is None
    posted = await billing.post_change(this, posting(Product.TECH_SUPPORT))
    assert await billing.find_posting(this) == posted


async def test_a_method_or_an_address_can_change_without_a_line(billing: Billing) -> None:
    address = BillingAddress("1 Main St", "", "Springfield", "12345", "US")
    posted = await billing.post_change(
        call(), posting(payment_method=PaymentMethod.CREDIT_CARD, billing_address=address)
    )
    assert posted.facts["amount_minor"] == 0
    assert posted.facts["recurring_after_minor"] == MONTHLY


async def test_a_past_due_account_is_not_refused_by_billing_itself(billing: Billing) -> None:
    wanted = posting(Product.TECH_SUPPORT, account=PAST_DUE.account_id)
    assert (await billing.post_change(call(), wanted)).facts["amount_minor"] == 500


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        (posting(Product.TECH_SUPPORT, account=CLOSED.account_id), "account_closed"),
        (posting(Product.TECH_SUPPORT, account="0000-NOONE"), "resource_missing"),
        (
            BillingPosting(ACCOUNT, "chg", 1, (PriceLine(Product.TECH_SUPPORT, 1, 499),)),
            "price_mismatch",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_a_refused_posting_says_why_and_leaves_nothing(
    billing: Billing, wanted: BillingPosting, reason: str
) -> None:
    this = call()
    with pytest.raises(VendorRejectedError) as refused:
        await billing.post_change(this, wanted)
    assert refused.value.reason == reason
    assert refused.value.words
    assert await billing.find_posting(this) is None


async def test_a_reversal_brings_the_charge_back(billing: Billing) -> None:
    posted = await billing.post_change(call(), posting(Product.TECH_SUPPORT))
    reversal = await billing.reverse_posting(call(), posted.vendor_reference, "cancelled")
    assert reversal.vendor_reference != posted.vendor_reference
    assert reversal.facts["amount_minor"] == -500
    standing = await billing.read_standing(VendorCall("c"), ACCOUNT)
    assert standing is not None
    assert standing.recurring_minor == MONTHLY


async def test_a_posting_is_reversed_once_whatever_the_key(billing: Billing) -> None:
    posted = await billing.post_change(call(), posting(Product.TECH_SUPPORT))
    this, reference = call(), posted.vendor_reference
    first = await billing.reverse_posting(this, reference, "cancelled")
    assert await billing.reverse_posting(this, reference, "cancelled") == first
    assert await billing.reverse_posting(call(), reference, "again") == first
    standing = await billing.read_standing(VendorCall("c"), ACCOUNT)
    assert standing is not None
    assert standing.recurring_minor == MONTHLY


async def test_a_reversal_is_found_by_what_it_reverses(billing: Billing) -> None:
    posted = await billing.post_change(call(), posting(Product.TECH_SUPPORT))
    assert await billing.find_reversal(call(), posted.vendor_reference) is None
    reversal = await billing.reverse_posting(call(), posted.vendor_reference, "cancelled")
    assert await billing.find_reversal(call(), posted.vendor_reference) == reversal


async def test_what_billing_does_is_in_its_list_of_events_in_order(billing: Billing) -> None:
    before = await billing.list_events(VendorCall("c"), after=None, limit=100)
    assert before is not None
    this = call()
    posted = await billing.post_change(this, posting(Product.TECH_SUPPORT))
    await billing.reverse_posting(call(), posted.vendor_reference, "cancelled")
    last = before.events[-1].id if before.events else None

    page = await billing.list_events(VendorCall("c"), after=last, limit=100)

    assert page is not None
    assert not page.more
    read = [read_event(System.BILLING, json.dumps(each.body).encode()) for each in page.events]
    assert [each.type for each in read] == ["invoice.line_posted", "invoice.line_reversed"]
    assert read[0].change_id == EffectKey.parse(this.idempotency_key or "").change_id
    assert all(each.meaning and each.account_id == ACCOUNT for each in read)
    assert [each.body["id"] for each in page.events] == [each.id for each in page.events]
    assert page.events[0].occurred_at.tzinfo is not None


async def test_a_long_list_of_events_comes_in_pages(billing: Billing) -> None:
    for _ in range(3):
        await billing.post_change(call(), posting(Product.TECH_SUPPORT))
    first = await billing.list_events(VendorCall("c"), after=None, limit=2)
    assert first is not None
    assert (len(first.events), first.more) == (2, True)
    second = await billing.list_events(VendorCall("c"), after=first.events[-1].id, limit=2)
    assert second is not None
    assert (len(second.events), second.more) == (1, False)


async def test_a_place_in_the_list_that_billing_forgot_is_told_from_its_end(
    billing: Billing,
) -> None:
    assert await billing.list_events(VendorCall("c"), after="evt_forgotten", limit=2) is None
    empty = await billing.list_events(VendorCall("c"), after=None, limit=2)
    assert empty is not None
    assert (empty.events, empty.more) == ((), False)


async def test_what_was_never_posted_cannot_be_reversed(billing: Billing) -> None:
    with pytest.raises(VendorRejectedError):
        await billing.reverse_posting(call(), "il_never", "cancelled")
