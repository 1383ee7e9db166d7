"""Events from vendors at the door: good, repeated, forged, unknown."""

import asyncio
import json
import time
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from adapters.postgres.tables import AuditEntryRow, OutboxRow, ServiceChangeRow
from adapters.postgres.tables_inbox import ForgedWebhookRow, InboxArrivalRow, InboxRow
from http_client import Response
from tests.support.api import (
    ACCOUNT,
    BILLING_SECRET,
    TICKETING_SECRET,
    ApiUnderTest,
    running_api,
    settings_for,
)
from tests.support.webhooks import signed, standing_changed
from worker.inbox import work_off

Sessions = async_sessionmaker[AsyncSession]
SECRETS = {"billing": BILLING_SECRET, "ticketing": TICKETING_SECRET}
EVENT = standing_changed()


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


async def arrivals(sessions: Sessions) -> list[InboxArrivalRow]:
    async with sessions() as session:
        return list(await session.scalars(select(InboxArrivalRow).order_by(InboxArrivalRow.id)))


async def outbox(sessions: Sessions) -> list[tuple[str, str]]:
    async with sessions() as session:
        rows = await session.scalars(select(OutboxRow).where(OutboxRow.topic == "look_again"))
        return [(row.change_id, row.payload["cause"]) for row in rows if row.change_id]


async def test_a_genuine_event_is_queued_and_nothing_is_decided(
    api: ApiUnderTest, sessions: Sessions
) -> None:
    change = await api.accepted()
    async with sessions.begin() as session:
        (await session.get_one(ServiceChangeRow, change["id"])).status = "incomplete"

    answer = await send(api)

    assert (answer.status_code, answer.content) == (204, b"")
    (kept,) = await inbox(sessions)
    assert (kept.state, kept.type, kept.account_id) == (
        "queued",
        "account.standing_changed",
        ACCOUNT,
    )
    assert json.loads(kept.body) == EVENT
    assert kept.headers["webhook-id"] == "evt_1"
    assert await outbox(sessions) == []


