"""Further document versions: what becomes of them in each state, and reading them back."""

import asyncio

import pytest
from obstore.store import MemoryStore
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from adapters.documents.store import DocumentStore
from adapters.postgres.tables import OutboxRow, ServiceChangeRow
from domain.service_change import ChangeStatus
from http_client import Response
from tests.support.api import JPEG, PDF, PNG, ApiUnderTest

ROUTE = "/v1/service-changes"
Sessions = async_sessionmaker[AsyncSession]


async def add(api: ApiUnderTest, change_id: str, content: bytes) -> Response:
    return await api.portal.post(
        f"{ROUTE}/{change_id}/documents", files={"document": ("a.pdf", content)}
    )


async def put_in_status(
    sessions: Sessions, change_id: str, status: str, *, approved: bool = False
) -> None:
    async with sessions.begin() as session:
        row = await session.get_one(ServiceChangeRow, change_id)
        row.status = status
        row.approved_plan_sha256 = "a" * 64 if approved else None


async def woken(sessions: Sessions, change_id: str) -> list[str]:
    """What the engine will be told about the change, after its start."""
    async with sessions() as session:
        rows = await session.scalars(
            select(OutboxRow)
            .where(OutboxRow.change_id == change_id, OutboxRow.topic == "look_again")
            .order_by(OutboxRow.id)
        )
        return [row.payload["reference"] for row in rows]


@pytest.mark.parametrize("status", ["pending", "checking", "incomplete", "awaiting_approval"])
async def test_before_approval_a_version_becomes_current_and_is_looked_at(
    api: ApiUnderTest, sessions: Sessions, status: str
) -> None:
    change = await api.accepted(document=PDF)
    await put_in_status(sessions, change["id"], status)

    answer = await add(api, change["id"], PNG)

    assert answer.status_code == 201
    assert (answer.json()["version"], answer.json()["state"]) == (2, "current")
    read = (await api.portal.get(f"{ROUTE}/{change['id']}")).json()
    assert [(v["version"], v["state"]) for v in read["document_versions"]] == [
        (1, "superseded"),
        (2, "current"),
    ]
    assert await woken(sessions, change["id"]) == ["version 2"]


@pytest.mark.parametrize("status", ["applying", "active", "needs_attention"])
async def test_after_approval_a_version_waits_for_review(
    api: ApiUnderTest, sessions: Sessions, status: str
) -> None:
    change = await api.accepted(document=PDF)
    await put_in_status(sessions, change["id"], status, approved=True)

    answer = await add(api, change["id"], PNG)

    assert (answer.status_code, answer.json()["state"]) == (201, "pending_review")
    read = (await api.portal.get(f"{ROUTE}/{change['id']}")).json()
    assert [v["state"] for v in read["document_versions"]] == ["current", "pending_review"]
    assert await woken(sessions, change["id"]) == []


async def test_a_change_parked_before_its_approval_takes_a_version_as_the_current_one(
    api: ApiUnderTest, sessions: Sessions
) -> None:
    change = await api.accepted(document=PDF)
    await put_in_status(sessions, change["id"], "needs_attention")

    answer = await add(api, change["id"], PNG)

    assert (answer.status_code, answer.json()["state"]) == (201, "current")
    assert await woken(sessions, change["id"]) == ["version 2"]


@pytest.mark.parametrize("status", ["rejected", "cancelled", "expired", "compensating"])
async def test_a_change_that_ended_takes_no_document(
    api: ApiUnderTest, sessions: Sessions, status: str
) -> None:
    change = await api.accepted()
    await put_in_status(sessions, change["id"], status)

    answer = await add(api, change["id"], PNG)

    assert (answer.status_code, answer.json()["code"]) == (409, "not_applicable")
    assert status in answer.json()["detail"]


