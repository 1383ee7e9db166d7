"""What is personal stays in the database: none of it in logs or workflow histories."""

import base64
import json
import logging

import pytest
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from temporalio.client import Client

from adapters.postgres.tables import ServiceChangeRow
from domain.messages import Patience
from tests.support.api import PDF, ApiUnderTest
from tests.support.clock import Clock
from tests.support.polling import eventually
from tests.support.world import World
from worker.relay import Relay

ADDRESS = {
    "line1": "Personal Street 99",
    "line2": "",
    "city": "Privatville",
    "postal_code": "99999",
    "country": "US",
}
NOTE = "My daughter Henrietta is at home."
PERSONAL = ("Personal Street", "Privatville", "Henrietta")


def written(records: list[logging.LogRecord]) -> str:
    """Everything a formatter could get at."""
    formatter = logging.Formatter()
    return "\n".join(
        f"{json.dumps(record.__dict__, default=str)} {formatter.format(record)}"
        for record in records
    )


async def test_neither_logs_nor_histories_hold_anything_personal(
    api: ApiUnderTest,
    sessions: async_sessionmaker[AsyncSession],
    temporal_client: Client,
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    world = World(temporal_client, sessions, clock, api.parts.engine._task_queue)
    api.parts.documents = world.documents
    api.parts.clock = clock
    change = await api.accepted(
        {
            "kind": "change_billing_address",
            "details": {"billing_address": ADDRESS},
            "note": NOTE,
        },
        document=PDF,
    )
    assert change["details"]["billing_address"] == ADDRESS
    async with world.working():
        await Relay(sessions, world.engine, Patience()).dispatch()

        async def status() -> str:
            answer = await api.operator.get(f"/v1/service-changes/{change['id']}")
            return str(answer.json()["status"])

        await eventually(status, lambda seen: seen == "awaiting_approval")
        await api.operator.post(
            f"/v1/service-changes/{change['id']}/actions/approve",
            json={"reason": "As agreed."},
            headers={"Idempotency-Key": "k"},
        )
        await eventually(status, lambda seen: seen == "active")

    handle = temporal_client.get_workflow_handle(change["workflow_id"])
    history = (await handle.fetch_history()).to_json()
    logs = written([record for record in caplog.records if record.name != "sqlalchemy"])
    assert change["id"] in logs
    assert [word for word in PERSONAL if word in logs] == []
    assert [word for word in PERSONAL if word in history] == []
    decoded = "\n".join(_payloads(json.loads(history)))
    assert change["id"] in decoded
    assert [word for word in PERSONAL if word in decoded] == []


def _payloads(node: object) -> list[str]:
    """Every payload of a history, decoded."""
    if isinstance(node, dict):
        own = [base64.b64decode(node["data"]).decode()] if isinstance(node.get("data"), str) else []
        return own + [text for value in node.values() for text in _payloads(value)]
    if isinstance(node, list):
        return [text for value in node for text in _payloads(value)]
    return []


async def test_a_failed_statement_is_told_without_its_values(
    api: ApiUnderTest, sessions: async_sessionmaker[AsyncSession]
) -> None:
    change = await api.accepted({"note": NOTE})

    async with sessions() as session:
        row = await session.get_one(ServiceChangeRow, change["id"])
        row.note = f"{NOTE}\x00"
        with pytest.raises(DBAPIError) as failure:
            await session.commit()

    assert "Henrietta" not in str(failure.value)


async def test_a_request_is_logged_once_with_its_outcome_and_correlation_id(
    api: ApiUnderTest, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="throughline.access")

    await api.portal.get("/v1/search", params={"q": "secret"}, headers={"X-Correlation-ID": "c-1"})

    (record,) = [record for record in caplog.records if record.name == "throughline.access"]
    fields = record.__dict__
    assert (fields["method"], fields["path"]) == ("GET", "/v1/search")
    assert (fields["status"], fields["correlation_id"]) == (200, "c-1")
    assert "secret" not in written([record])
