"""`python -m benchmarks [NAME…]`: starts a stack of its own, measures, prints and writes."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Final

from benchmarks import engine, submit
from benchmarks.report import Report, publish
from stack.ephemeral import temporary_folder
from stack.errors import StackError
from tests.support.live import LiveStack, live

BENCHMARKS: Final[Mapping[str, Callable[[LiveStack], Awaitable[Report]]]] = {
    "engine": engine.measure,
    "submit": submit.measure,
}


def main(names: list[str]) -> int:
    """Run the named benchmarks, or all; 2 for a name there is not, 1 if there is no stack."""
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        print(f"There is no benchmark called {unknown[0]}; there are: {', '.join(BENCHMARKS)}.")
        return 2
    try:
        for name in names or BENCHMARKS:
            with temporary_folder() as folder, live(folder) as stack:
                report = asyncio.run(_measured(BENCHMARKS[name], stack))
            print(publish(report, datetime.now(UTC)))
    except StackError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


async def _measured(measure: Callable[[LiveStack], Awaitable[Report]], stack: LiveStack) -> Report:
    return await measure(stack)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
