"""Records the histories of replays: `python -m tests.replay.replays`. Review it as code.

It runs on an engine and a database of its own, like `record.py` for service changes.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from adapters.postgres.desk_reading import DeadLetterFilter
from adapters.postgres.engine import create_engine, sessions
from adapters.postgres.migrate import upgrade
from adapters.postgres.replays import (
    NewReplay,
    create_replay,
    locked_replay,
    select_dead_letters,
    steer,
)
from adapters.postgres.tables_desk import ReplayRow
from adapters.temporal.client import connect
from domain.errors import CredentialError
from domain.identifiers import System, replay_workflow_id
from domain.replays import ReplayState, Steering
from domain.service_change import ChangeStatus, Role
from stack.ephemeral import EphemeralStack, ephemeral_stack
from tests.replay.histories import HISTORIES, store
from tests.support.api import sign_in_everybody
from tests.support.clock import Clock
from tests.support.polling import eventually
from tests.support.world import World

REPLAYS: Final = HISTORIES.parent / "replay"
"""Beside the histories of service changes; one for each way a replay may go."""

CREDENTIAL: Final = CredentialError(System.CRM, "401")


async def _parked(world: World, count: int) -> None:
    for number in range(count):
        world.crm.failures.plan_before("read_account", CREDENTIAL)
        address = {"line1": f"{number} Main Street", "city": "Springfield", "country": "US"}
        change = await world.submit(
            kind="change_billing_address",
            details={"billing_address": address | {"line2": "", "postal_code": "12345"}},
        )
        await change.reaches(ChangeStatus.NEEDS_ATTENTION)


async def _asked_for(world: World, name: str) -> str:
    new = NewReplay(
        id=f"rpl_{name}",
        wanted=DeadLetterFilter(),
        selection={},
        dry_run=False,
        actor="operator",
        role=Role.OPERATOR,
        reason="The credential was renewed.",
        correlation_id=name,
        at=world.clock(),
    )
    async with world.sessions.begin() as session:
        await create_replay(session, new, await select_dead_letters(session, new))
    return new.id


async def _steer(world: World, replay_id: str, what: Steering) -> None:
    async with world.sessions.begin() as session:
        row = await locked_replay(session, replay_id)
        assert row is not None
        await steer(session, row, what, actor="olga", reason="As agreed.", at=world.clock())
    await world.relay()


async def all_of_them(world: World) -> str:
    """Thirteen, in three stages."""
    await _parked(world, 13)
    return await _asked_for(world, "all_of_them")


async def the_first_fails(world: World) -> str:
    """The canary stands still again; it stops itself."""
    await _parked(world, 3)
    world.crm.failures.plan_before("read_account", CREDENTIAL)
    return await _asked_for(world, "the_first_fails")


async def suspended_and_resumed(world: World) -> str:
    """A person stops it before the first, and has it go on."""
    await _parked(world, 2)
    replay_id = await _asked_for(world, "suspended_and_resumed")
    await _steer(world, replay_id, Steering.SUSPEND)
    handle = world.client.get_workflow_handle(replay_workflow_id(replay_id))
    await eventually(handle.fetch_history, lambda seen: len(seen.events) > 12)
    await _steer(world, replay_id, Steering.RESUME)
    return replay_id


REPLAYED: Final[Mapping[str, tuple[Callable[[World], Awaitable[str]], ReplayState]]] = {
    "all_of_them": (all_of_them, ReplayState.DONE),
    "suspended_and_resumed": (suspended_and_resumed, ReplayState.DONE),
    "the_first_fails": (the_first_fails, ReplayState.STOPPED),
}
"""Name, course and end. What the last one leaves behind would be selected by another."""


async def record(stack: EphemeralStack) -> None:
    """Have each replay run to its end and keep its history. Raises when one ends otherwise."""
    client = await connect(stack.temporal_target, stack.temporal_namespace)
    engine = create_engine(stack.database_url, pool_size=10, application="throughline-record")
    await sign_in_everybody(sessions(engine))
    for name, (course, end) in REPLAYED.items():
        world = World(client, sessions(engine), Clock(), name)
        async with world.working():
            replay_id = await course(world)
            await world.relay()
            handle = client.get_workflow_handle(replay_workflow_id(replay_id))
            await handle.result()
        async with world.sessions() as session:
            state = (await session.get_one(ReplayRow, replay_id)).state
        if state != end:
            raise RuntimeError(f"{name} ended as {state}")
        path = store(name, await handle.fetch_history(), REPLAYS)
        sys.stdout.write(f"{path.name}: {state}\n")
    await engine.dispose()


if __name__ == "__main__":
    with ephemeral_stack() as recording:
        upgrade(recording.database_url)
        asyncio.run(record(recording))
