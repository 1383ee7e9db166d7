"""Runs of reconciliation as activities need them: begun, read page by page, compared, ended."""

import os
from collections.abc import Callable, Mapping
from datetime import datetime
from time import perf_counter
from typing import Final

from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from adapters.postgres.audit import audit_note
from adapters.postgres.outbox import outbox_row
from adapters.postgres.reconciliation_comparing import compare_values
from adapters.postgres.reconciliation_own import own_accounts
from adapters.postgres.tables_reconciliation import (
    ReconciliationPageRow,
    ReconciliationRunRow,
    ReconciliationValueRow,
)
from domain.identifiers import new_run_id
from domain.reconciliation import READ_FROM, may_be_compared
from domain.reconciliation_decisions import RunState
from domain.reconciliation_messages import CompareInput, CompareResult, PageInput, PageResult
from domain.reconciliation_own import expected
from domain.reconciling import ReadingPlace, ReadPage

OWN_PAGE: Final = 200
"""Accounts of our own record at once; each may have years of changes."""

_SCHEDULE: Final = "schedule"
_KEEP: Final = text("""
INSERT INTO reconciliation_values
    (run_id, system, read_at, field, account_id, subject, value, changed_at)
SELECT :run_id, :system, :read_at, field, account_id, subject, value, changed_at
FROM unnest(
    CAST(:fields AS text[]), CAST(:accounts AS text[]), CAST(:subjects AS text[]),
    CAST(:values AS text[]), CAST(:changes AS timestamptz[])
) AS found (field, account_id, subject, value, changed_at)
ON CONFLICT (run_id, system, field, account_id, subject) DO UPDATE
SET value = excluded.value, changed_at = excluded.changed_at, read_at = excluded.read_at
""")
"""Thousands of rows as five arrays: one statement of a fixed size, whatever a page holds. Something
that moved to a later page while it was read counts as it was seen last."""


class PostgresReconciliations:
    """Satisfies `activities.reconciliations.Reconciliations`."""

    def __init__(
        self, sessions: async_sessionmaker[AsyncSession], clock: Callable[[], datetime]
    ) -> None:
        self._sessions = sessions
        self._clock = clock

    async def begin_nightly(self) -> str | None:
        """Put a run over all accounts on record and have it started."""
        id_ = new_run_id(os.urandom)
        async with self._sessions.begin() as session:
            begun = await begin_run(
                session,
                id_,
                account_id=None,
                actor=_SCHEDULE,
                actor_kind=_SCHEDULE,
                correlation_id=id_,
                at=self._clock(),
            )
        return id_ if begun else None

    async def place(self, page: PageInput) -> ReadingPlace:
        """Where the page begins, or what came of it."""
        async with self._sessions() as session:
            run = await session.get(ReconciliationRunRow, page.run_id)
            if run is None:
                raise KeyError(page.run_id)
            here = (page.run_id, page.system, page.number)
            read = await session.get(ReconciliationPageRow, here)
            before = await session.get(
                ReconciliationPageRow, (page.run_id, page.system, page.number - 1)
            )
        return ReadingPlace(
            correlation_id=run.correlation_id,
            account_id=run.account_id,
            cursor=before.next_cursor if before else None,
            read=_result(read.items, read.next_cursor) if read else None,
        )

    async def keep_page(self, page: PageInput, read: ReadPage) -> PageResult:
        """Keep a page of a vendor's."""
        async with self._sessions.begin() as session:
            await _keep(session, page, read)
        return _result(read.items, read.next_cursor)

    async def keep_own_page(self, page: PageInput) -> PageResult:
        """Read and keep a page of what our own record expects."""
        begun, read_at = perf_counter(), self._clock()
        place = await self.place(page)
        async with self._sessions.begin() as session:
            accounts = await own_accounts(
                session, after=place.cursor or "", limit=OWN_PAGE, account_id=place.account_id
            )
            more = len(accounts) == OWN_PAGE
            read = ReadPage(
                observations=[found for account in accounts for found in expected(account)],
                next_cursor=accounts[-1].account_id if more else None,
                items=len(accounts),
                calls=0,
                read_at=read_at,
                duration_ms=round((perf_counter() - begun) * 1000),
            )
            await _keep(session, page, read)
        return _result(read.items, read.next_cursor)

    async def compare(self, what: CompareInput) -> CompareResult:
        """Compare all that was read, keep the differences and end the run."""
        async with self._sessions.begin() as session:
            run = await session.get_one(ReconciliationRunRow, what.run_id, with_for_update=True)
            if run.finished_at is not None:
                return _counted(run.counts)
            now = self._clock()
            whole = [system for system in READ_FROM if system not in what.failed]
            counts = await compare_values(session, run, may_be_compared(whole), now)
            await session.execute(
                delete(ReconciliationValueRow).where(ReconciliationValueRow.run_id == run.id)
            )
            run.state = RunState.INCOMPLETE if what.failed else RunState.DONE
            run.failed = {str(system): why for system, why in what.failed.items()}
            run.counts = counts
            run.finished_at = now
            session.add(
                audit_note(
                    at=now,
                    actor=run.started_by,
                    actor_kind=run.started_by_kind,
                    action="end_reconciliation",
                    outcome=run.state,
                    correlation_id=run.correlation_id,
                    account_id=run.account_id,
                    facts={"run": run.id, **counts},
                )
            )
        return _counted(counts)


