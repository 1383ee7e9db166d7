"""Events from vendors at the door: good, repeated, forged, unknown."""

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from standardwebhooks.webhooks import Webhook

from adapters.postgres.inbox_tables import InboxRow
from adapters.postgres.tables import AuditEntryRow, OutboxRow, ServiceChangeRow
from http_client import Response
from tests.support.api import ACCOUNT, BILLING_SECRET, TICKETING_SECRET, ApiUnderTest

Sessions = async_sessionmaker[AsyncSession]
SECRETS = {"billing": BILLING_SECRET, "ticketing": TICKETING_SECRET}
EVENT: dict[str, Any] = {
    "type": "account.standing_changed",
    "data": {"account": ACCOUNT, "standing": "current"},
}


def signed(
    body: bytes, *, secret: str, event_id: str = "evt_1", age: timedelta = timedelta()
) -> dict[str, str]:
    at = datetime.now(UTC) - age
    return {
        "content-type": "application/json",
        "webhook-id": event_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign(event_id, at, body.decode()),
    }


async def send(
    api: ApiUnderTest,
    event: object = EVENT,
    *,
    system: str = "billing",
    event_id: str = "evt_1",
    **headers: str,
) -> Response:
    body = json.dumps(event).encode()
    right = signed(body, secret=SECRETS.get(system, BILLING_SECRET), event_id=event_id)
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return await api.client("anonymous").post(
        f"/v1/webhooks/{system}", content=body, headers=right | given
    )


async def inbox(sessions: Sessions) -> list[InboxRow]:
    async with sessions() as session:
        return list(await session.scalars(select(InboxRow)))


async def outbox(sessions: Sessions) -> list[tuple[str, str]]:
    async with sessions() as session:
        rows = await session.scalars(select(OutboxRow).where(OutboxRow.topic == "look_again"))
        return [(row.change_id, row.payload["cause"]) for row in rows]


async def test_an_event_wakes_the_changes_of_its_account(
    api: ApiUnderTest, sessions: Sessions
) -> None:
    blocked = await api.accepted()
    checking = await api.accepted({"details": {"service": "streaming_tv"}})
    approved = await api.accepted({"details": {"service": "tech_support"}})
    await api.accepted({"account_id": "0000-OTHER"})
    async with sessions.begin() as session:
        for change, status in (
            (blocked, "incomplete"),
            (checking, "checking"),
            (approved, "applying"),
        ):
            (await session.get_one(ServiceChangeRow, change["id"])).status = status

    answer = await send(api)

    assert answer.status_code == 204
    assert answer.content == b""
    cause = "billing account.standing_changed"
    assert sorted(await outbox(sessions)) == sorted(
        [(blocked["id"], cause), (checking["id"], cause)]
    )
    timeline = (await api.portal.get(f"/v1/service-changes/{blocked['id']}/timeline")).json()
    assert [entry["kind"] for entry in timeline["items"]].count("message") == 1


async def test_a_repeated_event_is_counted_and_changes_nothing(
    api: ApiUnderTest, sessions: Sessions
) -> None:
    change = await api.accepted()
    async with sessions.begin() as session:
        (await session.get_one(ServiceChangeRow, change["id"])).status = "incomplete"

    statuses = [(await send(api)).status_code for _ in range(3)]

    assert statuses == [204, 204, 204]
    (kept,) = await inbox(sessions)
    assert kept.duplicates == 2
    assert len(await outbox(sessions)) == 1


async def test_the_same_id_from_another_system_is_another_event(
    api: ApiUnderTest, sessions: Sessions
) -> None:
    await send(api)
    await send(api, system="ticketing")

    assert {row.system for row in await inbox(sessions)} == {"billing", "ticketing"}


@pytest.mark.parametrize(
    "headers",
    [
        {"webhook_signature": "v1,Zm9yZ2Vk"},
        {"webhook_signature": ""},
        {"webhook_signature": "nonsense"},
        {"webhook_signature": "v1,%%%"},
        {"webhook_signature": "v2,Zm9yZ2Vk"},
        {"webhook_id": "evt_2"},
        {"webhook_id": ""},
        {"webhook_timestamp": "soon"},
        {"webhook_timestamp": "nan"},
        {"webhook_timestamp": "0"},
        {"webhook_timestamp": str(int(time.time()) + 3600)},
    ],
)
async def test_a_forged_event_is_refused_and_leaves_no_trace(
    api: ApiUnderTest, sessions: Sessions, headers: dict[str, str]
) -> None:
    answer = await send(api, **headers)

    assert (answer.status_code, answer.json()["code"]) == (401, "webhook_forged")
    assert await inbox(sessions) == []
    async with sessions() as session:
        assert list(await session.scalars(select(AuditEntryRow))) == []


async def test_an_old_event_is_refused_though_its_signature_fits(
    api: ApiUnderTest, sessions: Sessions
) -> None:
    body = json.dumps(EVENT).encode()
    headers = signed(body, secret=BILLING_SECRET, age=timedelta(minutes=6))

    answer = await api.client("anonymous").post(
        "/v1/webhooks/billing", content=body, headers=headers
    )

    assert answer.status_code == 401
    assert await inbox(sessions) == []


async def test_one_systems_secret_does_not_sign_for_another(api: ApiUnderTest) -> None:
    body = json.dumps(EVENT).encode()
    headers = signed(body, secret=TICKETING_SECRET)

    answer = await api.client("anonymous").post(
        "/v1/webhooks/billing", content=body, headers=headers
    )

    assert answer.status_code == 401


@pytest.mark.parametrize(
    "event",
    [
        {"type": "never.heard.of", "data": {"account": ACCOUNT}},
        {"type": 7, "data": "text"},
        {"type": "account.standing_changed", "data": {"account": "a\x00b"}},
        {},
        [],
        "text",
    ],
)
async def test_an_event_of_unknown_kind_or_shape_is_kept_as_it_came(
    api: ApiUnderTest, sessions: Sessions, event: object
) -> None:
    answer = await send(api, event)

    assert answer.status_code == 204
    (kept,) = await inbox(sessions)
    assert json.loads(kept.body) == event


@pytest.mark.parametrize("body", [b"\xff\xfe", b"not json", b"", b"[" * 90_000])
async def test_a_body_that_cannot_be_read_is_refused(
    api: ApiUnderTest, sessions: Sessions, body: bytes
) -> None:
    at = datetime.now(UTC)
    headers = {
        "webhook-id": "evt_1",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(BILLING_SECRET).sign("evt_1", at, body.decode("latin-1")),
    }

    answer = await api.client("anonymous").post(
        "/v1/webhooks/billing", content=body, headers=headers
    )

    assert answer.status_code == 401
    assert await inbox(sessions) == []


async def test_an_event_larger_than_any_vendors_is_refused(
    api: ApiUnderTest, sessions: Sessions
) -> None:
    answer = await send(api, {"type": "x", "data": "y" * 300_000})

    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
    assert await inbox(sessions) == []


async def test_a_system_that_sends_no_events_has_no_door(api: ApiUnderTest) -> None:
    known = await send(api, system="crm")
    unknown = await send(api, system="stripe")

    assert (known.status_code, unknown.status_code) == (404, 422)
