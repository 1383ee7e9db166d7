"""Life signs: shown while a process lives, kept apart, gone with it."""

import asyncio

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from adapters.postgres.life_signs import FORGOTTEN_AFTER, LifeSign, read_processes, show
from adapters.postgres.tables_operations import LifeSignRow
from domain.contracts_health import ProcessView
from worker.life_signs import LifeSigns, process_name

Sessions = async_sessionmaker[AsyncSession]


async def known(sessions: Sessions) -> list[ProcessView]:
    async with sessions() as session:
        now = (await session.scalars(select(func.now()))).one()
        return await read_processes(session, now)


async def test_a_process_tells_of_each_part_of_its_work(sessions: Sessions) -> None:
    life = LifeSigns(sessions, "relay@host:1", ["main"])
    with life.doing("relay"):
        pass
    with pytest.raises(OSError, match="away"), life.doing("sweeper"):
        raise OSError("away")
    await life.show()

    relay, sweeper = await known(sessions)
    assert (relay.part, relay.error, relay.task_queues) == ("relay", None, ["main"])
    assert relay.ran_at is not None
    assert (sweeper.part, sweeper.error, sweeper.ran_at) == ("sweeper", "OSError", None)


async def test_a_later_sign_keeps_since_when_it_lives(sessions: Sessions) -> None:
    life = LifeSigns(sessions, process_name("worker"))
    life.has("worker")
    await life.show()
    (first,) = await known(sessions)
    await life.show()
    (second,) = await known(sessions)

    assert second.since == first.since
    assert second.seen_at > first.seen_at


async def test_a_process_that_ends_as_asked_is_not_missed(sessions: Sessions) -> None:
    life, stop = LifeSigns(sessions, "worker@host:2"), asyncio.Event()
    life.has("worker")
    showing = asyncio.create_task(life.keep_showing(stop))
    while not await known(sessions):  # noqa: ASYNC110 - what is waited for is in the database
        await asyncio.sleep(0.01)
    stop.set()
    await showing

    assert await known(sessions) == []


async def test_a_process_that_was_killed_goes_from_good_to_down_to_forgotten(
    sessions: Sessions,
) -> None:
    async def last_seen(seconds: float) -> None:
        async with sessions.begin() as session:
            await session.execute(
                update(LifeSignRow)
                .where(LifeSignRow.process == "worker@host:3")
                .values(seen_at=func.now() - func.make_interval(0, 0, 0, 0, 0, 0, seconds))
            )

    async with sessions.begin() as session:
        await show(session, "worker@host:3", [LifeSign("worker")])
    states = []
    for seconds in (5.0, 40.0, 90.0):
        await last_seen(seconds)
        states += [each.state for each in await known(sessions)]
    assert states == ["good", "slow", "down"]

    await last_seen(FORGOTTEN_AFTER.total_seconds() + 1)
    async with sessions.begin() as session:
        await show(session, "worker@host:4", [LifeSign("worker")])
    assert [each.process for each in await known(sessions)] == ["worker@host:4"]


async def test_signs_are_lost_without_harm_while_the_database_is_away(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    life, stop = LifeSigns(sessions, "worker@host:5"), asyncio.Event()
    life.has("worker")

    async def away() -> None:
        stop.set()
        raise OSError("connection refused")

    monkeypatch.setattr(life, "show", away)
    await asyncio.wait_for(life.keep_showing(stop), 5)
    assert await known(sessions) == []
