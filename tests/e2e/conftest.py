"""An account of its own for every test."""

from collections.abc import Iterator

import pytest

from stack.batch.rows import BatchRow
from tests.support.journey import plain_rows


@pytest.fixture(scope="session")
def rows() -> Iterator[BatchRow]:
    """Submissions nobody else uses; take with `next`."""
    return plain_rows()
