"""What each thing that can go wrong on the wire becomes, on real sockets."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import NamedTuple

import pytest
import pytest_asyncio

from adapters.vendors import transport
from adapters.vendors.billing import BillingClient
from domain.catalogue import Product
from domain.errors import (
    CredentialError,
    CredentialFaultError,
    OutcomeUnknownError,
    UnrecognisedPayloadError,
    VendorError,
    VendorRejectedError,
    VendorThrottledError,
    VendorUnavailableError,
)
from domain.vendor_values import BillingAddress, BillingPosting, PriceLine, VendorCall
from tests.vendor_server import ENVIRON, RunningVendor, running

ACCOUNT = "7590-VHVEG"
API_KEY = ENVIRON["SANDBOX_BILLING_API_KEY"]
POSTING = BillingPosting(ACCOUNT, "chg_t", 1, (PriceLine(Product.TECH_SUPPORT, 1, 500),))

_numbers = itertools.count(1)


@pytest.fixture(name="server", scope="module")
def _server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningVendor]:
    with running("billing", tmp_path_factory.mktemp("billing")) as vendor:
        yield vendor


@pytest.fixture(name="vendor")
def _vendor(server: RunningVendor) -> RunningVendor:
    server.control.reset()
    return server


@pytest_asyncio.fixture(name="billing")
async def _billing(vendor: RunningVendor) -> AsyncIterator[BillingClient]:
    async with BillingClient(vendor.base_url, api_key=API_KEY) as client:
        yield client


def call() -> VendorCall:
    return VendorCall("corr-t", idempotency_key=f"chg_t{next(_numbers)}:post_billing_change:1:1")


class Case(NamedTuple):
    """What a fault becomes on a read and on an effect, and whether the effect stands."""

    kind: str
    values: dict[str, int | str]
    on_read: type[VendorError]
    on_effect: type[VendorError]
    effect_stands: bool = False


CASES = [
    Case("status", {"status": 500}, VendorUnavailableError, OutcomeUnknownError),
    Case("status", {"status": 502}, VendorUnavailableError, OutcomeUnknownError),
    Case("status", {"status": 504}, VendorUnavailableError, OutcomeUnknownError),
    Case("status", {"status": 503}, VendorUnavailableError, VendorUnavailableError),
    Case("status", {"status": 408}, VendorUnavailableError, VendorUnavailableError),
    Case("status", {"status": 403}, CredentialError, CredentialError),
    Case("status", {"status": 418}, VendorRejectedError, VendorRejectedError),
    Case("status", {"status": 308}, UnrecognisedPayloadError, UnrecognisedPayloadError),
    Case("token_expired", {}, CredentialFaultError, CredentialFaultError),
    Case("rate_limit", {}, VendorThrottledError, VendorThrottledError),
    Case("drop_before_effect", {}, VendorUnavailableError, OutcomeUnknownError),
    Case("drop_after_effect", {}, VendorUnavailableError, OutcomeUnknownError, effect_stands=True),
    Case("truncate", {}, UnrecognisedPayloadError, UnrecognisedPayloadError, effect_stands=True),
    Case(
        "rename_field",
        {"field": "currency"},
        UnrecognisedPayloadError,
        UnrecognisedPayloadError,
        effect_stands=True,
    ),
    Case("html", {}, UnrecognisedPayloadError, UnrecognisedPayloadError),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.kind}{case.values or ''}")
async def test_each_failure_is_named_for_what_it_means(
    vendor: RunningVendor, billing: BillingClient, case: Case
) -> None:
    vendor.control.fault(case.kind, **case.values)
    with pytest.raises(case.on_read) as read:
        await billing.read_standing(call(), ACCOUNT)
    vendor.control.fault(case.kind, **case.values)
    this = call()
    with pytest.raises(case.on_effect) as effect:
        await billing.post_change(this, POSTING)
    assert (type(read.value), type(effect.value)) == (case.on_read, case.on_effect)
    assert read.value.words
    assert vendor.control.hits() == 2
    assert (await billing.find_posting(this) is not None) is case.effect_stands


async def test_a_new_status_is_parked_with_the_raw_text(
    vendor: RunningVendor, billing: BillingClient
) -> None:
    vendor.control.fault("new_status", value="frozen")
    with pytest.raises(UnrecognisedPayloadError) as error:
        await billing.read_standing(call(), ACCOUNT)
    assert error.value.words.startswith("standing: ")
    assert '"standing": "frozen"' in error.value.words


@pytest.mark.parametrize(("told", "seconds"), [(7, 7.0), ("999999999", 3600.0), (None, 5.0)])
async def test_a_throttled_call_knows_how_long_to_wait(
    vendor: RunningVendor, billing: BillingClient, told: int | str | None, seconds: float
) -> None:
    vendor.control.fault("rate_limit", retry_after=told)
    with pytest.raises(VendorThrottledError) as error:
        await billing.read_standing(call(), ACCOUNT)
    assert error.value.retry_after == seconds
    assert str(told) in error.value.words


async def test_503_with_retry_after_is_throttling_too(
    vendor: RunningVendor, billing: BillingClient
) -> None:
    vendor.control.fault("status", status=503, headers={"Retry-After": "9"})
    with pytest.raises(VendorThrottledError) as error:
        await billing.post_change(call(), POSTING)
    assert error.value.retry_after == 9.0


async def test_a_lost_answer_is_found_by_look_up_and_not_done_twice(
    vendor: RunningVendor, billing: BillingClient
) -> None:
    this = call()
    vendor.control.fault("drop_after_effect")
    with pytest.raises(OutcomeUnknownError):
        await billing.post_change(this, POSTING)
    found = await billing.find_posting(this)
    assert found is not None
    assert await billing.post_change(this, POSTING) == found
    assert len(vendor.control.ledger()) == 1


async def test_a_key_in_use_means_later(vendor: RunningVendor, billing: BillingClient) -> None:
    this = call()
    vendor.control.fault("delay", delay_seconds=1.5)
    slow = asyncio.create_task(billing.post_change(this, POSTING))
    while vendor.control.hits() == 0:  # noqa: ASYNC110 - the vendor is another thread: nothing to await
        await asyncio.sleep(0)
    with pytest.raises(VendorUnavailableError) as error:
        await billing.post_change(this, POSTING)
    assert error.value.reason == "idempotency_key_in_use"
    await slow
    assert len(vendor.control.ledger()) == 1


async def test_every_exchange_is_kept_as_evidence_without_what_is_personal(
    vendor: RunningVendor, billing: BillingClient
) -> None:
    address = BillingAddress("1 Secret St", "", "Springfield", "12345", "US")
    this = call()
    await billing.post_change(
        this, BillingPosting(ACCOUNT, "chg_t", 3, (), billing_address=address)
    )
    await billing.read_standing(this, ACCOUNT)
    posted, read = this.exchanges
    assert (posted.method, posted.path) == ("POST", f"/v1/accounts/{ACCOUNT}/price_changes")
    assert posted.http_status == 200
    assert posted.request["metadata"] == {"change_id": "chg_t", "document_version": 3}
    assert posted.request["billing_address"] == "[personal]"
    assert read.response["billing_address"] == "[personal]"
    assert posted.vendor_request_id != read.vendor_request_id
    assert str(posted.vendor_request_id).startswith("req_")
    assert posted.request_headers["idempotency-key"] == this.idempotency_key
    assert posted.request_headers["x-correlation-id"] == "corr-t"
    assert posted.response_headers["content-type"] == "application/json"
    assert "Secret" not in repr(this)
    assert API_KEY not in repr(this)
    assert {e["correlation_id"] for e in vendor.control.ledger()} == {"corr-t"}


async def test_an_exchange_without_an_answer_is_kept_too(
    vendor: RunningVendor, billing: BillingClient
) -> None:
    vendor.control.fault("drop_after_effect")
    this = call()
    with pytest.raises(OutcomeUnknownError):
        await billing.post_change(this, POSTING)
    assert [(e.http_status, e.response) for e in this.exchanges] == [(None, None)]


async def test_nobody_listening_is_unavailable_even_for_an_effect() -> None:
    async with serving_raw(_hang_up) as base_url:
        pass
    async with BillingClient(base_url, api_key=API_KEY) as billing:
        with pytest.raises(VendorUnavailableError):
            await billing.post_change(call(), POSTING)


async def test_an_answer_without_end_is_not_read_to_its_end() -> None:
    async def endless(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n")
        while not writer.is_closing():
            writer.write(b"x" * 65536)
            await writer.drain()

    async with (
        serving_raw(endless) as base_url,
        BillingClient(base_url, api_key=API_KEY) as billing,
    ):
        with pytest.raises(UnrecognisedPayloadError, match="1048576 bytes"):
            await billing.read_standing(call(), ACCOUNT)


async def test_an_answer_that_drips_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    async def drip(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n")
        while not writer.is_closing():
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.01)

    monkeypatch.setattr(transport, "WHOLE_EXCHANGE", 0.2)
    async with (
        serving_raw(drip) as base_url,
        BillingClient(base_url, api_key=API_KEY) as billing,
    ):
        with pytest.raises(VendorUnavailableError):
            await billing.read_standing(call(), ACCOUNT)
        with pytest.raises(OutcomeUnknownError):
            await billing.post_change(call(), POSTING)


@pytest.mark.parametrize(
    ("charset", "body"),
    [
        ("utf-16", '{"id": "7590-VHVEG"}'.encode("utf-16")),
        ("iso-8859-1", b'{"id": "7590-VHVEG", "standing": "d\xe9j\xe0"}'),
        ("klingon", b"\xff\xfe\x00\x01"),
    ],
)
async def test_an_answer_in_another_charset_is_parked_with_what_can_be_read_of_it(
    charset: str, body: bytes
) -> None:
    async def answer(writer: asyncio.StreamWriter) -> None:
        head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json; charset={charset}\r\n"
        writer.write(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
        await writer.drain()

    async with (
        serving_raw(answer) as base_url,
        BillingClient(base_url, api_key=API_KEY) as billing,
    ):
        this = call()
        with pytest.raises(UnrecognisedPayloadError) as error:
            await billing.post_change(this, POSTING)
    assert error.value.words
    assert [exchange.http_status for exchange in this.exchanges] == [200]


async def test_more_slow_drips_than_there_are_connections_all_end_in_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def drip(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n")
        while not writer.is_closing():
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.01)

    monkeypatch.setattr(transport, "WHOLE_EXCHANGE", 0.5)
    async with (
        serving_raw(drip) as base_url,
        BillingClient(base_url, api_key=API_KEY) as billing,
    ):
        outcomes = await asyncio.gather(
            *(billing.read_standing(call(), ACCOUNT) for _ in range(60)), return_exceptions=True
        )
    assert {type(outcome) for outcome in outcomes} == {VendorUnavailableError}


async def test_a_redirected_effect_sends_neither_body_nor_credential_elsewhere(
    vendor: RunningVendor, billing: BillingClient
) -> None:
    heard: list[bytes] = []

    async def other_host(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(65536))
        writer.close()

    server = await asyncio.start_server(other_host, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        for status in (301, 302, 303, 307, 308):
            headers = {"Location": f"http://127.0.0.1:{port}/v1/x"}
            vendor.control.fault("status", status=status, headers=headers)
            with pytest.raises(UnrecognisedPayloadError):
                await billing.post_change(call(), POSTING)
    assert heard == []
    assert vendor.control.ledger() == []


async def _hang_up(writer: asyncio.StreamWriter) -> None:
    writer.close()


@asynccontextmanager
async def serving_raw(
    answer: Callable[[asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[str]:
    """A server that answers bytes as it likes; yields its base URL."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            await answer(writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        await server.wait_closed()
