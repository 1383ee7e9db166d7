"""`python -m benchmarks [NAME…]`: starts a stack of its own, measures, prints and writes."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from adapters.postgres.migrate import upgrade
from benchmarks import engine, submit, webhooks
from benchmarks.report import Report, publish
from stack.ephemeral import ephemeral_postgres, temporary_folder
from stack.errors import StackError
from tests.support.live import LiveStack, live


def on_a_stack(measure: Callable[[LiveStack], Awaitable[Report]]) -> Callable[[Path], Report]:
    """A benchmark of the whole stack, started for it."""

    def run(folder: Path) -> Report:
        with live(folder) as stack:
            return asyncio.run(_measured(measure(stack)))

    return run


def on_a_database(measure: Callable[[str], Awaitable[Report]]) -> Callable[[Path], Report]:
    """A benchmark of what is in the database alone, on one of its own at today's schema."""

    def run(folder: Path) -> Report:
        with ephemeral_postgres(folder) as url:
            upgrade(url)
            return asyncio.run(_measured(measure(url)))

    return run


BENCHMARKS: Final[Mapping[str, Callable[[Path], Report]]] = {
    "engine": on_a_stack(engine.measure),
    "submit": on_a_stack(submit.measure),
    "webhooks": on_a_database(webhooks.measure),
}


def main(names: list[str]) -> int:
    """Run the named benchmarks, or all; 2 for a name there is not, 1 if there is no stack."""
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        print(f"There is no benchmark called {unknown[0]}; there are: {', '.join(BENCHMARKS)}.")
        return 2
    try:
        for name in names or BENCHMARKS:
            with temporary_folder() as folder:
                report = BENCHMARKS[name](folder)
            print(publish(report, datetime.now(UTC)))
    except StackError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


async def _measured(report: Awaitable[Report]) -> Report:
    return await report


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
