"""Callers of the live stack, and an account of its own for every test."""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from stack.batch.rows import BatchRow
from tests.support.journey import Journey, journeys, plain_rows
from tests.support.live import LiveStack


@pytest_asyncio.fixture
async def journey(live_stack: LiveStack) -> AsyncIterator[Journey]:
    """Portal and operator of the live stack."""
    async with journeys(live_stack) as callers:
        yield callers


@pytest.fixture(scope="session")
def rows() -> Iterator[BatchRow]:
    """Submissions nobody else uses; take with `next`."""
    return plain_rows()
