"""What fault runs share: accounts nobody else of the session uses."""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from stack.batch.rows import BatchRow
from tests.faults.wishes import Candidate, candidates
from tests.support.journey import Journey, journeys, plain_rows
from tests.support.live import LiveStack


@pytest.fixture(scope="session")
def accounts() -> Iterator[Candidate]:
    """Take with `next`, or hand on."""
    return candidates()


@pytest.fixture(scope="session")
def rows() -> Iterator[BatchRow]:
    """Submissions of accounts that are none of those; take with `next`."""
    return plain_rows()


@pytest_asyncio.fixture
async def journey(live_stack: LiveStack) -> AsyncIterator[Journey]:
    """Portal and operator of the live stack."""
    async with journeys(live_stack) as callers:
        yield callers
