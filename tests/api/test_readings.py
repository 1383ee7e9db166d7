"""Reading what is personal is on record, once a look and never for the submitter."""

from datetime import timedelta
from typing import Any

import pytest
from obstore.store import MemoryStore
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from adapters.documents.store import DocumentStore
from adapters.postgres.readings import ONE_LOOK, Reading, record_reading
from adapters.postgres.tables import ServiceChangeRow
from api.dependencies import Principal
from domain.service_change import Role
from tests.support.api import PDF, PNG, ApiUnderTest
from tests.support.clock import START

ROUTE = "/v1/service-changes"
Sessions = async_sessionmaker[AsyncSession]


async def readings(api: ApiUnderTest, **filters: str) -> list[dict[str, Any]]:
    answer = await api.client("support").get("/v1/audit", params=filters)
    found = [item for item in answer.json()["items"] if item["action"].startswith("read_")]
    return found[::-1]


async def test_a_document_read_by_staff_is_on_record_with_its_version(api: ApiUnderTest) -> None:
    change = await api.accepted(document=PDF)

    answer = await api.operator.get(f"{ROUTE}/{change['id']}/documents/1")

    (entry,) = await readings(api)
    assert answer.content == PDF
    assert (entry["actor"], entry["action"]) == ("operator", "read_document")
    assert (entry["change_id"], entry["account_id"]) == (change["id"], change["account_id"])
    sha256 = change["document_versions"][0]["sha256"]
    assert entry["facts"] == {"version": 1, "document_sha256": sha256}


async def test_a_submitter_reading_their_own_document_is_not(api: ApiUnderTest) -> None:
    change = await api.accepted(document=PDF)

    await api.portal.get(f"{ROUTE}/{change['id']}/documents/1")

    assert await readings(api) == []


async def test_the_same_look_is_on_record_once_and_another_version_again(
    api: ApiUnderTest,
) -> None:
    change = await api.accepted(document=PDF)
    await api.portal.post(f"{ROUTE}/{change['id']}/documents", files={"document": ("b.png", PNG)})

    for version in (1, 1, 2, 1):
        await api.operator.get(f"{ROUTE}/{change['id']}/documents/{version}")
    await api.client("support").get(f"{ROUTE}/{change['id']}/documents/1")

    told = [(item["actor"], item["facts"]["version"]) for item in await readings(api)]
    assert told == [("operator", 1), ("operator", 2), ("support", 1)]


@pytest.mark.parametrize(("later", "entries"), [(ONE_LOOK / 2, 1), (ONE_LOOK, 2)])
async def test_a_look_lasts_a_while(
    api: ApiUnderTest, sessions: Sessions, later: timedelta, entries: int
) -> None:
    change = await api.accepted()
    reader = Principal("olga", Role.SUPPORT)

    for at in (START, START + later):
        async with sessions.begin() as session:
            row = await session.get_one(ServiceChangeRow, change["id"])
            await record_reading(session, reader, row, Reading.PERSONAL, at=at)

    assert len(await readings(api, actor="olga")) == entries


async def test_what_could_not_be_read_is_not_on_record(api: ApiUnderTest) -> None:
    change = await api.accepted(document=PDF)
    api.parts.documents = DocumentStore(MemoryStore())

    answer = await api.operator.get(f"{ROUTE}/{change['id']}/documents/1")

    assert answer.status_code == 503
    assert await readings(api) == []
