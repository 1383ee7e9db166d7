"""Prices and the products a wish leads to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.catalogue import (
    INTERNET,
    PRICE_MINOR,
    SELLABLE_SERVICES,
    InternetService,
    Product,
    Visit,
    Wish,
    monthly_price_minor,
    products_after,
    visit_for,
)
from domain.service_change import ChangeKind

held = st.frozensets(st.sampled_from(Product))

PRICES = {
    "phone": 2000,
    "multiple_lines": 500,
    "dsl": 2500,
    "fiber_optic": 5000,
    "online_security": 500,
    "online_backup": 500,
    "device_protection": 500,
    "tech_support": 500,
    "streaming_tv": 1000,
    "streaming_movies": 1000,
}


def test_the_price_list_is_the_one_the_data_shows() -> None:
    assert {str(product): price for product, price in PRICE_MINOR.items()} == PRICES


def test_a_set_of_products_costs_the_sum_of_its_parts() -> None:
    products = frozenset({Product.PHONE, Product.FIBER_OPTIC, Product.STREAMING_TV})

    assert monthly_price_minor(products) == 8000
    assert monthly_price_minor(frozenset()) == 0


@given(held, st.sampled_from(InternetService))
def test_an_account_has_at_most_one_internet_service_after_a_change_of_it(
    products: frozenset[Product], service: InternetService
) -> None:
    after = products_after(
        products, Wish(ChangeKind.CHANGE_INTERNET_SERVICE, internet_service=service)
    )

    assert len(after & INTERNET) == (0 if service is InternetService.NO else 1)
    assert after - INTERNET == products - INTERNET


@given(held, st.sampled_from(SELLABLE_SERVICES))
def test_adding_and_removing_a_service_touches_nothing_else(
    products: frozenset[Product], service: Product
) -> None:
    added = products_after(products, Wish(ChangeKind.ADD_SERVICE, service=service))
    removed = products_after(products, Wish(ChangeKind.REMOVE_SERVICE, service=service))

    assert added == products | {service}
    assert removed == products - {service}


@pytest.mark.parametrize(
    "kind",
    [
        ChangeKind.CHANGE_CONTRACT,
        ChangeKind.CHANGE_PAYMENT_METHOD,
        ChangeKind.CHANGE_BILLING_ADDRESS,
    ],
)
def test_paperwork_changes_no_product(kind: ChangeKind) -> None:
    products = frozenset({Product.PHONE})

    assert products_after(products, Wish(kind)) == products


@pytest.mark.parametrize(
    ("wish", "visit"),
    [
        (Wish(ChangeKind.CHANGE_INTERNET_SERVICE), Visit.TECHNICIAN),
        (Wish(ChangeKind.ADD_SERVICE, service=Product.PHONE), Visit.TECHNICIAN),
        (Wish(ChangeKind.REMOVE_SERVICE, service=Product.PHONE), Visit.TECHNICIAN),
        (Wish(ChangeKind.ADD_SERVICE, service=Product.STREAMING_TV), Visit.REMOTE),
        (Wish(ChangeKind.CHANGE_CONTRACT), Visit.REMOTE),
    ],
)
def test_only_a_wire_needs_a_technician(wish: Wish, visit: Visit) -> None:
    assert visit_for(wish) is visit
