"""`python -m benchmarks [NAME…]`: starts a stack of its own, measures, prints and writes."""

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from adapters.postgres.migrate import upgrade
from benchmarks import (
    console,
    drift,
    engine,
    fault_runs,
    reconcile,
    rotation,
    screenshots,
    submit,
    throttled,
    walks,
    webhooks,
)
from benchmarks.fault_runs import Options
from benchmarks.report import Report, publish
from stack.ephemeral import ephemeral_postgres, temporary_folder
from stack.errors import StackError
from tests.support.live import LiveStack, live

Run = Callable[[Path, Options], Report]
"""Starts what it measures in a folder, measures and stops it."""


def on_a_stack(measure: Callable[[LiveStack, Options], Awaitable[Report]]) -> Run:
    """A benchmark of the whole stack, started for it."""

    def run(folder: Path, options: Options) -> Report:
        with live(folder) as stack:
            return asyncio.run(_measured(measure(stack, options)))

    return run


def on_a_database(measure: Callable[[str], Awaitable[Report]]) -> Run:
    """A benchmark of what is in the database alone, on one of its own at today's schema."""

    def run(folder: Path, options: Options) -> Report:
        del options
        with ephemeral_postgres(folder) as url:
            upgrade(url)
            return asyncio.run(_measured(measure(url)))

    return run


def as_it_is(measure: Callable[[LiveStack], Awaitable[Report]]) -> Run:
    """A benchmark of the whole stack that leaves nothing to choose."""
    return on_a_stack(lambda stack, _: measure(stack))


BENCHMARKS: Final[Mapping[str, Run]] = {
    "engine": as_it_is(engine.measure),
    "submit": as_it_is(submit.measure),
    "webhooks": on_a_database(webhooks.measure),
}
"""What runs when no name is given."""

LONG: Final[Mapping[str, Run]] = {
    "chaos": on_a_stack(fault_runs.measure_chaos),
    "console": on_a_stack(console.measure),
    "drift": on_a_stack(drift.measure),
    "recovery": on_a_stack(fault_runs.measure_recovery),
    "reconcile": on_a_stack(reconcile.measure),
    "rotation": on_a_stack(rotation.measure),
    "outage": on_a_stack(fault_runs.measure_outage),
    "screenshots": on_a_stack(screenshots.measure),
    "throttled": throttled.run,
    "walks": as_it_is(walks.measure),
    "worker-down": on_a_stack(fault_runs.measure_worker_down),
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
            with temporary_folder() as folder:
                report = every[name](folder, options)
            print(publish(report, datetime.now(UTC)))
            passed = passed and report.passed
    except StackError as error:
        print(error, file=sys.stderr)
        return 1
    return 0 if passed else 1


async def _measured(report: Awaitable[Report]) -> Report:
    return await report


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