async def begin_run(
    session: AsyncSession,
    id_: str,
    *,
    account_id: str | None,
    actor: str,
    actor_kind: str,
    correlation_id: str,
    at: datetime,
    reason: str = "",
) -> bool:
    """Put a run on record, to be started by the relay; False if another is under way."""
    begun = await session.scalar(
        insert(ReconciliationRunRow)
        .values(
            id=id_,
            account_id=account_id,
            state=RunState.RUNNING,
            started_by=actor,
            started_by_kind=actor_kind,
            correlation_id=correlation_id,
            started_at=at,
            failed={},
            rates={},
            counts={},
        )
        .on_conflict_do_nothing()
        .returning(ReconciliationRunRow.id)
    )
    if begun is None:
        return False
    session.add(outbox_row("start_reconciliation", None, {"run": id_}, at))
    session.add(
        audit_note(
            at=at,
            actor=actor,
            actor_kind=actor_kind,
            action="start_reconciliation",
            correlation_id=correlation_id,
            account_id=account_id,
            reason=reason,
            facts={"run": id_},
        )
    )
    return True


async def run_under_way(session: AsyncSession) -> str | None:
    """The run that has not ended, if there is one."""
    found: str | None = await session.scalar(
        select(ReconciliationRunRow.id).where(ReconciliationRunRow.finished_at.is_(None))
    )
    return found


def _result(items: int, next_cursor: str | None) -> PageResult:
    return PageResult(items=items, last=next_cursor is None)


def _counted(counts: Mapping[str, int]) -> CompareResult:
    return CompareResult(standing=counts.get("standing", 0), explained=counts.get("explained", 0))


async def _keep(session: AsyncSession, page: PageInput, read: ReadPage) -> None:
    """The page, and what is compared of it. What a try before this one kept stays as it is."""
    kept = await session.scalar(
        insert(ReconciliationPageRow)
        .values(
            run_id=page.run_id,
            system=page.system,
            number=page.number,
            next_cursor=read.next_cursor,
            items=read.items,
            calls=read.calls,
            read_at=read.read_at,
            duration_ms=read.duration_ms,
        )
        .on_conflict_do_nothing()
        .returning(ReconciliationPageRow.number)
    )
    if kept is None:
        return
    found = {(each.account_id, each.field, each.subject): each for each in read.observations}
    kept_values = list(found.values())
    await session.execute(
        _KEEP,
        {
            "run_id": page.run_id,
            "system": str(page.system),
            "read_at": read.read_at,
            "fields": [str(each.field) for each in kept_values],
            "accounts": [each.account_id for each in kept_values],
            "subjects": [each.subject for each in kept_values],
            "values": [each.value for each in kept_values],
            "changes": [each.changed_at for each in kept_values],
        },
    )
