"""Records the histories of reconciliation: `python -m tests.replay.reconciliation [name ...]`.

Review what it writes as code. It runs on an engine and a database of its own, like `record.py` for
service changes.
"""

import dataclasses
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from sqlalchemy import select

from adapters.postgres.credential_faults import PROBE
from adapters.postgres.reconciliation_deciding import DifferenceDecision, decide
from adapters.postgres.reconciliation_runs import begin_run
from adapters.postgres.tables import OutboxRow
from adapters.postgres.tables_reconciliation import DifferenceRow
from domain.catalogue import Product
from domain.errors import CredentialError, VendorRejectedError
from domain.identifiers import System
from domain.reconciliation_decisions import DifferenceAction
from domain.reconciliation_messages import (
    ReconcileInput,
    ReconciliationName,
    reconciliation_workflow_id,
    repair_workflow_id,
)
from tests.replay.histories import HISTORIES
from tests.replay.recording import Course, record_courses
from tests.support.factories import ACCOUNT
from tests.support.polling import eventually
from tests.support.world import World

RECONCILED: Final = HISTORIES.parent / "reconciliation"
"""Beside the histories of service changes; one for each way a run or a repair may go."""


async def _run(world: World, name: str, most_pages: int = 400) -> str:
    id_ = await _start(world, name, most_pages)
    await world.client.get_workflow_handle(id_).result()
    return id_


async def _start(world: World, name: str, most_pages: int = 400) -> str:
    async with world.sessions.begin() as session:
        await begin_run(
            session,
            f"rec_{name}",
            account_id=None,
            actor="support",
            actor_kind="person",
            correlation_id=name,
            at=world.clock(),
        )
    run = ReconcileInput(run_id=f"rec_{name}", most_pages=most_pages)
    await world.engine.reconcile(run)
    return reconciliation_workflow_id(run.run_id)


async def whole(world: World) -> str:
    """Every system is read whole."""
    return await _run(world, "whole")


async def incomplete(world: World) -> str:
    """Billing does not take our credential."""
    world.billing.failures.plan_before("list_accounts", CredentialError(System.BILLING, "401"))
    return await _run(world, "incomplete")


async def continued(world: World) -> str:
    """The run goes on as a further one; its last part is kept."""
    return await _run(world, "continued", most_pages=2)


async def refused_at_first(world: World) -> str:
    """Billing accepts no secret before the run; it is read once it does."""
    world.entrances.refuses.add((System.BILLING, 1))
    id_ = await _start(world, "refused_at_first")

    async def probed() -> list[str]:
        async with world.sessions() as session:
            return list(await session.scalars(select(OutboxRow.topic)))

    await eventually(probed, lambda topics: PROBE in topics)
    world.entrances.refuses.clear()
    await world.relay()
    handle = world.client.get_workflow_handle(id_)
    await world.time.fast_forward(handle, timedelta(minutes=2))
    await handle.result()
    return id_


async def nightly(world: World) -> str:
    """The schedule's own workflow."""
    handle = await world.client.start_workflow(
        ReconciliationName.NIGHTLY, id="nightly", task_queue=world.task_queue
    )
    await handle.result()
    return "nightly"


async def _repair(world: World, name: str) -> str:
    account = world.crm.accounts[ACCOUNT]
    sold = dataclasses.replace(account, products=account.products | {Product.TECH_SUPPORT})
    world.crm.accounts[ACCOUNT] = sold
    await _run(world, name)
    async with world.sessions.begin() as session:
        row = (
            await session.scalars(
                select(DifferenceRow).where(
                    DifferenceRow.account_id == ACCOUNT, DifferenceRow.closed_at.is_(None)
                )
            )
        ).one()
        for action, actor in ((DifferenceAction.REPAIR, "olga"), (DifferenceAction.CONFIRM, "ben")):
            said = DifferenceDecision(action, actor, "As agreed.", name, world.clock())
            await decide(session, row, said)
    await world.relay()
    id_ = repair_workflow_id(row.id)
    await world.client.get_workflow_handle(id_).result()
    return id_


async def repaired(world: World) -> str:
    """Billing is asked to charge for what the CRM says is held."""
    return await _repair(world, "repaired")


async def repair_refused(world: World) -> str:
    """Billing refuses; the difference comes back to people."""
    refused = VendorRejectedError(System.BILLING, "Frozen.", reason="frozen")
    world.billing.failures.plan_before("post_change", refused)
    return await _repair(world, "repair_refused")


RECONCILIATIONS: Final[Mapping[str, Course]] = {
    "whole": whole,
    "incomplete": incomplete,
    "continued": continued,
    "refused_at_first": refused_at_first,
    "repaired": repaired,
    "repair_refused": repair_refused,
    "nightly": nightly,
}
"""Name and course. The nightly one leaves a run behind that nobody reads."""


if __name__ == "__main__":
    record_courses(RECONCILIATIONS, RECONCILED)
