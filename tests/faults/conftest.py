"""What fault runs share: accounts nobody else of the session uses."""

from collections.abc import Iterator

import pytest

from domain.service_change import ChangeKind
from stack.batch.rows import BatchRow
from tests.faults.wishes import Candidate, candidates
from tests.support.journey import plain_rows


@pytest.fixture(scope="session")
def accounts() -> Iterator[Candidate]:
    """Take with `next`, or hand on."""
    return candidates()


@pytest.fixture(scope="session")
def rows() -> Iterator[BatchRow]:
    """Submissions of accounts that are none of those, nor of other tests on the live stack."""
    return plain_rows(ChangeKind.ADD_SERVICE)
