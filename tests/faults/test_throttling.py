"""Row 3 of the fault matrix: however a vendor writes when it may be asked again, it is heeded.

The vendor's own log of calls is the judge. A time so far off that no run can wait for it is in
`tests/integration/test_throttled_calls.py`.
"""

from collections.abc import Callable, Iterator

import pytest

from benchmarks.fault_runs import outage_figures, throttling
from tests.faults.catalogue import RATE_LIMITS
from tests.faults.run import run
from tests.faults.schedule import Planned, Play, scenario
from tests.faults.wishes import Candidate
from tests.support.live import LiveStack

pytestmark = pytest.mark.timeout(600)
SEED = 3
CHANGES = 40
SECONDS = 30.0
STRIKES_AT = 5.0
NAMED = 12
"""Seconds the vendor asks for where it says a number or a date."""


@pytest.mark.parametrize("form", RATE_LIMITS)
async def test_nobody_calls_before_the_time_given_nor_much_more_often_than_needed(
    live_stack: LiveStack,
    accounts: Iterator[Candidate],
    record_property: Callable[[str, object], None],
    form: str,
) -> None:
    fault = throttling("billing", form, NAMED)
    load = scenario(
        SEED, [Planned(STRIKES_AT, fault)], changes=CHANGES, seconds=SECONDS, plays=(Play.APPROVE,)
    )

    report = await run(live_stack, load, accounts, title=f"3 {form}")

    figures = outage_figures(report.call_log["billing"])
    for name, figure in figures.items():
        record_property(name, round(figure, 3))
    assert report.passed, report.objections()
    assert not report.letters, "nobody is to be asked about a vendor that is merely slow"
    assert figures["calls before their own change's time"] == 0
    assert figures["calls of other changes before the vendor's time"] == 0
    assert figures["calls per needed call"] <= 1.10
