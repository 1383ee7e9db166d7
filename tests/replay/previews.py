"""Records the histories of previews: `python -m tests.replay.previews`. Review it as code.

It runs on an engine and a database of its own, like `record.py` for service changes.
"""

import asyncio
import sys
from collections.abc import Callable, Mapping
from typing import Final

from adapters.postgres.engine import create_engine, sessions
from adapters.postgres.migrate import upgrade
from adapters.temporal.client import connect
from domain.catalogue import InternetService, Wish
from domain.errors import CredentialError
from domain.identifiers import System, preview_workflow_id
from domain.previewing import PreviewInput
from domain.service_change import ChangeKind
from stack.ephemeral import EphemeralStack, ephemeral_stack
from tests.replay.histories import HISTORIES, store
from tests.support.clock import Clock
from tests.support.factories import ACCOUNT, REQUESTED
from tests.support.world import World

PREVIEWS: Final = HISTORIES.parent / "preview"
"""Beside the histories of service changes; one for each way a preview may end."""


def _nothing(_: World) -> None:
    return


def _no_credential(world: World) -> None:
    world.crm.failures.plan_before("read_account", CredentialError(System.CRM, "401"))


PREVIEWED: Final[Mapping[str, Callable[[World], None]]] = {
    "answered": _nothing,
    "a_system_cannot_be_asked": _no_credential,
}
"""Name, and what happens before."""


async def record(stack: EphemeralStack) -> None:
    """Preview the same change each time and keep the histories."""
    client = await connect(stack.temporal_target, stack.temporal_namespace)
    engine = create_engine(stack.database_url, pool_size=10, application="throughline-record")
    wish = Wish(ChangeKind.CHANGE_INTERNET_SERVICE, internet_service=InternetService.FIBER_OPTIC)
    what = PreviewInput(
        account_id=ACCOUNT,
        wish=wish,
        requested_date=REQUESTED,
        correlation_id="preview",
        document_version=1,
    )
    for name, happens in PREVIEWED.items():
        world = World(client, sessions(engine), Clock(), name)
        happens(world)
        async with world.working():
            result = await world.engine.preview(name, what)
        handle = client.get_workflow_handle(preview_workflow_id(name, 1))
        path = store(name, await handle.fetch_history(), PREVIEWS)
        sys.stdout.write(f"{path.name}: {result.failure or 'answered'}\n")
    await engine.dispose()


if __name__ == "__main__":
    with ephemeral_stack() as recording:
        upgrade(recording.database_url)
        asyncio.run(record(recording))
