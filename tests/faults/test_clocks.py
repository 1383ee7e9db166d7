"""Row 11 of the fault matrix: a process whose clock is ten minutes off changes nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.clocks import skewed
from tests.faults.run import run
from tests.faults.schedule import Play, scenario
from tests.faults.wishes import Candidate
from tests.support.live import LiveStack

pytestmark = pytest.mark.timeout(300)
PLAYS = (Play.APPROVE, Play.LATE_DOCUMENT, Play.REJECT)
NOT_LATER_THAN = 90.0
"""Seconds; far from the ten minutes a wrong clock would cost, whatever else the machine does."""


@pytest.mark.parametrize(
    ("child", "seconds"),
    [
        pytest.param("worker", 600, marks=pytest.mark.long),
        ("worker", -600),
        ("relay", 600),
        ("relay", -600),
    ],
)
async def test_a_clock_that_is_wrong_delays_nothing_and_hurries_nothing(
    live_stack: LiveStack, accounts: Iterator[Candidate], tmp_path: Path, child: str, seconds: int
) -> None:
    schedule = scenario(11, (), changes=3, seconds=1, plays=PLAYS)
    with skewed(live_stack, child, seconds, tmp_path / "skewed.log"):
        report = await run(live_stack, schedule, accounts, title=f"11 {child} {seconds:+d} s")
    assert report.passed, report.objections()
    assert (report.quiet - report.begun).total_seconds() < NOT_LATER_THAN
