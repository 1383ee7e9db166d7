"""What fault runs share: accounts nobody else of the session uses."""

from collections.abc import Iterator

import pytest

from stack.batch.rows import BatchRow
from tests.faults.wishes import Candidate, additions, candidates


@pytest.fixture(scope="session")
def accounts() -> Iterator[Candidate]:
    """Take with `next`, or hand on."""
    return candidates()


@pytest.fixture(scope="session")
def rows(accounts: Iterator[Candidate]) -> Iterator[BatchRow]:
    """Submissions of such accounts; take with `next`.

    None is of the bundled batch: whoever plays that twice has the vendors forget the first time.
    """
    return additions(accounts)
