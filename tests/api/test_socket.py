"""What only shows over a real connection: uploads that are cut, and refused before their end."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from http_client import AsyncClient, TransportError
from tests.support.api import PDF, ApiUnderTest, new_key, served

ROUTE = "/v1/service-changes"
PORTAL = {"Authorization": "Bearer key-of-portal"}
FORM = {"Content-Type": "multipart/form-data; boundary=cut"}
MIB = 1024 * 1024


@asynccontextmanager
async def listening(api: ApiUnderTest) -> AsyncIterator[AsyncClient]:
    """The application behind a real server, and a client for it."""
    async with (
        served(api) as url,
        AsyncClient(base_url=url, headers=PORTAL, trust_env=False) as client,
    ):
        yield client


async def form(pieces: int, *, then: Exception | None = None) -> AsyncIterator[bytes]:
    """A form whose document never ends, or breaks off."""
    yield b'--cut\r\nContent-Disposition: form-data; name="document"; filename="a.pdf"\r\n\r\n'
    yield PDF
    for _ in range(pieces):
        yield b"\n" * (MIB // 4)
    if then is not None:
        raise then


async def test_an_endless_upload_is_told_to_stop_and_the_next_request_is_served(
    api: ApiUnderTest,
) -> None:
    async with listening(api) as client:
        try:
            answer = await client.post(ROUTE, content=form(400), headers=new_key() | FORM)
        except TransportError:
            refused = True  # the server hung up while we were still sending
        else:
            refused = answer.status_code == 413
        following = await client.get(ROUTE)

    assert refused
    assert following.json()["items"] == []


async def test_an_upload_that_breaks_off_leaves_nothing(api: ApiUnderTest) -> None:
    async with listening(api) as client:
        broken = ConnectionError("the portal's network went away")
        with pytest.raises(ConnectionError, match="went away"):
            await client.post(ROUTE, content=form(8, then=broken), headers=new_key() | FORM)
        following = await client.get(ROUTE)

    assert following.json()["items"] == []