def test_every_status_has_been_asked_about() -> None:
    asked = {
        mark.args[1][n]
        for test in (
            test_before_approval_a_version_becomes_current_and_is_looked_at,
            test_after_approval_a_version_waits_for_review,
            test_a_change_that_ended_takes_no_document,
        )
        for mark in test.pytestmark  # type: ignore[attr-defined] # pytest puts it there
        for n in range(len(mark.args[1]))
    }
    assert asked == set(ChangeStatus)


async def test_the_same_document_again_changes_nothing(
    api: ApiUnderTest, sessions: Sessions
) -> None:
    change = await api.accepted(document=PDF)

    first = await add(api, change["id"], PNG)
    again = await add(api, change["id"], PNG)

    assert first.json() == again.json()
    assert await woken(sessions, change["id"]) == ["version 2"]


async def test_versions_added_at_once_are_numbered_without_gap(
    api: ApiUnderTest, sessions: Sessions
) -> None:
    change = await api.accepted(document=PDF)
    contents = [PNG + bytes([n]) for n in range(8)]

    answers = await asyncio.gather(*(add(api, change["id"], content) for content in contents))

    assert sorted(answer.json()["version"] for answer in answers) == list(range(2, 10))
    read = (await api.portal.get(f"{ROUTE}/{change['id']}")).json()
    states = [version["state"] for version in read["document_versions"]]
    assert states == ["superseded"] * 8 + ["current"]
    assert len(await woken(sessions, change["id"])) == 8


async def test_the_bytes_come_back_as_they_were_and_are_not_guessed_at(api: ApiUnderTest) -> None:
    content = JPEG + bytes(range(256)) * 9000
    change = await api.accepted(document=content)

    answer = await api.client("support").get(f"{ROUTE}/{change['id']}/documents/1")

    assert answer.content == content
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["etag"] == f'"{change["document_versions"][0]["sha256"]}"'


@pytest.mark.parametrize(
    ("version", "status"),
    [("2", 404), ("0", 422), ("-1", 422), ("9" * 30, 422), ("one", 422), ("1.5", 422)],
)
async def test_a_version_there_is_not(api: ApiUnderTest, version: str, status: int) -> None:
    change = await api.accepted(document=PDF)

    answer = await api.portal.get(f"{ROUTE}/{change['id']}/documents/{version}")

    assert answer.status_code == status


async def test_a_document_store_that_lost_the_bytes_is_a_503_not_half_an_answer(
    api: ApiUnderTest,
) -> None:
    change = await api.accepted(document=PDF)
    api.parts.documents = DocumentStore(MemoryStore())

    answer = await api.portal.get(f"{ROUTE}/{change['id']}/documents/1")

    assert (answer.status_code, answer.json()["code"]) == (503, "document_store_unavailable")
    assert answer.headers["retry-after"]


@pytest.mark.parametrize(("content", "code"), [(b"hello", "document_type"), (b"", "document_type")])
async def test_a_revision_is_judged_like_a_first_document(
    api: ApiUnderTest, content: bytes, code: str
) -> None:
    change = await api.accepted(document=PDF)

    answer = await add(api, change["id"], content)

    assert (answer.status_code, answer.json()["code"]) == (415, code)


async def test_a_revision_must_be_sent_as_a_file_of_that_name(api: ApiUnderTest) -> None:
    change = await api.accepted()
    route = f"{ROUTE}/{change['id']}/documents"

    missing = await api.portal.post(route, files={"file": ("a.pdf", PDF)})
    as_json = await api.portal.post(route, json={"document": "hello"})

    assert (missing.status_code, missing.json()["errors"][0]["field"]) == (422, "document")
    assert (as_json.status_code, as_json.json()["code"]) == (415, "unsupported_body")


async def test_support_reads_documents_and_adds_none(api: ApiUnderTest) -> None:
    change = await api.accepted()

    answer = await api.client("support").post(
        f"{ROUTE}/{change['id']}/documents", files={"document": ("a.pdf", PDF)}
    )

    assert answer.status_code == 403
