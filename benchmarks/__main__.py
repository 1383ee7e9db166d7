"""`python -m benchmarks [NAME…]`: starts a stack of its own, measures, prints and writes."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Final

from benchmarks import engine, submit
from benchmarks.report import Report, publish
from stack.errors import StackError
from stack.own_stack import OwnStack, own_stack

BENCHMARKS: Final[Mapping[str, Callable[[OwnStack], Awaitable[Report]]]] = {
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
            with own_stack() as stack:
                report = asyncio.run(_measured(BENCHMARKS[name], stack))
            print(publish(report, datetime.now(UTC)))
    except StackError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


async def _measured(measure: Callable[[OwnStack], Awaitable[Report]], stack: OwnStack) -> Report:
    return await measure(stack)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
