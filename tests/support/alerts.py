"""Each thing alerts are about, brought about on a real database, and mended again."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import delete, update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from adapters.postgres.tables import OutboxRow
from adapters.postgres.tables_credentials import VendorSecretRow
from adapters.postgres.tables_desk import DeadLetterRow
from adapters.postgres.tables_drift import DriftItemRow
from adapters.postgres.tables_inbox import InboxRow
from adapters.postgres.tables_operations import LifeSignRow, VendorGateRow
from adapters.postgres.tables_reconciliation import DifferenceRow, ReconciliationRunRow
from adapters.postgres.tables_reports import MorningReportRow
from domain.alerts import RuleName
from domain.errors import FailureCode
from domain.identifiers import System
from tests.support.dead_letters import stands_still
from tests.support.records import accepted_change

Sessions = async_sessionmaker[AsyncSession]
Step = Callable[[Sessions, datetime], Awaitable[None]]

HOUR: Final = timedelta(hours=1)
MINUTE: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Trouble:
    """Where it fires, and how it begins and ends."""

    system: System
    subject: str
    begin: Step
    end: Step


async def _put(sessions: Sessions, *rows: Any) -> None:  # noqa: ANN401 - rows of any table
    async with sessions.begin() as session:
        for row in rows:
            await session.merge(row)


async def _change(sessions: Sessions, table: Any, **values: Any) -> None:  # noqa: ANN401 - as above
    async with sessions.begin() as session:
        await session.execute(update(table).values(**values))


async def _eleven_dead_letters(sessions: Sessions, now: datetime) -> None:
    change = await accepted_change(sessions, at=now)
    for _ in range(11):
        await stands_still(sessions, now - MINUTE, change_id=change.id)


async def _an_old_dead_letter(sessions: Sessions, now: datetime) -> None:
    await stands_still(sessions, now - 25 * HOUR)


async def _letters_closed(sessions: Sessions, now: datetime) -> None:
    await _change(sessions, DeadLetterRow, closed_at=now)


def drift_item(now: datetime, **values: Any) -> DriftItemRow:  # noqa: ANN401 - columns of the row
    """A difference nobody has decided."""
    row: dict[str, Any] = {
        "id": "drift_1",
        "kind": "new_value",
        "system": System.CRM,
        "operation": "read_account",
        "path": "$.status",
        "subject": "status",
        "raw": '"paused"',
        "expected": "a known word",
        "candidates": [],
        "sample": {},
        "diff": [],
        "shape": "f00d",
        "count": 1,
        "first_seen_at": now,
        "last_seen_at": now,
        "state": "open",
        "reason": "",
    }
    return DriftItemRow(**(row | values))


async def _drift(sessions: Sessions, now: datetime) -> None:
    await _put(sessions, drift_item(now))


async def _drift_decided(sessions: Sessions, now: datetime) -> None:
    await _change(sessions, DriftItemRow, state="dismissed", decided_at=now)


def _gate(cause: FailureCode, since: timedelta) -> Step:
    async def closed(sessions: Sessions, now: datetime) -> None:
        gate = VendorGateRow(
            system=System.BILLING, closed_until=now + MINUTE, cause=cause, admitted=0, failures=3,
            closures=1, since=now - since, updated_at=now,
        )  # fmt: skip
        await _put(sessions, gate)

    return closed


async def _gate_opens(sessions: Sessions, now: datetime) -> None:
    await _change(sessions, VendorGateRow, closed_until=None, opened_at=now)


def event(event_id: str, at: datetime, state: str = "processed") -> InboxRow:
    """An event of billing as it stands in the inbox."""
    return InboxRow(
        system=System.BILLING, event_id=event_id, type="invoice.paid", body=b"{}", headers={},
        source="webhook", received_at=at, duplicates=0, state=state, outcome="", attempts=0,
        queued_at=at, available_at=at,
    )  # fmt: skip


async def _silence(sessions: Sessions, now: datetime) -> None:
    usual = [
        event(f"evt_{day}_{number}", now - timedelta(days=day) - number * MINUTE)
        for day in range(1, 8)
        for number in range(1, 8)
    ]
    await _put(sessions, *usual, event("evt_last", now - 30 * MINUTE))


async def _it_speaks(sessions: Sessions, now: datetime) -> None:
    await _put(sessions, event("evt_now", now))


def secret(now: datetime, **values: Any) -> VendorSecretRow:  # noqa: ANN401 - columns of the row
    """The secret of billing that is in use, accepted just now."""
    row: dict[str, Any] = {
        "system": System.BILLING,
        "version": 1,
        "state": "current",
        "fingerprint": "f00d",
        "reason": "",
        "staged_by": "admin",
        "staged_at": now,
        "used_at": now,
    }
    return VendorSecretRow(**(row | values))


async def _secret_about_to_expire(sessions: Sessions, now: datetime) -> None:
    await _put(sessions, secret(now, expires_at=now + 24 * HOUR))


async def _secret_replaced(sessions: Sessions, now: datetime) -> None:
    await _change(sessions, VendorSecretRow, expires_at=now + 90 * 24 * HOUR)


async def _secret_refused(sessions: Sessions, now: datetime) -> None:
    await _put(sessions, secret(now, used_at=now - HOUR, refused_at=now - 2 * MINUTE))


async def _secret_accepted(sessions: Sessions, now: datetime) -> None:
    await _change(sessions, VendorSecretRow, used_at=now)


def difference(now: datetime, **values: Any) -> DifferenceRow:  # noqa: ANN401 - columns of the row
    """The CRM says one thing, billing another; nobody has looked."""
    row: dict[str, Any] = {
        "id": "diff_1",
        "account_id": "7590-VHVEG",
        "field": "services_held",
        "subject": "",
        "owner": System.CRM,
        "system": System.BILLING,
        "owner_value": "phone",
        "owner_read_at": now,
        "value": "dsl",
        "read_at": now,
        "state": "open",
        "first_seen_at": now,
        "last_seen_at": now,
        "last_run_id": "run_1",
        "seen_in_runs": 1,
    }
    return DifferenceRow(**(row | values))


async def _difference(sessions: Sessions, now: datetime) -> None:
    await _put(sessions, difference(now))


async def _difference_dismissed(sessions: Sessions, now: datetime) -> None:
    del now
    await _change(sessions, DifferenceRow, state="dismissed")


def run(run_id: str, finished_at: datetime) -> ReconciliationRunRow:
    """A whole comparison of all accounts."""
    return ReconciliationRunRow(
        id=run_id, state="done", started_by="schedule", started_by_kind="schedule",
        correlation_id=run_id, started_at=finished_at, finished_at=finished_at, failed={},
        rates={}, counts={},
    )  # fmt: skip


def report(cut: datetime) -> MorningReportRow:
    """A morning report that is kept, built as soon as could be."""
    return MorningReportRow(
        day=cut.date(), zone="UTC", since=cut - 24 * HOUR, cut=cut, built_at=cut + 2 * MINUTE,
        built_by="schedule", built_by_kind="schedule", complete=True, missing=[], sha256="f00d",
        body="{}", delivered={}, undelivered={},
    )  # fmt: skip


async def _last_run_long_ago(sessions: Sessions, now: datetime) -> None:
    await _put(sessions, run("run_1", now - 27 * HOUR))


async def _run_done(sessions: Sessions, now: datetime) -> None:
    await _put(sessions, run("run_2", now))


async def _outbox_waits(sessions: Sessions, now: datetime) -> None:
    await accepted_change(sessions, at=now)
    await _change(sessions, OutboxRow, available_at=now - 2 * MINUTE)


async def _outbox_delivered(sessions: Sessions, now: datetime) -> None:
    await _change(sessions, OutboxRow, dispatched_at=now)


async def _inbox_waits(sessions: Sessions, now: datetime) -> None:
    await _put(sessions, event("evt_1", now - 3 * MINUTE, "queued"))


async def _inbox_worked_off(sessions: Sessions, now: datetime) -> None:
    del now
    await _change(sessions, InboxRow, state="processed")


async def _no_worker(sessions: Sessions, now: datetime) -> None:
    del now
    async with sessions.begin() as session:
        await session.execute(delete(LifeSignRow))


async def a_worker(sessions: Sessions, now: datetime) -> None:
    """A worker shows itself for the next hours."""
    sign = LifeSignRow(
        process="worker@host:1", part="worker", since=now, seen_at=now + 12 * HOUR, facts={}
    )
    await _put(sessions, sign)


TROUBLES: Final[Mapping[RuleName, Trouble]] = {
    RuleName.DEAD_LETTER_DEPTH: Trouble(System.BILLING, "", _eleven_dead_letters, _letters_closed),
    RuleName.DEAD_LETTER_AGE: Trouble(System.BILLING, "", _an_old_dead_letter, _letters_closed),
    RuleName.DRIFT: Trouble(System.CRM, "read_account", _drift, _drift_decided),
    RuleName.THROTTLED: Trouble(
        System.BILLING, "", _gate(FailureCode.THROTTLED, 16 * MINUTE), _gate_opens
    ),
    RuleName.BREAKER_OPEN: Trouble(
        System.BILLING, "", _gate(FailureCode.UNAVAILABLE, 6 * MINUTE), _gate_opens
    ),
    RuleName.CREDENTIAL_EXPIRY: Trouble(
        System.BILLING, "", _secret_about_to_expire, _secret_replaced
    ),
    RuleName.CREDENTIAL_REFUSED: Trouble(System.BILLING, "", _secret_refused, _secret_accepted),
    RuleName.VENDOR_SILENT: Trouble(System.BILLING, "", _silence, _it_speaks),
    RuleName.DIFFERENCES: Trouble(
        System.BILLING, "services_held", _difference, _difference_dismissed
    ),
    RuleName.REPORT_STALE: Trouble(
        System.THROUGHLINE, "reconciliation", _last_run_long_ago, _run_done
    ),
    RuleName.RELAY_LAG: Trouble(System.THROUGHLINE, "", _outbox_waits, _outbox_delivered),
    RuleName.INBOX_AGE: Trouble(System.BILLING, "", _inbox_waits, _inbox_worked_off),
    RuleName.WORKERS: Trouble(System.THROUGHLINE, "", _no_worker, a_worker),
}
