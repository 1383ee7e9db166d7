"""`python -m benchmarks [NAME…]`: starts a stack of its own, measures, prints and writes."""

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Final

from benchmarks import engine, fault_runs, submit
from benchmarks.fault_runs import Options
from benchmarks.report import Report, publish
from stack.ephemeral import temporary_folder
from stack.errors import StackError
from tests.support.live import LiveStack, live

Measure = Callable[[LiveStack, Options], Awaitable[Report]]


def _as_it_is(measure: Callable[[LiveStack], Awaitable[Report]]) -> Measure:
    """A benchmark that leaves nothing to choose."""
    return lambda stack, _: measure(stack)


BENCHMARKS: Final[Mapping[str, Measure]] = {
    "engine": _as_it_is(engine.measure),
    "submit": _as_it_is(submit.measure),
}
"""What runs when no name is given."""

LONG: Final[Mapping[str, Measure]] = {
    "chaos": fault_runs.measure_chaos,
    "recovery": fault_runs.measure_recovery,
    "outage": fault_runs.measure_outage,
    "worker-down": fault_runs.measure_worker_down,
}
"""What takes minutes to an hour, and runs by name only."""


def main(words: list[str]) -> int:
    """Run the named benchmarks, or the short ones.

    2 for a name there is not, 1 if there is no stack or a run did not hold what it must.
    """
    given = _parser().parse_args(words)
    every = {**BENCHMARKS, **LONG}
    unknown = [name for name in given.names if name not in every]
    if unknown:
        print(f"There is no benchmark called {unknown[0]}; there are: {', '.join(every)}.")
        return 2
    options = Options(given.seed, given.changes, given.minutes, given.report)
    passed = True
    try:
        for name in given.names or BENCHMARKS:
            with temporary_folder() as folder, live(folder) as stack:
                report = asyncio.run(_measured(every[name], stack, options))
            print(publish(report, datetime.now(UTC)))
            passed = passed and report.passed
    except StackError as error:
        print(error, file=sys.stderr)
        return 1
    return 0 if passed else 1


async def _measured(measure: Measure, stack: LiveStack, options: Options) -> Report:
    return await measure(stack, options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="./throughline bench")
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--changes", type=int)
    parser.add_argument("--minutes", type=float)
    parser.add_argument("--report", action="store_true")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
