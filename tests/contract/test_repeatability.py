"""Every port says of every effect at its system how a repeat is made safe, and means it."""

from collections.abc import Mapping

import pytest

from activities.look_ups import look_ups
from activities.ports import Billing
from adapters.vendors.billing import BillingClient
from adapters.vendors.crm import CrmClient
from adapters.vendors.fakes.billing import FakeBilling
from adapters.vendors.fakes.crm import FakeCrm
from adapters.vendors.fakes.scheduling import FakeScheduling
from adapters.vendors.fakes.ticketing import FakeTicketing
from adapters.vendors.fakes.unverifiable import UnverifiableBilling
from adapters.vendors.scheduling import SchedulingClient
from adapters.vendors.ticketing import TicketingClient
from domain.catalogue import Product
from domain.identifiers import System
from domain.records import EffectState
from domain.service_change import EffectStatus
from domain.steps import SYSTEM_OF, Step
from domain.vendor_values import (
    BillingPosting,
    BillingStanding,
    PriceLine,
    Standing,
    VendorCall,
)
from domain.verdicts import Repeatability
from tests.support.clock import START
from tests.support.factories import ACCOUNT

PORTS: list[tuple[System, Mapping[Step, Repeatability]]] = [
    (System.BILLING, BillingClient.repeatability),
    (System.BILLING, FakeBilling([]).repeatability),
    (System.BILLING, UnverifiableBilling([]).repeatability),
    (System.SCHEDULING, SchedulingClient.repeatability),
    (System.SCHEDULING, FakeScheduling(accounts=[], today=START.date()).repeatability),
    (System.CRM, CrmClient.repeatability),
    (System.CRM, FakeCrm([]).repeatability),
    (System.TICKETING, TicketingClient.repeatability),
    (System.TICKETING, FakeTicketing().repeatability),
]
POSTING = BillingPosting(ACCOUNT, "chg_1", 1, (PriceLine(Product.TECH_SUPPORT, 1, 500),))


@pytest.mark.parametrize(("system", "said"), PORTS)
def test_a_port_names_all_effects_of_its_system_and_no_other(
    system: System, said: Mapping[Step, Repeatability]
) -> None:
    assert set(said) == {step for step, owner in SYSTEM_OF.items() if owner is system}


def unverifiable() -> Billing:
    return UnverifiableBilling([BillingStanding(ACCOUNT, Standing.CURRENT, 4520, "usd")])


async def test_a_vendor_with_neither_key_nor_look_up_does_what_it_is_asked_as_often_as_asked() -> (
    None
):
    billing = UnverifiableBilling([BillingStanding(ACCOUNT, Standing.CURRENT, 4520, "usd")])
    this = VendorCall("corr", idempotency_key="chg_1:post_billing_change:1:1")

    first = await billing.post_change(this, POSTING)
    second = await billing.post_change(this, POSTING)

    assert first.vendor_reference != second.vendor_reference
    with pytest.raises(TypeError, match="cannot be looked up"):
        await billing.find_posting(this)


def test_every_effect_can_be_looked_up_unless_its_port_says_otherwise() -> None:
    scheduling = FakeScheduling(accounts=[], today=START.date())
    table = look_ups(FakeCrm([]), unverifiable(), scheduling, FakeTicketing())

    for step, system in SYSTEM_OF.items():
        state = EffectState(f"chg_1:{step}:1:1", step, EffectStatus.UNKNOWN, 1, None, {})
        assert (table.find(state) is None) is (system is System.BILLING)
