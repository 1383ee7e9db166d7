"""A vendor that throttles everything beside healthy ones: what the healthy ones get done meanwhile.

Changes come at a fixed pace through the API, far below what two cores do. A closed loop, or a pace
at the limit, would measure how busy the machine is with other things; at this pace whatever is done
less at a healthy vendor has been kept from it, and shows. How near it came to that is told by the
times from submitted to active. A run that does not keep its pace while nobody is throttled proves
nothing and says so.

Ticketing is throttled for the whole time, since a third of the changes need it (their document is
missing, and a ticket has to say so) and the others need only the healthy three, with three checks
and three effects each. Their documents come after the measuring, so the healthy three are asked
for the same in each phase. Then each of the others is throttled for a fifth of the time. No change
gets past its checks without those, so there only the checks of the healthy vendors are compared;
and every change that comes piles up, not a third.

The stack looks for lost events once a minute, as it does by itself, and not as often as in tests:
each open ticket is looked at then, and there are more of them the longer the run.
"""

import asyncio
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any, Final

import psycopg

from benchmarks.accounts import requests
from benchmarks.arrivals import LACKS_ONE_IN, Arrivals, arriving
from benchmarks.fault_runs import RETRY_AFTER, Options, outage_figures, throttling
from benchmarks.report import Report
from settings import CHECKOUT
from stack.children import database_url
from tests.faults.board import MOVING, READ_ONLY
from tests.faults.vendor_faults import VendorFaults
from tests.support.live import LiveStack, live
from tests.support.polling import eventually

MINUTES: Final = 10.0
PER_SECOND: Final = 0.3
AIM: Final = 0.95
HEALTHY: Final = ("crm", "billing", "scheduling")
MOST: Final = "ticketing"
"""Throttled for all of the time; the others take their turns for TURN of it."""

TURN: Final = 0.2
USUAL: Final = 0.3
"""Before and after it, so much of the time without any throttling."""

WARM_UP: Final = 20.0
DRAINED_WITHIN: Final = 600.0
FILE: Final = CHECKOUT / "docs" / "throttled-bench.md"
AS_BY_ITSELF: Final = {"THROUGHLINE_EVENT_POLL_EVERY": "PT60S"}
CHECKS, EFFECTS = "checks", "effects"

_STEPS: Final = (
    "SELECT system, CASE WHEN effect_key IS NULL THEN 'checks' ELSE 'effects' END, count(*)"
    " FROM attempts WHERE outcome = 'ok' AND finished_at >= %s AND finished_at < %s GROUP BY 1, 2"
)
_FINISHED: Final = (
    "SELECT count(*), percentile_cont(ARRAY[0.5, 0.95])"
    " WITHIN GROUP (ORDER BY extract(epoch FROM ended_at - submitted_at)::float8)"
    " FROM service_changes"
    " WHERE status = 'active' AND ended_at >= %s AND ended_at < %s AND id = ANY(%s)"
)
_MOVING: Final = "SELECT count(*) FROM service_changes WHERE submitted_at < %s AND status = ANY(%s)"


@dataclass
class Phase:
    """A stretch of the run, and what was done in it. Times are UTC."""

    name: str
    throttled: str | None
    begun: datetime
    ended: datetime
    cores: float
    """Of the machine, used by the stack on average."""
    load: float
    """Load average of the whole machine at its end, of a minute."""
    steps: dict[tuple[str, str], int] = field(default_factory=dict)
    """Done with success, by system and whether check or effect, as on record."""
    finished: int = 0
    """Changes that need no ticketing and became active."""
    seconds: Sequence[float] = ()
    """From submitted to active: median and 95 of 100."""
    piled_up: int = 0
    """Changes under way when the throttling ended."""
    drained: float = 0.0
    """Seconds from then until all of those had moved on."""
    calls: dict[str, float] = field(default_factory=dict)
    """How the throttled vendor was called until then, by its own log."""
    refused: int = 0

    @property
    def minutes(self) -> float:
        """How long it lasted."""
        return (self.ended - self.begun).total_seconds() / 60

    @property
    def early(self) -> float:
        """Calls before the time the vendor, or the call before, had named."""
        return sum(count for name, count in self.calls.items() if "time" in name)

    def per_minute(self, system: str, what: str) -> float:
        """Steps done."""
        return self.steps.get((system, what), 0) / self.minutes


def run(folder: Path, options: Options) -> Report:
    """On a stack of its own that polls as often as one by itself."""
    with live(folder, AS_BY_ITSELF) as stack:
        return asyncio.run(measure(stack, options))


