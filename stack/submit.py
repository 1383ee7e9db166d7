"""`./throughline submit`: hands files of changes to the API and says what became of each row."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from domain.contracts import ServiceChangeView
from domain.service_change import FINAL
from http_client import CALLER_TIMEOUT, AsyncClient, Limits
from settings import Settings
from stack.api_caller import ApiCaller, ApiRefusedError, Upload
from stack.errors import StackError
from stack.paths import StatePaths
from stack.submission_files import FileRow, RowProblem, read_rows

AT_ONCE: Final = 8
"""Requests under way at the same time; the API's connection pool is ten."""
PATIENCE_SECONDS: Final = 10.0
LOOK_EVERY_SECONDS: Final = 1.0
CALLER: Final = "portal"


@dataclass(slots=True)
class Submitted:
    """A row the API took. `replayed`: it had taken it before."""

    row: FileRow
    change: ServiceChangeView
    replayed: bool


def submit_files(
    paths: Sequence[Path], settings: Settings, console: Console, *, follow: bool
) -> bool:
    """Submit every row of the files; False if one was not taken.

    A bad row does not keep the others back. Repeating is harmless: a row's idempotency key follows
    from its content. With `follow`, waits until each change has ended.

    Raises:
        StackError: the API cannot be reached, or there is no key for it.
    """
    return asyncio.run(_submit_files(paths, settings, console, follow=follow))


async def _submit_files(
    paths: Sequence[Path], settings: Settings, console: Console, *, follow: bool
) -> bool:
    read = [row for path in paths for row in read_rows(path)]
    rows = [row for row in read if isinstance(row, FileRow)]
    unreadable = [row for row in read if isinstance(row, RowProblem)]
    async with signed_in(settings, CALLER, patience=PATIENCE_SECONDS) as api:
        answers = await _submit_rows(api, rows)
        refused = [answer for answer in answers if isinstance(answer, RowProblem)]
        taken = [answer for answer in answers if isinstance(answer, Submitted)]
        for problem in sorted(unreadable + refused, key=lambda each: (str(each.file), each.line)):
            console.print(f"[red]✗[/] {escape(_told(problem))}", soft_wrap=True, highlight=False)
        try:
            if follow:
                await _follow(api, taken, settings, console)
        finally:
            if taken:
                console.print(_table(taken))
    not_taken = len(rows) - len(taken) + len({(each.file, each.line) for each in unreadable})
    console.print(f"{len(taken)} accepted, {not_taken} not.")
    return not not_taken


@asynccontextmanager
async def signed_in(settings: Settings, name: str, *, patience: float) -> AsyncIterator[ApiCaller]:
    """The API as one of the callers of `credentials.json`.

    Raises:
        StackError: there is no key of that name.
    """
    file = StatePaths(settings.state_dir).credentials
    try:
        key = json.loads(file.read_text(encoding="utf-8"))[name]
    except (OSError, ValueError, KeyError) as error:
        raise StackError(
            f"{file} holds no key named {name}; `./throughline up` writes it."
        ) from error
    limits = Limits(max_connections=AT_ONCE)
    async with AsyncClient(
        base_url=settings.api_base_url, timeout=CALLER_TIMEOUT, limits=limits, trust_env=False
    ) as http:
        yield ApiCaller(http, key, patience=patience)


async def _submit_rows(api: ApiCaller, rows: Iterable[FileRow]) -> list[Submitted | RowProblem]:
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(row: FileRow) -> Sequence[Submitted | RowProblem]:
        async with gate:
            return await _submit_row(api, row)

    answers = await asyncio.gather(*(one(row) for row in rows))
    return [each for answer in answers for each in answer]


async def _submit_row(api: ApiCaller, row: FileRow) -> Sequence[Submitted | RowProblem]:
    document = Upload(row.document.name, row.document.read_bytes()) if row.document else None
    sha256 = hashlib.sha256(document.content).hexdigest() if document else None
    try:
        accepted = await api.submit(
            row.change, idempotency_key=row.idempotency_key(sha256), document=document
        )
    except ApiRefusedError as error:
        named = error.problem.errors or [{"field": "", "message": str(error)}]
        return [RowProblem(row.file, row.line, each["field"], each["message"]) for each in named]
    return [Submitted(row, accepted.change, accepted.replayed)]


async def _follow(
    api: ApiCaller, taken: Sequence[Submitted], settings: Settings, console: Console
) -> None:
    """Watch until each has ended, a line for every new status. Ctrl-C ends the watching only."""
    console.print(
        f"Waiting for the end of each; approvals are given at {settings.console_base_url}. "
        "Ctrl-C stops the waiting, not the changes.",
        soft_wrap=True,
    )
    seen: dict[str, str] = {}
    while True:
        for each in taken:
            each.change = await api.change(each.change.id)
            if seen.get(each.change.id) != each.change.status:
                seen[each.change.id] = each.change.status
                console.print(_line(each), soft_wrap=True, highlight=False)
        if all(each.change.status in FINAL for each in taken):
            return
        await asyncio.sleep(LOOK_EVERY_SECONDS)


def _told(problem: RowProblem) -> str:
    place = f"{problem.file.name}:{problem.line}" if problem.line else str(problem.file)
    return f"{place}{' ' + problem.field if problem.field else ''}: {problem.sentence}"


def _line(each: Submitted) -> str:
    waiting = "; ".join(f"{item.party}: {item.what}" for item in each.change.waiting_on)
    return escape(f"{each.change.id}  {each.change.status}{'  ' + waiting if waiting else ''}")


def _table(taken: Sequence[Submitted]) -> Table:
    table = Table("Row", "Change", "Account", "Kind", "Status", "Submitted", box=None)
    for each in taken:
        change = each.change
        table.add_row(
            f"{each.row.file.name}:{each.row.line}",
            change.id,
            change.account_id,
            change.kind.replace("_", " "),
            change.status.replace("_", " "),
            "before" if each.replayed else "now",
        )
    return table
