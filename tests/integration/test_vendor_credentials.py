"""OAuth tokens at the CRM: one for all callers, renewed in time, renewed once when refused."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from adapters.vendors.crm import CrmClient
from domain.catalogue import Product
from domain.errors import (
    CredentialError,
    OutcomeUnknownError,
    UnrecognisedPayloadError,
    VendorThrottledError,
    VendorUnavailableError,
)
from domain.vendor_values import ServiceUpdate, VendorCall
from http_client import Client
from tests.vendor_server import ENVIRON, RunningVendor, running

ACCOUNT = "7590-VHVEG"
CLIENT_ID = ENVIRON["SANDBOX_CRM_CLIENT_ID"]
SECRET = ENVIRON["SANDBOX_CRM_CLIENT_SECRET"]


@pytest.fixture(name="server", scope="module")
def _server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningVendor]:
    with running("crm", tmp_path_factory.mktemp("crm")) as vendor:
        yield vendor


@pytest.fixture(name="vendor")
def _vendor(server: RunningVendor) -> RunningVendor:
    server.control.reset()
    return server


@pytest_asyncio.fixture(name="crm")
async def _crm(vendor: RunningVendor) -> AsyncIterator[CrmClient]:
    async with CrmClient(vendor.base_url, client_id=CLIENT_ID, client_secret=SECRET) as client:
        yield client


def count_token_requests(vendor: RunningVendor) -> None:
    """Let every token request be struck by a delay too short to matter, so that it is counted."""
    vendor.control.fault("delay", path_prefix="/oauth/token", calls=1000, delay_seconds=0.01)


async def read(crm: CrmClient) -> None:
    assert await crm.read_account(VendorCall("c"), ACCOUNT) is not None


async def test_a_hundred_callers_share_one_token(vendor: RunningVendor, crm: CrmClient) -> None:
    count_token_requests(vendor)
    await asyncio.gather(*(read(crm) for _ in range(100)))
    await read(crm)
    assert vendor.control.hits() == 1


async def test_a_hundred_callers_refused_at_once_renew_once(
    vendor: RunningVendor, crm: CrmClient
) -> None:
    await read(crm)
    vendor.control.reset()  # takes with it every token the vendor ever gave out
    count_token_requests(vendor)
    await asyncio.gather(*(read(crm) for _ in range(100)))
    assert vendor.control.hits() == 1


async def test_a_refused_token_is_renewed_in_the_middle_of_an_effect(
    vendor: RunningVendor, crm: CrmClient
) -> None:
    vendor.control.fault("token_expired", method="PATCH")
    update = ServiceUpdate(ACCOUNT, "chg_c", "sold", frozenset({Product.TECH_SUPPORT}))
    done = await crm.apply_service_update(VendorCall("c", "chg_c:update_services:1:1"), update)
    assert done.facts["added"] == ["tech_support"]
    assert vendor.control.hits() == 1


async def test_a_token_refused_twice_is_a_credential_failure(
    vendor: RunningVendor, crm: CrmClient
) -> None:
    vendor.control.fault("token_expired", calls=2)
    this = VendorCall("c")
    with pytest.raises(CredentialError):
        await crm.read_account(this, ACCOUNT)
    assert [e.http_status for e in this.exchanges] == [401, 401]


async def test_a_wrong_secret_is_a_credential_failure(vendor: RunningVendor) -> None:
    async with CrmClient(vendor.base_url, client_id=CLIENT_ID, client_secret="old") as crm:
        with pytest.raises(CredentialError) as error:
            await crm.read_account(VendorCall("c"), ACCOUNT)
    assert error.value.reason == "invalid_client"


@pytest.mark.parametrize(
    ("kind", "values", "error"),
    [
        ("status", {"status": 503}, VendorUnavailableError),
        ("drop_before_effect", {}, VendorUnavailableError),
        ("rate_limit", {}, VendorThrottledError),
        ("html", {}, UnrecognisedPayloadError),
        ("truncate", {}, UnrecognisedPayloadError),
        ("rename_field", {"field": "access_token"}, UnrecognisedPayloadError),
    ],
)
async def test_a_failing_token_endpoint_is_named_for_what_it_means_and_recovers(
    vendor: RunningVendor,
    crm: CrmClient,
    kind: str,
    values: dict[str, str | int],
    error: type[Exception],
) -> None:
    vendor.control.fault(kind, path_prefix="/oauth/token", **values)
    with pytest.raises(error) as raised:
        await read(crm)
    assert type(raised.value) is error
    await read(crm)


async def test_short_lived_tokens_are_renewed_before_they_end(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    state_dir = tmp_path_factory.mktemp("crm-short")
    with running("crm", state_dir, SANDBOX_CRM_TOKEN_LIFETIME="2") as vendor:
        count_token_requests(vendor)
        async with CrmClient(vendor.base_url, client_id=CLIENT_ID, client_secret=SECRET) as crm:
            deadline = asyncio.get_running_loop().time() + 10
            while vendor.control.hits() < 3:
                assert asyncio.get_running_loop().time() < deadline
                this = VendorCall("c")
                assert await crm.read_account(this, ACCOUNT) is not None
                assert [e.http_status for e in this.exchanges] == [200]


async def test_a_write_meets_a_change_by_somebody_else_and_goes_on(
    vendor: RunningVendor, crm: CrmClient
) -> None:
    vendor.control.fault("lagging_reads", path_prefix="/accounts/", delay_seconds=60)
    form = {"grant_type": "client_credentials"}
    with Client(base_url=vendor.base_url, trust_env=False) as other:
        token = other.post("/oauth/token", data=form, auth=(CLIENT_ID, SECRET)).json()
        other.headers["Authorization"] = f"Bearer {token['access_token']}"
        order = {"accountId": ACCOUNT, "clientReference": "other", "summary": ""}
        order_id = other.post("/orders", json=order).json()["orderId"]
        body = {"orderId": order_id, "services": {"deviceProtection": True}}
        headers = {"If-Match": f'"{ACCOUNT}.1"'}
        path = f"/accounts/{ACCOUNT}/services"
        assert other.patch(path, json=body, headers=headers).status_code == 200
    update = ServiceUpdate(ACCOUNT, "chg_c", "sold", frozenset({Product.TECH_SUPPORT}))
    this = VendorCall("c", "chg_c:update_services:2:1")
    done = await crm.apply_service_update(this, update)
    assert done.facts["added"] == ["tech_support"]
    assert [e.http_status for e in this.exchanges if e.method == "PATCH"] == [412, 200]


async def test_an_update_left_half_way_is_carried_on_under_the_same_key(
    vendor: RunningVendor, crm: CrmClient
) -> None:
    vendor.control.fault("drop_before_effect", path_prefix="/orders/", method="POST")
    update = ServiceUpdate(ACCOUNT, "chg_c", "sold", frozenset({Product.TECH_SUPPORT}))
    this = VendorCall("c", "chg_c:update_services:3:1")
    with pytest.raises(OutcomeUnknownError):
        await crm.apply_service_update(this, update)
    found = await crm.find_service_update(this)  # carries on with the order, or it would stay open
    assert found is not None
    assert found.facts["added"] == ["tech_support"]
    assert await crm.apply_service_update(this, update) == found
    effects = [e["what"] for e in vendor.control.ledger()]
    assert effects == ["order_opened", "service_added", "order_closed"]
