"""The same key again: the first answer, byte for byte, however many ask at once."""

import asyncio

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from adapters.postgres.tables import AuditEntryRow, OutboxRow, ServiceChangeRow
from http_client import Response
from tests.support.api import CHANGE, PDF, PNG, ApiUnderTest, as_parts, new_key

ROUTE = "/v1/service-changes"
REPLAYED = "Idempotent-Replayed"


async def test_the_same_request_again_is_answered_byte_for_byte(api: ApiUnderTest) -> None:
    key = new_key()
    first = await api.submit(headers=key)
    again = await api.submit(headers=key)

    assert (first.status_code, again.status_code) == (202, 202)
    assert again.content == first.content
    assert again.headers["location"] == first.headers["location"]
    assert (first.headers.get(REPLAYED), again.headers[REPLAYED]) == (None, "true")


async def test_it_is_the_first_answer_even_when_the_change_has_moved_on(
    api: ApiUnderTest, sessions: async_sessionmaker[AsyncSession]
) -> None:
    key = new_key()
    first = await api.submit(headers=key)
    async with sessions.begin() as session:
        row = await session.get_one(ServiceChangeRow, first.json()["id"])
        row.status = "cancelled"

    again = await api.submit(headers=key)

    assert again.content == first.content


async def test_members_in_another_order_are_the_same_request(api: ApiUnderTest) -> None:
    key = new_key()
    first = await api.portal.post(ROUTE, json=CHANGE, headers=key)
    again = await api.portal.post(ROUTE, json=dict(reversed(CHANGE.items())), headers=key)

    assert again.content == first.content


async def test_another_body_under_the_key_is_refused(api: ApiUnderTest) -> None:
    key = new_key()
    await api.submit(headers=key)
    answer = await api.submit({"requested_date": "2026-12-02"}, headers=key)

    assert answer.status_code == 422
    assert answer.json()["code"] == "idempotency_key_reused"
    assert answer.json()["retryable"] is False


async def test_another_document_under_the_key_is_refused(api: ApiUnderTest) -> None:
    key = new_key()
    first = await api.submit(headers=key, document=PDF)
    again = await api.submit(headers=key, document=PDF)
    other = await api.submit(headers=key, document=PNG)
    none = await api.submit(headers=key)

    assert again.content == first.content
    assert [other.status_code, none.status_code] == [422, 422]


async def test_a_key_belongs_to_its_caller(api: ApiUnderTest) -> None:
    key = new_key()
    portal = await api.submit(headers=key)
    partner = await api.submit(headers=key, caller="partner")

    assert portal.json()["id"] != partner.json()["id"]


async def test_a_refused_request_does_not_use_up_its_key(api: ApiUnderTest) -> None:
    key = new_key()
    refused = await api.submit({"kind": "nonsense"}, headers=key)
    accepted = await api.submit(headers=key)

    assert (refused.status_code, accepted.status_code) == (422, 202)


async def test_a_hundred_at_once_make_one_change(
    api: ApiUnderTest, sessions: async_sessionmaker[AsyncSession]
) -> None:
    key = new_key()
    answers: list[Response] = await asyncio.gather(
        *(api.submit(headers=key, document=PDF) for _ in range(100))
    )

    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.content for answer in answers}) == 1
    assert sum(REPLAYED not in answer.headers for answer in answers) == 1
    async with sessions() as session:
        for table in (ServiceChangeRow, OutboxRow, AuditEntryRow):
            assert await session.scalar(select(func.count()).select_from(table)) == 1


async def test_a_hundred_different_bodies_under_one_key_make_one_change(
    api: ApiUnderTest, sessions: async_sessionmaker[AsyncSession]
) -> None:
    key = new_key()
    answers = await asyncio.gather(
        *(api.submit({"account_id": f"{n:04}-ABCDE"}, headers=key) for n in range(100))
    )

    statuses = [answer.status_code for answer in answers]
    assert (statuses.count(202), statuses.count(422)) == (1, 99)
    async with sessions() as session:
        assert await session.scalar(select(func.count()).select_from(ServiceChangeRow)) == 1


async def test_equal_wishes_under_different_keys_know_of_each_other(api: ApiUnderTest) -> None:
    answers = await asyncio.gather(*(api.submit() for _ in range(10)))

    changes = [answer.json() for answer in answers]
    originals = [change for change in changes if change["duplicate_of"] is None]
    assert len(originals) == 1
    assert {change["duplicate_of"] for change in changes} == {None, originals[0]["id"]}


async def test_a_document_sent_in_another_form_part_order_is_the_same_request(
    api: ApiUnderTest,
) -> None:
    key = new_key()
    parts = as_parts(CHANGE, PDF)
    first = await api.portal.post(ROUTE, files=parts, headers=key)
    again = await api.portal.post(ROUTE, files=dict(reversed(parts.items())), headers=key)

    assert again.content == first.content
