"""Records the histories of the brief workflows: `python -m tests.replay.brief [name ...]`.

Credentials that are tried, asked about and probed, and an effect that is settled. Review what it
writes as code. It runs on an engine and a database of its own, as `record.py` does.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from sqlalchemy import text, update

from adapters.postgres.tables import EffectRow
from domain.credential_messages import PreflightInput, ProbeInput, TrialInput
from domain.errors import UnrecognisedPayloadError
from domain.identifiers import VENDORS, System
from domain.service_change import Action, ChangeStatus
from domain.settling import settle_workflow_id
from tests.replay.histories import HISTORIES
from tests.replay.recording import Course, record_courses
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


BRIEFLY: Final[Mapping[str, Course]] = {
    "credential_trial": trial,
    "credential_preflight": preflight,
    "credential_probe": probe,
    "settled": settled,
}
"""Name and course, one after the other in one database."""


if __name__ == "__main__":
    record_courses(BRIEFLY, BRIEF)