async def test_a_processed_event_wakes_the_changes_of_its_account(
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

    await send(api)
    await work_off(sessions, api.parts.clock)

    cause = "billing account.standing_changed"
    assert sorted(await outbox(sessions)) == sorted(
        [(blocked["id"], cause), (checking["id"], cause)]
    )
    timeline = (await api.portal.get(f"/v1/service-changes/{blocked['id']}/timeline")).json()
    assert [entry["kind"] for entry in timeline["items"]].count("message") == 1


async def test_a_repeated_event_is_a_row_of_its_own_and_changes_nothing(
    api: ApiUnderTest, sessions: Sessions
) -> None:
    change = await api.accepted()
    async with sessions.begin() as session:
        (await session.get_one(ServiceChangeRow, change["id"])).status = "incomplete"

    statuses = []
    for _ in range(3):
        statuses.append((await send(api)).status_code)
        await work_off(sessions, api.parts.clock)

    assert statuses == [204, 204, 204]
    (kept,) = await inbox(sessions)
    assert kept.duplicates == 2
    again = await arrivals(sessions)
    assert [row.event_id for row in again] == ["evt_1", "evt_1"]
    assert all(row.headers["webhook-id"] == "evt_1" for row in again)
    assert kept.received_at < again[0].received_at < again[1].received_at
    assert len(await outbox(sessions)) == 1


async def test_a_hundred_posts_of_one_event_at_once_make_one_row_and_no_fault(
    api: ApiUnderTest, sessions: Sessions
) -> None:
    answers = await asyncio.gather(*(send(api) for _ in range(100)))

    assert {answer.status_code for answer in answers} == {204}
    (kept,) = await inbox(sessions)
    assert kept.duplicates == 99
    assert len(await arrivals(sessions)) == 99


async def test_two_secrets_are_good_at_a_time_and_no_third(
    database_url: str, engine_address: str, sessions: Sessions, tmp_path: Path
) -> None:
    old, older = "whsec_b2xkLW9uZS1vZi1iaWxsaW5nLTAxMjM0NTY3ODkwMQ==", TICKETING_SECRET
    settings = settings_for(
        database_url, engine_address, tmp_path, billing_webhook_secret_previous=SecretStr(old)
    )
    body = json.dumps(EVENT).encode()
    async with running_api(settings) as api:
        answers = [
            await api.client("anonymous").post(
                "/v1/webhooks/billing",
                content=body,
                headers=signed(body, secret=secret, event_id=f"evt_{number}"),
            )
            for number, secret in enumerate((BILLING_SECRET, old, older))
        ]

    assert [answer.status_code for answer in answers] == [204, 204, 401]
    assert len(await inbox(sessions)) == 2


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
async def test_a_forged_event_is_refused_and_leaves_no_trace_but_a_count(
    api: ApiUnderTest, sessions: Sessions, headers: dict[str, str]
) -> None:
    answers = [await send(api, **headers) for _ in range(2)]

    assert {(each.status_code, each.json()["code"]) for each in answers} == {
        (401, "webhook_forged")
    }
    assert await inbox(sessions) == []
    async with sessions() as session:
        assert list(await session.scalars(select(AuditEntryRow))) == []
        counted = list(await session.scalars(select(ForgedWebhookRow)))
    # Two, unless the hour ended between them.
    assert sum(row.count for row in counted) == 2
    assert {row.system for row in counted} == {"billing"}
    assert all((row.hour.minute, row.hour.second) == (0, 0) for row in counted)


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
        {"type": "account.standing_changed", "data": {"account": "\ud800"}},
        {"type": "account.standing_changed", "data": {"account": "a" * 5000}},
        {"type": "t" * 5000, "data": {"account": ACCOUNT}},
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


@pytest.mark.parametrize("body", [b"not json", b"", b"[" * 90_000, b'{"type": "account.stan'])
async def test_a_body_that_cannot_be_read_is_kept_if_it_is_genuine(
    api: ApiUnderTest, sessions: Sessions, body: bytes
) -> None:
    answer = await api.client("anonymous").post(
        "/v1/webhooks/billing", content=body, headers=signed(body, secret=BILLING_SECRET)
    )
    await work_off(sessions, api.parts.clock)

    assert answer.status_code == 204
    (kept,) = await inbox(sessions)
    assert (kept.body, kept.state) == (body, "quarantined")


@pytest.mark.parametrize("cut", [b"", b'{"type": ', b"\xff\xfe"])
async def test_a_body_that_was_cut_or_changed_on_its_way_is_refused(
    api: ApiUnderTest, sessions: Sessions, cut: bytes
) -> None:
    headers = signed(json.dumps(EVENT).encode(), secret=BILLING_SECRET)

    answer = await api.client("anonymous").post(
        "/v1/webhooks/billing", content=cut, headers=headers
    )

    assert answer.status_code == 401
    assert await inbox(sessions) == []


async def test_bytes_that_are_no_text_cannot_be_genuine(
    api: ApiUnderTest, sessions: Sessions
) -> None:
    body = b"\xff\xfe"

    answer = await api.client("anonymous").post(
        "/v1/webhooks/billing", content=body, headers=signed(body, secret=BILLING_SECRET)
    )

    assert answer.status_code == 401
    assert await inbox(sessions) == []


@pytest.mark.parametrize("event_id", ["e" * 256, "evt 1", "evt_\u00fc"])
async def test_an_id_that_cannot_be_kept_is_refused_clearly(
    api: ApiUnderTest, sessions: Sessions, event_id: str
) -> None:
    body = json.dumps(EVENT).encode()
    right = signed(body, secret=BILLING_SECRET, event_id=event_id)
    headers = [(name.encode(), value.encode("latin-1")) for name, value in right.items()]

    answer = await api.client("anonymous").post(
        "/v1/webhooks/billing", content=body, headers=headers
    )

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert await inbox(sessions) == []


async def test_headers_of_any_length_and_kind_do_not_stop_an_event(
    api: ApiUnderTest, sessions: Sessions
) -> None:
    answer = await send(api, content_type="x" * 5000, x_correlation_id="a\tb")

    assert answer.status_code == 204
    (kept,) = await inbox(sessions)
    assert len(kept.headers["content-type"]) == 255
    assert "x-correlation-id" not in kept.headers


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
