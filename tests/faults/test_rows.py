"""The rows of the fault matrix over the real stack: whatever breaks, the six invariants hold."""

from collections.abc import Iterator

import pytest

from tests.faults.rows import ROWS
from tests.faults.run import run
from tests.faults.schedule import pairwise
from tests.faults.wishes import Candidate
from tests.support.live import LiveStack

pytestmark = pytest.mark.timeout(600)

SEED = 20261124
SHORT_PAIRS = 1
LONG_PAIRS = 40


@pytest.mark.parametrize("name", ROWS)
async def test_the_invariants_hold_through(
    live_stack: LiveStack, accounts: Iterator[Candidate], name: str
) -> None:
    report = await run(live_stack, ROWS[name].schedule(SEED), accounts, title=name)
    assert report.passed, report.objections()


@pytest.mark.parametrize("seed", range(SEED, SEED + SHORT_PAIRS))
async def test_the_invariants_hold_through_any_two_faults(
    live_stack: LiveStack, accounts: Iterator[Candidate], seed: int
) -> None:
    report = await run(live_stack, pairwise(seed, changes=6, seconds=6), accounts, title="18 pairs")
    assert report.passed, report.objections()


@pytest.mark.long
@pytest.mark.parametrize("seed", range(SEED + SHORT_PAIRS, SEED + LONG_PAIRS))
async def test_the_invariants_hold_through_many_pairs_of_faults(
    live_stack: LiveStack, accounts: Iterator[Candidate], seed: int
) -> None:
    report = await run(
        live_stack, pairwise(seed, changes=10, seconds=10), accounts, title="18 pairs"
    )
    assert report.passed, report.objections()
