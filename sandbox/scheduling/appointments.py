"""Appointments on disk: capacity, holds, confirmation and release. No HTTP, no calendar rules.

Every function expects to run inside the caller's transaction. Times are stored as UTC epoch
seconds. A hold that ran out needs no clean-up: it counts as `expired` from that second on.
"""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from uuid import uuid4

from sandbox.scheduling.calendar import Slot, find_slot

HOLD_LASTS = timedelta(minutes=15)

SCHEMA = """
CREATE TABLE IF NOT EXISTS appointments (
    seq INTEGER PRIMARY KEY,
    appointment_id TEXT NOT NULL UNIQUE,
    account_id TEXT NOT NULL,
    slot_id TEXT NOT NULL,
    client_reference TEXT NOT NULL,
    note TEXT,
    status TEXT NOT NULL,
    hold_expires_at REAL NOT NULL,
    created_at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS appointments_by_slot ON appointments (slot_id);
CREATE INDEX IF NOT EXISTS appointments_by_client_reference ON appointments (client_reference);
"""


class AppointmentStatus(StrEnum):
    """Where an appointment stands; `expired` is never stored, it follows from the clock."""

    HELD = "held"
    CONFIRMED = "confirmed"
    RELEASED = "released"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Appointment:
    """One appointment as of the moment it was read."""

    appointment_id: str
    account_id: str
    slot: Slot
    client_reference: str
    note: str | None
    status: AppointmentStatus
    hold_expires_at: datetime
    created_at: datetime


def taken(db: sqlite3.Connection, slots: Iterable[Slot], now: datetime) -> dict[str, int]:
    """How many places of each slot are confirmed or held; slots nobody took are left out."""
    slot_ids = [slot.slot_id for slot in slots]
    marks = ",".join("?" * len(slot_ids))
    rows = db.execute(
        "SELECT slot_id, count(*) FROM appointments"  # noqa: S608 - only question marks are added
        f" WHERE slot_id IN ({marks})"
        " AND (status = 'confirmed' OR (status = 'held' AND hold_expires_at > ?))"
        " GROUP BY slot_id",
        (*slot_ids, now.timestamp()),
    )
    return dict(rows.fetchall())


def hold(
    db: sqlite3.Connection,
    slot: Slot,
    *,
    account_id: str,
    client_reference: str,
    note: str | None,
    now: datetime,
) -> Appointment | None:
    """Take a place for a quarter of an hour; None when the slot is full. Repeating takes another.

    The caller's transaction must have the write lock from its start, or two could take the last.
    """
    if taken(db, [slot], now).get(slot.slot_id, 0) >= slot.capacity:
        return None
    held = Appointment(
        appointment_id=f"apt_{uuid4().hex[:16]}",
        account_id=account_id,
        slot=slot,
        client_reference=client_reference,
        note=note,
        status=AppointmentStatus.HELD,
        hold_expires_at=now + HOLD_LASTS,
        created_at=now,
    )
    db.execute(
        "INSERT INTO appointments (appointment_id, account_id, slot_id, client_reference, note,"
        " status, hold_expires_at, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            held.appointment_id,
            held.account_id,
            held.slot.slot_id,
            held.client_reference,
            held.note,
            held.status,
            held.hold_expires_at.timestamp(),
            held.created_at.timestamp(),
        ),
    )
    return held


def by_id(db: sqlite3.Connection, appointment_id: str, now: datetime) -> Appointment | None:
    """The appointment, or None."""
    return next(iter(_select(db, "appointment_id", appointment_id, now)), None)


def by_client_reference(
    db: sqlite3.Connection, client_reference: str, now: datetime
) -> list[Appointment]:
    """Every appointment made under the caller's reference, oldest first."""
    return _select(db, "client_reference", client_reference, now)


def page(
    db: sqlite3.Connection, after: int, limit: int, account_id: str | None, now: datetime
) -> list[tuple[int, Appointment]]:
    """Appointments in the order they were made, from the place after `after` on, with places."""
    rows = db.execute(
        "SELECT * FROM appointments WHERE seq > :after"
        " AND (:account_id IS NULL OR account_id = :account_id) ORDER BY seq LIMIT :limit",
        {"after": after, "account_id": account_id, "limit": limit},
    )
    return [(row["seq"], _appointment(row, now)) for row in rows]


def set_status(
    db: sqlite3.Connection, appointment: Appointment, status: AppointmentStatus
) -> Appointment:
    """Store a status; whether it may follow the present one is the caller's question."""
    db.execute(
        "UPDATE appointments SET status = ? WHERE appointment_id = ?",
        (status, appointment.appointment_id),
    )
    return replace(appointment, status=status)


def _select(db: sqlite3.Connection, column: str, value: str, now: datetime) -> list[Appointment]:
    rows = db.execute(
        f"SELECT * FROM appointments WHERE {column} = ? ORDER BY seq",  # noqa: S608 - column is one of two literals above
        (value,),
    )
    return [_appointment(row, now) for row in rows]


def _appointment(row: sqlite3.Row, now: datetime) -> Appointment:
    slot = find_slot(row["slot_id"])
    if slot is None:
        raise LookupError(f"stored appointment names no slot: {row['slot_id']}")
    status = AppointmentStatus(row["status"])
    if status is AppointmentStatus.HELD and row["hold_expires_at"] <= now.timestamp():
        status = AppointmentStatus.EXPIRED
    return Appointment(
        appointment_id=row["appointment_id"],
        account_id=row["account_id"],
        slot=slot,
        client_reference=row["client_reference"],
        note=row["note"],
        status=status,
        hold_expires_at=datetime.fromtimestamp(row["hold_expires_at"], UTC),
        created_at=datetime.fromtimestamp(row["created_at"], UTC),
    )
