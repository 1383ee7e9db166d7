"""Submitting files to a real API over a socket: what is taken, what is told, what a repeat does."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import pytest
import pytest_asyncio
from rich.console import Console
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from adapters.postgres.tables import ServiceChangeRow
from api.app import create_app
from domain.service_change import ChangeStatus
from settings import CHECKOUT, Settings
from stack.errors import StackError
from stack.ports import LOOPBACK, free_ports
from stack.submit import submit_files
from tests.support.api import settings_for, sign_in_everybody
from tests.support.polling import eventually
from tests.vendor_server import serving

GOOD = {
    "account_id": "7590-VHVEG",
    "kind": "add_service",
    "requested_date": "2026-12-01",
    "details": {"service": "tech_support"},
}


@dataclass
class Submitting:
    """The command against an API that accepts; no relay, so that changes stay pending."""

    settings: Settings
    sessions: async_sessionmaker[AsyncSession]
    said: StringIO

    async def __call__(self, *files: Path, follow: bool = False) -> bool:
        console = Console(file=self.said, width=200)
        return await asyncio.to_thread(submit_files, files, self.settings, console, follow=follow)

    async def on_record(self) -> int:
        async with self.sessions() as session:
            return await session.scalar(select(func.count()).select_from(ServiceChangeRow)) or 0

    async def set_every_status(self, status: ChangeStatus) -> None:
        async with self.sessions.begin() as session:
            await session.execute(update(ServiceChangeRow).values(status=status))


@pytest_asyncio.fixture
async def submitting(
    database_url: str, sessions: async_sessionmaker[AsyncSession], tmp_path: Path
) -> AsyncIterator[Submitting]:
    await sign_in_everybody(sessions)
    nowhere = f"{LOOPBACK}:{free_ports(1)[0]}"
    api = create_app(settings_for(database_url, nowhere, tmp_path))
    (tmp_path / "credentials.json").write_text(json.dumps({"portal": "key-of-portal"}))
    with serving(api) as url:
        yield Submitting(Settings(api_url=url, state_dir=tmp_path), sessions, StringIO())


def written(folder: Path, *rows: object) -> Path:
    file = folder / "changes.json"
    file.write_text(json.dumps(list(rows), indent=1))
    return file


@pytest.mark.parametrize("name", ["service-changes.json", "service-changes.csv"])
async def test_the_bundled_examples_are_accepted(submitting: Submitting, name: str) -> None:
    assert await submitting(CHECKOUT / "examples" / name)
    assert await submitting.on_record() == 4
    assert "4 accepted, 0 not." in submitting.said.getvalue()


async def test_submitting_a_file_again_adds_nothing(submitting: Submitting) -> None:
    file = CHECKOUT / "examples" / "service-changes.json"
    assert await submitting(file)
    assert await submitting(file)
    assert await submitting.on_record() == 4
    assert "before" in submitting.said.getvalue()


async def test_a_bad_row_is_told_by_line_and_field_and_does_not_keep_the_others_back(
    submitting: Submitting, tmp_path: Path
) -> None:
    bad = {**GOOD, "wish": 1}
    file = written(tmp_path, GOOD, bad, {**GOOD, "document": "gone.pdf"})
    assert not await submitting(file)
    assert await submitting.on_record() == 1
    said = submitting.said.getvalue()
    assert "changes.json:10 wish: is not a field of this request; remove it" in said
    assert "changes.json:19 document:" in said
    assert "1 accepted, 2 not." in said


async def test_following_ends_when_every_change_has_ended(
    submitting: Submitting, tmp_path: Path
) -> None:
    following = asyncio.create_task(submitting(written(tmp_path, GOOD), follow=True))
    await eventually(submitting.on_record, lambda count: count == 1)
    await submitting.set_every_status(ChangeStatus.ACTIVE)
    assert await following
    assert "active" in submitting.said.getvalue()


async def test_no_key_is_one_sentence_with_the_next_step(tmp_path: Path) -> None:
    settings = Settings(state_dir=tmp_path)
    with pytest.raises(StackError, match=r"no key named portal.*throughline up"):
        await asyncio.to_thread(
            submit_files, [written(tmp_path, GOOD)], settings, Console(), follow=False
        )
