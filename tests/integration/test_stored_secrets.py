"""Clients on the real store and the real vendors: rotation, revocation and refusals, no restart."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass
from datetime import timedelta

import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from adapters.postgres.vendor_secrets import reseal, retire_what_is_over
from adapters.vendors.billing import BillingClient
from adapters.vendors.crm import CrmClient
from adapters.vendors.scheduling import SchedulingClient
from adapters.vendors.ticketing import TicketingClient
from adapters.vendors.transport import VendorTransport, utc_now
from domain.credentials import SecretState
from domain.errors import CredentialFaultError
from domain.identifiers import System
from domain.vendor_values import VendorCall
from tests.support.secrets import RING, SecretShelf
from tests.vendor_server import ENVIRON, RunningVendor, running

ACCOUNT = "7590-VHVEG"
FIRST = {
    System.CRM: ENVIRON["SANDBOX_CRM_CLIENT_SECRET"],
    System.BILLING: ENVIRON["SANDBOX_BILLING_API_KEY"],
    System.SCHEDULING: ENVIRON["SANDBOX_SCHEDULING_PASSWORD"],
    System.TICKETING: ENVIRON["SANDBOX_TICKETING_TOKEN"],
}
SECOND = "the-second-secret"
Sessions = async_sessionmaker[AsyncSession]
Client = CrmClient | BillingClient | SchedulingClient | TicketingClient


@pytest.fixture(name="vendors", scope="module")
def _vendors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[System, RunningVendor]]:
    with ExitStack() as stack:
        yield {
            system: stack.enter_context(running(system, tmp_path_factory.mktemp(system)))
            for system in FIRST
        }


@dataclass
class Party:
    """A vendor, our secrets for it, and a client of ours."""

    system: System
    vendor: RunningVendor
    shelf: SecretShelf
    client: Client

    async def call(self) -> list[int | None]:
        """One harmless call; the statuses of its exchanges."""
        this = VendorCall("c")
        await self.client.authenticate(this)
        return [each.http_status for each in this.exchanges]


def client_of(system: System, url: str, shelf: SecretShelf) -> Client:
    source = shelf.source()
    if system is System.CRM:
        return CrmClient(url, client_id="throughline", client_secret=source)
    if system is System.BILLING:
        return BillingClient(url, api_key=source)
    if system is System.SCHEDULING:
        return SchedulingClient(url, username="throughline", password=source)
    return TicketingClient(url, token=source)


@pytest_asyncio.fixture(name="party", params=list(FIRST))
async def _party(
    request: pytest.FixtureRequest, vendors: dict[System, RunningVendor], sessions: Sessions
) -> AsyncIterator[Party]:
    system: System = request.param
    vendor = vendors[system]
    vendor.control.reset()
    shelf = SecretShelf(sessions, system, utc_now)
    await shelf.seed(FIRST[system])
    async with AsyncExitStack() as stack:
        client = client_of(system, vendor.base_url, shelf)
        assert isinstance(client, VendorTransport)
        await stack.enter_async_context(client)
        yield Party(system, vendor, shelf, client)


async def test_a_secret_is_replaced_under_a_running_client(party: Party) -> None:
    party.vendor.control.accept(SECOND)
    await party.call()
    version = await party.shelf.rotate(SECOND)
    party.vendor.control.retire(FIRST[party.system])
    if party.system is System.CRM:
        party.vendor.control.fault("token_expired")  # the token of before is good no longer
    await party.call()
    assert (await party.shelf.row(version)).used_at is not None
    assert (await party.call())[-1] in {200, 404}


async def test_the_previous_secret_carries_on_while_the_new_one_is_not_yet_accepted(
    party: Party,
) -> None:
    version = await party.shelf.rotate(SECOND)
    await party.call()
    row = await party.shelf.row(version)
    assert row.refused_at is not None
    assert (await party.shelf.row(1)).used_at is not None
    assert 401 not in await party.call()  # what was refused is not shown in every call
    party.vendor.control.accept(SECOND)


async def test_a_vendor_that_accepts_no_secret_is_a_credential_fault(party: Party) -> None:
    party.vendor.control.retire(FIRST[party.system])
    with pytest.raises(CredentialFaultError):
        await party.call()
    party.vendor.control.accept(SECOND)
    await party.shelf.rotate(SECOND)
    await party.call()  # at once, though the refused one is some seconds in memory


async def test_without_any_secret_nobody_is_called(
    vendors: dict[System, RunningVendor], sessions: Sessions
) -> None:
    shelf = SecretShelf(sessions, System.BILLING, utc_now)
    async with BillingClient(vendors[System.BILLING].base_url, api_key=shelf.source()) as client:
        with pytest.raises(CredentialFaultError, match="No secret is kept"):
            await client.authenticate(VendorCall("c"))


async def test_forty_callers_meet_a_rotation_and_none_is_refused(party: Party) -> None:
    await party.call()
    party.vendor.control.accept(SECOND)
    await party.shelf.rotate(SECOND)
    party.vendor.control.retire(FIRST[party.system])
    before = len(party.vendor.control.calls("/oauth/token"))
    party.vendor.control.fault("token_expired", calls=1, path_prefix="/accounts")
    await asyncio.gather(*(party.call() for _ in range(40)))
    assert len(party.vendor.control.calls("/oauth/token")) - before <= 3


async def test_a_token_outlives_a_token_endpoint_that_is_away(
    vendors: dict[System, RunningVendor], sessions: Sessions
) -> None:
    vendor = vendors[System.CRM]
    vendor.control.reset()
    vendor.control.token_life(4)
    shelf = SecretShelf(sessions, System.CRM, utc_now)
    await shelf.seed(FIRST[System.CRM])
    async with CrmClient(
        vendor.base_url, client_id="throughline", client_secret=shelf.source()
    ) as crm:
        await crm.authenticate(VendorCall("c"))
        vendor.control.fault("status", status=503, path_prefix="/oauth/token", calls=1000)
        deadline = asyncio.get_running_loop().time() + 10
        while vendor.control.hits() == 0:  # until the renewal in time was tried
            assert asyncio.get_running_loop().time() < deadline
            await crm.authenticate(VendorCall("c"))
        await crm.authenticate(VendorCall("c"))


async def test_while_the_database_is_away_the_secrets_of_before_are_used_on(
    vendors: dict[System, RunningVendor], sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    vendor = vendors[System.BILLING]
    vendor.control.reset()
    shelf = SecretShelf(sessions, System.BILLING, utc_now)
    await shelf.seed(FIRST[System.BILLING])
    source = shelf.source()
    async with BillingClient(vendor.base_url, api_key=source) as client:
        await client.authenticate(VendorCall("c"))

        def away() -> AsyncSession:
            raise OSError("no route to host")

        monkeypatch.setattr(source, "_sessions", away)
        await source.secrets(afresh=True)
        await client.authenticate(VendorCall("c"))


async def test_the_overlap_ends_by_itself_once_the_new_secret_works(
    sessions: Sessions,
) -> None:
    shelf = SecretShelf(sessions, System.BILLING, utc_now)
    await shelf.seed("first-secret")
    version = await shelf.rotate(SECOND, overlap=timedelta())
    async with sessions.begin() as session:
        assert await retire_what_is_over(session, utc_now()) == []
    await shelf.source().worked(version)
    async with sessions.begin() as session:
        assert await retire_what_is_over(session, utc_now()) == [System.BILLING]
    first = await shelf.row(1)
    assert (first.state, first.sealed) == (SecretState.RETIRED, None)


async def test_seeding_again_changes_nothing_and_a_new_key_takes_over_what_is_kept(
    sessions: Sessions,
) -> None:
    shelf = SecretShelf(sessions, System.BILLING, utc_now)
    await shelf.seed("first-secret")
    await shelf.seed("another-secret")
    (secret,) = await shelf.source().secrets()
    assert (secret.version, secret.value) == (1, "first-secret")
    async with sessions.begin() as session:
        assert await reseal(session, RING) == 0


async def test_a_secret_is_nowhere_to_be_read(
    party: Party, sessions: Sessions, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    party.vendor.control.accept(SECOND)
    await party.call()
    await party.shelf.rotate(SECOND)
    await party.call()
    secrets = await party.shelf.source().secrets()
    async with sessions() as session:
        kept = [
            str(row)
            for table in ("vendor_secrets", "audit_entries", "outbox")
            for row in await session.execute(text(f"SELECT t::text FROM {table} t"))  # noqa: S608 - names above
        ]
    everything = "\n".join([caplog.text, repr(secrets), *kept])
    for secret in (FIRST[party.system], SECOND):
        assert secret not in everything
        assert secret.encode().hex() not in everything