async def measure(stack: LiveStack, options: Options) -> Report:
    """All phases while changes come; then everything that was left has to come to its end."""
    wanted = list(requests(datetime.now(UTC)))
    Random(options.seed).shuffle(wanted)  # noqa: S311 - a load that can be had again
    vendors = VendorFaults(stack)
    await vendors.skip_earlier_calls()
    try:
        async with (
            arriving(stack, wanted, PER_SECOND) as load,
            await psycopg.AsyncConnection.connect(
                database_url(stack.settings), autocommit=True, options=READ_ONLY
            ) as record,
            asyncio.TaskGroup() as people,
        ):
            coming = people.create_task(load.keep_coming())
            approving = people.create_task(load.keep_approving())
            phases = await _phases(stack, vendors, record, options.seconds(MINUTES))
            load.over.set()
            await coming
            await load.reach("active", "incomplete")
            await load.bring_what_is_missing()
            ends = await load.reach("active")
            approving.cancel()
            for phase in phases:
                await _count(record, phase, load.whole)
    finally:
        await vendors.close()
    return _told(phases, load, ends, options)


async def _phases(
    stack: LiveStack,
    vendors: VendorFaults,
    record: psycopg.AsyncConnection[Any],
    seconds: float,
) -> list[Phase]:
    async def usual() -> Phase:
        return await _watched(stack, "usual", None, USUAL * seconds)

    async def throttled(system: str, lasts: float) -> Phase:
        await vendors.set(throttling(system))
        phase = await _watched(stack, f"{system} throttled", system, lasts)
        await vendors.clear()
        phase.piled_up = await _moving(record, phase.ended)
        phase.drained = await _drained(record, phase.ended)
        await vendors.poll()
        calls = [
            call
            for call in vendors.calls(system)
            if datetime.fromisoformat(call["at"]) >= phase.begun
        ]
        phase.calls = outage_figures(calls)
        phase.refused = sum(each["fault"] is not None for each in calls)
        return phase

    await asyncio.sleep(WARM_UP)
    found = [await usual(), await throttled(MOST, seconds), await usual()]
    return found + [await throttled(system, TURN * seconds) for system in HEALTHY]


async def _watched(stack: LiveStack, name: str, throttled: str | None, seconds: float) -> Phase:
    before, begun = await asyncio.to_thread(stack.cpu_seconds), datetime.now(UTC)
    await asyncio.sleep(seconds)
    ended, after = datetime.now(UTC), await asyncio.to_thread(stack.cpu_seconds)
    used = sum(after.values()) - sum(before.values())
    cores = used / (ended - begun).total_seconds()
    return Phase(name, throttled, begun, ended, cores, os.getloadavg()[0])


async def _moving(record: psycopg.AsyncConnection[Any], until: datetime) -> int:
    """Changes of before that time which have not come to where they wait for somebody."""
    found = await record.execute(_MOVING, (until, list(MOVING)))
    row = await found.fetchone()
    assert row is not None
    return int(row[0])


async def _drained(record: psycopg.AsyncConnection[Any], until: datetime) -> float:
    async def look() -> int:
        await asyncio.sleep(1)
        return await _moving(record, until)

    await eventually(look, lambda left: not left, within=DRAINED_WITHIN)
    return (datetime.now(UTC) - until).total_seconds()


async def _count(record: psycopg.AsyncConnection[Any], phase: Phase, whole: list[str]) -> None:
    """What is on record as done in the phase."""
    between = (phase.begun, phase.ended)
    steps = await (await record.execute(_STEPS, between)).fetchall()
    phase.steps = {(system, what): count for system, what, count in steps}
    row = await (await record.execute(_FINISHED, (*between, whole))).fetchone()
    assert row is not None
    phase.finished, phase.seconds = int(row[0]), row[1] or (0.0, 0.0)


def _ratios(phases: Sequence[Phase]) -> dict[str, float]:
    """Each thing done per minute while a vendor is throttled, by what it is while none is."""
    usual = [phase for phase in phases if phase.throttled is None]
    minutes = sum(phase.minutes for phase in usual)

    def of_usual(system: str, what: str) -> float:
        return sum(phase.steps.get((system, what), 0) for phase in usual) / minutes

    found: dict[str, float] = {}
    for phase in phases:
        if phase.throttled == MOST:
            finished = sum(each.finished for each in usual) / minutes
            found[f"{phase.name}: changes finished"] = phase.finished / phase.minutes / finished
        if phase.throttled is not None:
            for system in HEALTHY:
                for what in (CHECKS, EFFECTS) if phase.throttled == MOST else (CHECKS,):
                    if system != phase.throttled:
                        found[f"{phase.name}: {what} at {system}"] = phase.per_minute(
                            system, what
                        ) / of_usual(system, what)
    return found


