"""A part is away: 503 with Retry-After and a sentence, never a 500; what can go on goes on."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from adapters.documents.store import DocumentStore, open_store
from http_client import Response
from stack.ports import LOOPBACK, free_ports
from tests.support.api import (
    PDF,
    ApiUnderTest,
    new_key,
    running_api,
    settings_for,
    sign_in_everybody,
)

ROUTE = "/v1/service-changes"


def nobody() -> str:
    """An address where nobody listens."""
    return f"{LOOPBACK}:{free_ports(1)[0]}"


@pytest_asyncio.fixture
async def without_database(engine_address: str, tmp_path: Path) -> AsyncIterator[ApiUnderTest]:
    url = f"postgresql://throughline:secret@{nobody()}/throughline"
    async with running_api(settings_for(url, engine_address, tmp_path)) as api:
        yield api


@pytest_asyncio.fixture
async def without_engine(
    database_url: str, sessions: async_sessionmaker[AsyncSession], tmp_path: Path
) -> AsyncIterator[ApiUnderTest]:
    await sign_in_everybody(sessions)
    async with running_api(settings_for(database_url, nobody(), tmp_path)) as api:
        yield api


def assert_come_back(answer: Response, code: str) -> None:
    body: dict[str, Any] = answer.json()
    assert (answer.status_code, body["code"]) == (503, code)
    assert int(answer.headers["retry-after"]) > 0
    assert body["retryable"] is True
    assert "Retry-After" in body["next_action"]


@pytest.mark.parametrize(
    "path", [ROUTE, f"{ROUTE}/chg_1", f"{ROUTE}/counts", "/v1/search?q=abcd", "/v1/audit", "/v1/me"]
)
async def test_without_database_every_reading_is_put_off(
    without_database: ApiUnderTest, path: str
) -> None:
    assert_come_back(await without_database.client("support").get(path), "database_unavailable")


async def test_without_database_nothing_is_taken(without_database: ApiUnderTest) -> None:
    assert_come_back(await without_database.submit(document=PDF), "database_unavailable")


async def test_a_database_that_goes_away_later_is_no_500_either(
    api: ApiUnderTest, without_database: ApiUnderTest
) -> None:
    change = await api.accepted()
    kept = api.parts.sessions
    api.parts.sessions = without_database.parts.sessions  # the caller is still remembered
    try:
        answers = [
            await api.submit(),
            await api.portal.get(f"{ROUTE}/{change['id']}"),
            await api.portal.post(
                f"{ROUTE}/{change['id']}/actions/cancel",
                json={"reason": "As agreed."},
                headers=new_key(),
            ),
        ]
    finally:
        api.parts.sessions = kept
    for answer in answers:
        assert_come_back(answer, "database_unavailable")
    assert (await api.portal.get(f"{ROUTE}/{change['id']}")).json() == change


async def test_health_names_the_part_that_is_away(
    api: ApiUnderTest, without_database: ApiUnderTest, without_engine: ApiUnderTest
) -> None:
    seen = {
        "all well": await api.client("anonymous").get("/health/ready"),
        "no database": await without_database.client("anonymous").get("/health/ready"),
        "no engine": await without_engine.client("anonymous").get("/health/ready"),
    }

    assert {name: (answer.status_code, answer.json()) for name, answer in seen.items()} == {
        "all well": (200, {"database": "ok", "engine": "ok"}),
        "no database": (503, {"database": "away", "engine": "ok"}),
        "no engine": (503, {"database": "ok", "engine": "away"}),
    }
    live = await without_database.client("anonymous").get("/health/live")
    assert live.status_code == 200


async def test_without_engine_submitting_and_reading_go_on(without_engine: ApiUnderTest) -> None:
    change = await without_engine.accepted(document=PDF)

    for path in ("", "/answers", "/timeline", "/documents/1"):
        answer = await without_engine.portal.get(f"{ROUTE}/{change['id']}{path}")
        assert answer.status_code == 200


async def test_without_engine_a_decision_is_put_off_and_not_recorded_as_refused(
    without_engine: ApiUnderTest,
) -> None:
    change = await without_engine.accepted()

    answer = await without_engine.portal.post(
        f"{ROUTE}/{change['id']}/actions/cancel",
        json={"reason": "As agreed."},
        headers=new_key(),
    )

    assert_come_back(answer, "engine_unavailable")
    audit = await without_engine.operator.get("/v1/audit", params={"change_id": change["id"]})
    assert [entry["action"] for entry in audit.json()["items"]] == ["submit"]


async def test_a_document_store_that_is_away_takes_no_change(
    api: ApiUnderTest, tmp_path: Path
) -> None:
    folder = tmp_path / "gone"
    api.parts.documents = DocumentStore(open_store(folder.as_uri()))
    folder.rmdir()
    folder.touch()  # not even a folder can be made there again

    answer = await api.submit(document=PDF)

    assert_come_back(answer, "document_store_unavailable")
    assert (await api.portal.get(ROUTE)).json()["items"] == []
