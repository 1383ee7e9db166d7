"""Places to die at: off unless asked for, hit once, and deadly."""

import multiprocessing
import signal
from pathlib import Path

import pytest
from pydantic import SecretStr
from temporalio.client import Client

from activities.records import Records
from adapters.postgres.records import PostgresRecords
from adapters.temporal.client import connect
from adapters.vendors.billing import BillingClient
from adapters.vendors.fakes.billing import FakeBilling
from api.app import create_app
from api.crash_points import MortalMiddleware
from crash_points import CrashPoint, CrashPoints
from domain.service_change import EffectStatus
from domain.vendor_values import EffectEvidence, VendorCall
from settings import CHECKOUT, Settings
from tests.support.memory_records import MemoryRecords
from worker.bootstrap import wire
from worker.crash_points import MortalPort, MortalRecords

PRODUCTION = Settings(
    _env_file=None,
    database_url="postgresql://nobody@127.0.0.1:1/none",
    document_store="memory:///",
    billing_api_key=SecretStr("k"),
    crm_client_secret=SecretStr("s"),
)
POINT = CrashPoint.BEFORE_CALL


class Reached(CrashPoints):
    """Notes what would have killed."""

    def __init__(self) -> None:
        self.points: list[CrashPoint] = []

    def reach(self, point: CrashPoint) -> None:
        self.points.append(point)


async def nowhere() -> Client:
    """A client of an engine that nobody asks."""
    return await connect("127.0.0.1:1", "throughline", lazy=True)


async def test_without_the_setting_nothing_is_wrapped() -> None:
    assert PRODUCTION.crash_points is None
    async with wire(PRODUCTION, await nowhere()) as outside:
        assert type(outside.records) is PostgresRecords
        assert type(outside.billing) is BillingClient
    layers: list[object] = [layer.cls for layer in create_app(PRODUCTION).user_middleware]
    assert MortalMiddleware not in layers


@pytest.mark.parametrize("file", ["docker-compose.yml", "Dockerfile", "throughline"])
def test_nothing_that_deploys_sets_it(file: str) -> None:
    assert "CRASH_POINTS" not in (CHECKOUT / file).read_text()


async def test_with_the_setting_everything_is_wrapped(tmp_path: Path) -> None:
    settings = PRODUCTION.model_copy(update={"crash_points": tmp_path})
    async with wire(settings, await nowhere()) as outside:
        assert type(outside.records) is MortalRecords
        for port in (outside.crm, outside.billing, outside.scheduling, outside.ticketing):
            assert type(port) is MortalPort
    layers: list[object] = [layer.cls for layer in create_app(settings).user_middleware]
    assert MortalMiddleware in layers


def test_an_armed_point_kills_one_process_and_lets_the_next_live(tmp_path: Path) -> None:
    points = CrashPoints(tmp_path)
    points.arm(POINT)
    assert [ended(points), ended(points)] == [-signal.SIGKILL, 0]
    assert len(points.hits(POINT)) == 1


def test_an_unarmed_point_lets_live(tmp_path: Path) -> None:
    points = CrashPoints(tmp_path)
    points.arm(POINT)
    points.disarm()
    assert ended(points) == 0
    assert points.hits(POINT) == []


def ended(points: CrashPoints) -> int | None:
    """How a process of its own ends that reaches the point."""
    process = multiprocessing.get_context("spawn").Process(target=points.reach, args=(POINT,))
    process.start()
    process.join(30)
    return process.exitcode


async def test_effects_pass_both_points_around_a_call_and_reads_none() -> None:
    reached = Reached()
    billing = MortalPort(FakeBilling([]), reached)
    await billing.read_standing(VendorCall("c"), "0001-A")
    assert reached.points == []
    await MortalPort(_Recorder(), reached).close_ticket()
    assert reached.points == [CrashPoint.BEFORE_CALL, CrashPoint.AFTER_CALL_BEFORE_RECORD]


class _Recorder:
    async def close_ticket(self) -> None:
        """An effect."""


async def test_only_a_transaction_that_closed_an_effect_passes_the_point() -> None:
    reached = Reached()
    memory: Records = MemoryRecords()
    records = MortalRecords(memory, reached)
    async with records.begin():
        pass
    assert reached.points == []
    with pytest.raises(KeyError):
        async with records.begin() as record:
            await record.close_effect("no such key", EffectStatus.APPLIED, EffectEvidence("r"))
    assert reached.points == []


@pytest.mark.parametrize(
    ("method", "status", "dies"),
    [("POST", 202, True), ("POST", 409, False), ("GET", 200, False), ("DELETE", 204, True)],
)
async def test_the_api_dies_only_where_a_write_succeeded(
    method: str, status: int, *, dies: bool
) -> None:
    reached = Reached()
    heard: list[int] = []

    async def app(scope: object, receive: object, send: object) -> None:
        del scope, receive
        await send({"type": "http.response.start", "status": status, "headers": []})  # type: ignore[operator]

    async def send(message: object) -> None:
        heard.append(message["status"])  # type: ignore[index]

    middleware = MortalMiddleware(app, reached)
    await middleware({"type": "http", "method": method}, None, send)  # type: ignore[arg-type]
    assert reached.points == ([CrashPoint.API_AFTER_COMMIT_BEFORE_ANSWER] if dies else [])
    assert heard == [status]
