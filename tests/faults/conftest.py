"""What fault runs share: accounts nobody else of the session uses."""

from collections.abc import Iterator

import pytest

from tests.faults.wishes import Candidate, candidates


@pytest.fixture(scope="session")
def accounts() -> Iterator[Candidate]:
    """Take with `next`, or hand on."""
    return candidates()
