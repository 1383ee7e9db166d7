"""Records the histories that are replayed: `python -m tests.replay.record [scenario ...]`.

Run it after a change of the workflow that is meant to change what is recorded, and review what
it writes as code. It runs the scenarios on an engine and a database of its own.
"""

import asyncio
import sys
from collections.abc import Sequence

from adapters.postgres.engine import create_engine, sessions
from adapters.postgres.migrate import upgrade
from adapters.temporal.client import connect
from stack.ephemeral import EphemeralStack, ephemeral_stack
from tests.replay.histories import store
from tests.replay.scenarios import SCENARIOS
from tests.support.clock import Clock
from tests.support.world import World


async def record(stack: EphemeralStack, names: Sequence[str]) -> None:
    """Run each scenario to its end and keep its history. Raises when one ends otherwise."""
    client = await connect(stack.temporal_target, stack.temporal_namespace)
    engine = create_engine(stack.database_url, pool_size=10, application="throughline-record")
    for name in names:
        live, end = SCENARIOS[name]
        # The account has one open wish at a time, so each scenario ends before the next begins.
        world = World(client, sessions(engine), Clock(), name)
        await world.open_gates()
        async with world.working():
            change = await live(world)
            result = await change.ended()
        if result.status is not end:
            raise RuntimeError(f"{name} ended as {result.status}: {result.reason}")
        path = store(name, await change.handle.fetch_history())
        sys.stdout.write(f"{path.name}: {result.status}\n")
    await engine.dispose()


def main(names: Sequence[str]) -> None:
    """Record the named scenarios, or all of them."""
    unknown = sorted(set(names) - set(SCENARIOS))
    if unknown:
        sys.exit(f"There is no scenario {unknown[0]}; there are: {', '.join(SCENARIOS)}.")
    with ephemeral_stack() as stack:
        upgrade(stack.database_url)
        asyncio.run(record(stack, names or list(SCENARIOS)))


if __name__ == "__main__":
    main(sys.argv[1:])