def _pace_kept(phases: Sequence[Phase]) -> float:
    """Changes finished by those that came, while nobody is throttled."""
    usual = [phase for phase in phases if phase.throttled is None]
    whole = PER_SECOND * 60 * (1 - 1 / LACKS_ONE_IN) * sum(phase.minutes for phase in usual)
    return sum(phase.finished for phase in usual) / whole


def _told(
    phases: Sequence[Phase], load: Arrivals, ends: Mapping[str, int], options: Options
) -> Report:
    ratios = _ratios(phases)
    early = sum(phase.early for phase in phases)
    submitted = len(load.whole) + len(load.lacking)
    finished = ends.get("active", 0) == submitted
    kept = _pace_kept(phases)
    held = min(*ratios.values(), kept) >= AIM and not early and finished
    report = Report(
        "throttled",
        f"One vendor answers every call with 429 (seed {options.seed})",
        [_row(phase) for phase in phases],
        {"worst of all": min(ratios.values()), **ratios},
        [
            *(line for phase in phases for line in _calls(phase)),
            (
                f"{submitted} changes came, {PER_SECOND:g} a second, every {LACKS_ONE_IN}rd "
                f"without its document; the latest {load.most_late:.2f} s after its time. All "
                f"finished: {finished}; approvals repeated, by answer: "
                f"{dict(load.not_taken) or 'none'}."
            ),
            f"While nobody was throttled {kept:.2f} of what came was finished in its time.",
            "passed" if held else "FAILED" if kept >= AIM else "FAILED: the machine was too busy.",
        ],
        passed=held,
    )
    if options.report:
        FILE.write_text(_page(report), encoding="utf-8")
    return report


def _row(phase: Phase) -> dict[str, Any]:
    """Checks and effects per minute in one cell, so that a screen is wide enough."""
    return {
        "phase": phase.name,
        "minutes": f"{phase.minutes:.1f}",
        "finished": f"{phase.finished / phase.minutes:.1f}",
        "median s": f"{phase.seconds[0]:.1f}",
        "95 % s": f"{phase.seconds[1]:.1f}",
        **{
            system: " + ".join(
                f"{phase.per_minute(system, what):.1f}" for what in (CHECKS, EFFECTS)
            )
            for system in HEALTHY
        },
        "cores": f"{phase.cores:.2f}",
        "load": f"{phase.load:.1f}",
    }


def _calls(phase: Phase) -> Iterator[str]:
    if phase.throttled is None:
        return
    yield (
        f"{phase.name}: {phase.refused} calls were refused in {phase.minutes:.1f} minutes with "
        f"Retry-After {RETRY_AFTER}, {phase.early:.0f} came before their time; "
        f"{phase.piled_up} changes had piled up and all had moved on {phase.drained:.0f} s after "
        f"its end, with {phase.calls['calls per needed call']:.2f} calls per needed call."
    )


def _page(report: Report) -> str:
    columns = list(report.rows[0])
    lines = [
        "# One vendor throttled, three healthy",
        "",
        (
            f"`./throughline bench throttled --report`, {datetime.now(UTC):%Y-%m-%d}. "
            f"{report.title}, while changes come at a fixed pace and are approved through the API. "
            "Promised: what is done per minute at the healthy vendors is at least "
            f"{AIM:g} of what is done in the same run while nobody is throttled; no call before "
            "the time the vendor named; everything that piled up finishes. "
            "`benchmarks/throttled.py` says why at this pace and of which steps."
        ),
        "",
        (
            "Per minute: changes that do not need ticketing and were finished, and at each vendor "
            "checks + effects. Seconds are from submitted to active, approval included. Cores are "
            "those the stack used, load is the machine's, which others use, too."
        ),
        "",
        f"| {' | '.join(columns)} |",
        f"|{'---|' * len(columns)}",
        *(f"| {' | '.join(map(str, row.values()))} |" for row in report.rows),
        "",
        "| throttled / usual | ratio |",
        "|---|---|",
        *(f"| {name} | {ratio:.3f} |" for name, ratio in report.ratios.items()),
        "",
        *(f"- {note}" for note in report.notes),
    ]
    return "\n".join(lines) + "\n"
