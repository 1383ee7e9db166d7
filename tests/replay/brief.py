"""Records the histories of the brief workflows: `python -m tests.replay.brief [name ...]`.

Credentials that are tried, asked about and probed, and an effect that is settled. Review what it
writes as code. It runs on an engine and a database of its own, as `record.py` does.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from typing import Final

from sqlalchemy import text, update

from adapters.postgres.engine import create_engine, sessions
from adapters.postgres.migrate import upgrade
from adapters.postgres.tables import EffectRow
from adapters.temporal.client import connect
from domain.credential_messages import PreflightInput, ProbeInput, TrialInput
from domain.errors import UnrecognisedPayloadError
from domain.identifiers import VENDORS, System
from domain.service_change import Action, ChangeStatus
from domain.settling import settle_workflow_id
from stack.ephemeral import EphemeralStack, ephemeral_stack
from tests.replay.histories import HISTORIES, store
from tests.support.clock import Clock
from tests.support.world import World
from worker.open_effects import sweep_effects
from workflows import (
    CredentialPreflightWorkflow,
    CredentialProbeWorkflow,
    CredentialTrialWorkflow,
)

BRIEF: Final = HISTORIES.parent / "brief"
"""Beside the histories of service changes."""

STEP_LIMIT: Final = timedelta(hours=2)


async def trial(world: World) -> str:
    """A version is tried for a person who waits."""
    given = TrialInput(system=System.BILLING, version=1, actor="admin", correlation_id="trial")
    await world.client.execute_workflow(
        CredentialTrialWorkflow.run, given, id="trial", task_queue=world.task_queue
    )
    return "trial"


async def preflight(world: World) -> str:
    """Every system is asked, and one refuses."""
    world.entrances.refuses.add((System.BILLING, 1))
    await world.client.execute_workflow(
        CredentialPreflightWorkflow.run,
        PreflightInput(systems=VENDORS),
        id="preflight",
        task_queue=world.task_queue,
    )
    return "preflight"


async def probe(world: World) -> str:
    """A system that has refused us lets us in again; it follows the pre-flight that was refused."""
    await world.client.execute_workflow(
        CredentialProbeWorkflow.run,
        ProbeInput(system=System.BILLING),
        id="probe",
        task_queue=world.task_queue,
    )
    return "probe"


async def settled(world: World) -> str:
    """Nobody knows whether it was posted; it is looked up and found."""
    await world.open_gates()
    lost = UnrecognisedPayloadError(System.BILLING, "<html>")
    world.billing.failures.plan_after("post_change", lost)
    change = await world.submit()
    await change.reaches(ChangeStatus.AWAITING_APPROVAL)
    await change.decide(Action.APPROVE)
    await change.reaches(ChangeStatus.NEEDS_ATTENTION)
    async with world.sessions.begin() as session:
        await session.execute(
            update(EffectRow).values(tried_at=text("now() - interval '1 minute'"))
        )
    (key,) = await sweep_effects(world.sessions, STEP_LIMIT, world.clock)
    await world.relay()
    id_ = settle_workflow_id(key)
    await world.client.get_workflow_handle(id_).result()
    return id_


BRIEFLY: Final[Mapping[str, Callable[[World], Awaitable[str]]]] = {
    "credential_trial": trial,
    "credential_preflight": preflight,
    "credential_probe": probe,
    "settled": settled,
}
"""Name and course, one after the other in one database."""


async def record(stack: EphemeralStack, names: Sequence[str]) -> None:
    """Have each come to its end and keep its history. Raises KeyError for an unknown name."""
    client = await connect(stack.temporal_target, stack.temporal_namespace)
    engine = create_engine(stack.database_url, pool_size=10, application="throughline-record")
    for name in names or BRIEFLY:
        world = World(client, sessions(engine), Clock(), name)
        async with world.working():
            id_ = await BRIEFLY[name](world)
        history = await client.get_workflow_handle(id_).fetch_history()
        path = store(name, history, BRIEF)
        sys.stdout.write(f"{path.name}: {len(history.events)} events\n")
    await engine.dispose()


if __name__ == "__main__":
    with ephemeral_stack() as recording:
        upgrade(recording.database_url)
        asyncio.run(record(recording, sys.argv[1:]))
