"""The API on the test's own database and document folder, with a key for every role."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from tests.support.api import ApiUnderTest, running_api, settings_for, sign_in_everybody


@pytest_asyncio.fixture
async def api(
    database_url: str,
    sessions: async_sessionmaker[AsyncSession],
    engine_address: str,
    tmp_path: Path,
) -> AsyncIterator[ApiUnderTest]:
    """Everything real; no worker and no relay, so a change stays as it was accepted."""
    await sign_in_everybody(sessions)
    async with running_api(settings_for(database_url, engine_address, tmp_path)) as under_test:
        yield under_test
