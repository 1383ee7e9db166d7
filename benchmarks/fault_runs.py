"""Long runs under faults, with the harness and the judge of tests/faults: figures for reports."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from adapters.vendors.retry_after import seconds_to_wait
from benchmarks.report import Report
from settings import CHECKOUT
from tests.faults.catalogue import Fault, kill, stop, vendor
from tests.faults.report import RECOVERY_COLUMNS, RunReport, recovery_rows
from tests.faults.run import Patience, run
from tests.faults.schedule import Planned, Play, chaos, scenario
from tests.faults.wishes import candidates
from tests.support.live import LiveStack

FOLDER: Final = CHECKOUT / "docs" / "fault-runs"
PATIENT: Final = Patience(reach=150, quiet=1800, desk=1800, plays=300)
THROTTLED: Final = "billing"
RETRY_AFTER: Final = 30
"""Seconds the throttling vendor asks for: long enough that a caller who does not wait is seen."""

RECOVERING: Final = ("worker", "api", "postgres", "temporal")
_THROTTLED: Final = 429
IN_FLIGHT_SECONDS: Final = 1.0
"""Calls sent before a refusal could be heard are no disobedience."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a caller may choose; None is the benchmark's own figure."""

    seed: int = 1
    changes: int | None = None
    minutes: float | None = None
    report: bool = False

    def seconds(self, usual_minutes: float) -> float:
        """How long it lasts."""
        return 60 * (usual_minutes if self.minutes is None else self.minutes)


async def measure_chaos(stack: LiveStack, options: Options) -> Report:
    """Lost answers, kills of anything, and every other fault now and then."""
    changes = options.changes or 2000
    schedule = chaos(options.seed, changes=changes, seconds=options.seconds(40))
    title = f"{changes} changes under faults"
    return _told(
        "chaos", await run(stack, schedule, candidates(), title=title, patience=PATIENT), options
    )


async def measure_recovery(stack: LiveStack, options: Options) -> Report:
    """Seconds to the next progress after a kill, several kills of each component."""
    seconds = options.seconds(8)
    each = max(1, round(seconds / 24 / len(RECOVERING)))
    kills = [kill(component) for _ in range(each) for component in RECOVERING]
    apart = seconds / (len(kills) + 1)
    faults = [Planned(apart * (n + 0.5), fault) for n, fault in enumerate(kills)]
    return await _scenario(stack, options, "recovery", faults, seconds, rate=1.5)


async def measure_worker_down(stack: LiveStack, options: Options) -> Report:
    """Submissions while no worker runs: all are accepted, and all are started afterwards."""
    seconds = options.seconds(10)
    faults = [Planned(1.0, stop("worker", seconds))]
    return await _scenario(stack, options, "worker-down", faults, seconds, rate=0.5)


async def measure_outage(stack: LiveStack, options: Options) -> Report:
    """A vendor that throttles every call for minutes, while changes want something of it."""
    seconds = options.seconds(10)
    fault = throttling(THROTTLED)
    changes = options.changes or 200
    schedule = scenario(
        options.seed, [Planned(5.0, fault)], changes=changes, seconds=seconds, plays=(Play.APPROVE,)
    )
    title = f"{THROTTLED} throttles for {seconds / 60:g} minutes"
    found = await run(stack, schedule, candidates(), title=title, patience=PATIENT)
    figures = outage_figures(found.call_log[THROTTLED])
    found.notes.extend(f"{name}: {figure:.2f}" for name, figure in figures.items())
    return _told("outage", found, options, figures)


def throttling(system: str, form: str = "rate_limit_seconds", seconds: int = RETRY_AFTER) -> Fault:
    """A vendor that answers every call with 429 and a Retry-After of those seconds, in a form."""
    fault = vendor(system, form, calls=1_000_000)
    return replace(fault, values=(*fault.values, ("seconds", seconds)))


def outage_figures(calls: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """How the calls of an outage heeded what the vendor said, by the vendor's own log."""
    needed = sum(call["status"] != _THROTTLED for call in calls)
    early_change = early_vendor = 0
    heard_at = until_all = 0.0
    until_of: dict[str | None, float] = {}
    for call in sorted(calls, key=lambda each: str(each["at"])):
        arrived = datetime.fromisoformat(call["at"])
        at, change = arrived.timestamp(), call["correlation_id"]
        early_change += at < until_of.get(change, 0.0)
        early_vendor += heard_at + IN_FLIGHT_SECONDS < at < until_all
        if call["status"] == _THROTTLED:
            until_of[change] = at + seconds_to_wait(call["retry_after"], arrived)
            if until_of[change] > until_all:
                heard_at = heard_at if at < until_all else at
                until_all = until_of[change]
    return {
        "calls": len(calls),
        "needed calls": needed,
        "calls per needed call": len(calls) / max(1, needed),
        "calls before their own change's time": early_change,
        "calls of other changes before the vendor's time": early_vendor,
    }


async def _scenario(
    stack: LiveStack,
    options: Options,
    name: str,
    faults: Sequence[Planned],
    seconds: float,
    *,
    rate: float,
) -> Report:
    """Plain changes, `rate` a second, through the faults."""
    changes = options.changes or round(seconds * rate)
    schedule = scenario(
        options.seed, faults, changes=changes, seconds=seconds, plays=(Play.APPROVE,)
    )
    title = f"{name.replace('-', ' ').capitalize()}: {changes} changes in {seconds:.0f} seconds"
    return _told(
        name, await run(stack, schedule, candidates(), title=title, patience=PATIENT), options
    )


def _told(
    name: str, found: RunReport, options: Options, figures: Mapping[str, float] | None = None
) -> Report:
    """The run as a benchmark's outcome; in docs/, too, if that is wanted."""
    drained = (found.quiet - found.faults_ended).total_seconds()
    notes = ["passed" if found.passed else f"FAILED {found.objections()}"]
    if options.report:
        file = FOLDER / f"{name}-seed-{options.seed}.md"
        found.write(file)
        notes.append(f"Report: {_shown(file)}")
    recovered = [
        dict(zip(RECOVERY_COLUMNS, row, strict=True)) for row in recovery_rows(found.recoveries)
    ]
    ratios = {
        "accepted per submission": found.accepted / found.wanted,
        "violations": float(len(found.violations)),
        "seconds from the last fault to quiet": drained,
        **(figures or {}),
    }
    rows = recovered or [{"end": end, "changes": n} for end, n in found.ends.items()]
    return Report(name, found.title, rows, ratios, notes, passed=found.passed)


def _shown(file: Path) -> str:
    return str(file.relative_to(CHECKOUT))
