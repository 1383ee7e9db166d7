"""Gates and waits in a transaction of an activity. The time is the database's."""

from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, Text, bindparam, func, literal_column, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from adapters.postgres.credential_faults import note_fault
from adapters.postgres.tables import EffectRow, ServiceChangeRow
from adapters.postgres.tables_operations import PauseRow, VendorGateRow
from domain.errors import FailureCode, VendorError
from domain.gates import Gate, Wait, admit, after
from domain.identifiers import VENDORS, System
from domain.pauses import EVERYTHING, Pause, Traffic
from domain.records import Waited
from domain.service_change import EffectStatus
from domain.verdicts import Repeatability

_WIDE: tuple[str, ...] = (EVERYTHING, *map(str, VENDORS))

gates_in_the_way = (
    select(func.jsonb_agg(func.to_jsonb(literal_column("vendor_gates"))))
    .select_from(VendorGateRow)
    .where(
        or_(
            VendorGateRow.closed_until.is_not(None),
            VendorGateRow.opened_at.is_not(None),
            VendorGateRow.failures > 0,
        )
    )
    .scalar_subquery()
)
"""Part of the statement that loads a change: reading gates costs no round trip of its own."""


_loaded: BindParameter[str] = bindparam("change_id", type_=Text)
"""The change that is loaded; the statement is built once, since building it costs more CPU than
running it."""

pauses_in_the_way = (
    select(func.jsonb_agg(func.to_jsonb(literal_column("pauses"))))
    .select_from(PauseRow)
    .where(
        or_(
            *(PauseRow.scope == scope for scope in _WIDE),
            PauseRow.scope == _loaded,
            PauseRow.scope
            == select(ServiceChangeRow.kind)
            .where(ServiceChangeRow.id == _loaded)
            .scalar_subquery(),
        )
    )
    .scalar_subquery()
)
"""The pauses that concern the change, as part of the same statement."""

unsettled = (
    select(func.jsonb_agg(EffectRow.idempotency_key))
    .where(
        EffectRow.change_id == _loaded,
        or_(EffectRow.status == EffectStatus.INTENDED, EffectRow.status == EffectStatus.UNKNOWN),
        EffectRow.closed_at.is_(None),
        EffectRow.repeatability == Repeatability.LOOK_UP,
    )
    .scalar_subquery()
)
"""Keys of effects begun and not closed that a look-up can settle."""


_IN_THE_WAY = select(gates_in_the_way, pauses_in_the_way, func.clock_timestamp())


def traffic(gates: list[dict[str, Any]] | None, pauses: list[dict[str, Any]] | None) -> Traffic:
    """What the statement found, as a value."""
    return Traffic(
        gates={System(row["system"]): _gate_of(row) for row in gates or ()},
        pauses=tuple(
            Pause(row["scope"], row["actor"], row["reason"], datetime.fromisoformat(row["at"]))
            for row in pauses or ()
        ),
    )


async def read_traffic(session: AsyncSession, scope: str) -> tuple[Traffic, datetime]:
    """What stands before a call that is about no change on record, and the database's time.

    `scope` names pauses that concern it beside those of systems and of everything.
    """
    found = await session.execute(_IN_THE_WAY, {"change_id": scope})
    gates, pauses, now = found.one()
    return traffic(gates, pauses), now


_TIMES = ("closed_until", "probing_until", "opened_at", "since")


def _gate_of(row: dict[str, Any]) -> Gate:
    times = {name: datetime.fromisoformat(row[name]) if row[name] else None for name in _TIMES}
    return Gate(
        system=System(row["system"]),
        cause=FailureCode(row["cause"]) if row["cause"] else None,
        prober=row["prober"],
        admitted=row["admitted"],
        failures=row["failures"],
        closures=row["closures"],
        **times,
    )


def gate_of(row: VendorGateRow) -> Gate:
    """A gate as its row has it."""
    return Gate(
        system=System(row.system),
        closed_until=row.closed_until,
        cause=FailureCode(row.cause) if row.cause else None,
        prober=row.prober,
        probing_until=row.probing_until,
        opened_at=row.opened_at,
        admitted=row.admitted,
        failures=row.failures,
        closures=row.closures,
        since=row.since,
    )


class TrafficRecords:
    """The part of a transaction that asks and moves gates, and shows who waits for whom."""

    _session: AsyncSession

    async def traffic(self, scope: str) -> Traffic:
        """What stands before a call that is about no change on record."""
        return (await read_traffic(self._session, scope))[0]

    async def pass_gate(self, system: System, caller: str) -> Waited | None:
        """Let the caller through and count it in, or say until when it has to wait."""
        row, now = await self._locked_gate(system)
        gate, wait = admit(gate_of(row), caller, now)
        _put(row, gate, now)
        return _waited(wait, now)

    async def report_call(
        self, system: System, caller: str, error: VendorError | None
    ) -> Waited | None:
        """Move the gate by what came of a call; how long it is closed now, if it is."""
        row, now = await self._locked_gate(system)
        before = gate_of(row)
        gate = after(before, caller, now, error)
        _put(row, gate, now)
        await note_fault(self._session, before, gate, now)
        if gate.closed_until is None or gate.closed_until <= now:
            return None
        return _waited(Wait(gate.closed_until, gate.cause or FailureCode.UNAVAILABLE), now)

    async def show_waiting(
        self, change_id: str, party: str, what: str, next_action: str, pause: str | None = None
    ) -> None:
        """Show on the change whom it waits for; once per party. Nothing if it has ended."""
        change = await self._waiting_change(change_id)
        if change.ended_at is not None:
            return
        others = [item for item in change.waiting_on if item.get("party") != party]
        scope = {"pause": pause} if pause else {}
        change.waiting_on = [*others, {"party": party, "what": what, **scope}]
        change.next_action = next_action

    async def show_no_waiting(self, change_id: str, system: System) -> None:
        """The change waits neither for that system any longer nor for its being resumed."""
        change = await self._waiting_change(change_id)
        if change.ended_at is not None:
            return
        over = {system, EVERYTHING, change_id, change.kind}
        change.waiting_on = [
            item
            for item in change.waiting_on
            if item.get("party") != system and item.get("pause") not in over
        ]
        if not change.waiting_on:
            change.next_action = None

    async def _waiting_change(self, change_id: str) -> ServiceChangeRow:
        return await self._session.get_one(
            ServiceChangeRow,
            change_id,
            with_for_update={"key_share": True},
            populate_existing=True,
        )

    async def _locked_gate(self, system: System) -> tuple[VendorGateRow, datetime]:
        """The gate, made if need be, nobody else's until the transaction ends; and the time."""
        statement = (
            insert(VendorGateRow)
            .values(system=system, admitted=0, failures=0, closures=0, updated_at=func.now())
            .on_conflict_do_update(
                index_elements=["system"], set_={"updated_at": func.clock_timestamp()}
            )
            .returning(VendorGateRow)
        )
        row = (
            await self._session.scalars(statement, execution_options={"populate_existing": True})
        ).one()
        # Not that of the transaction's beginning: it may have waited for the row.
        now: datetime = (await self._session.scalars(select(func.clock_timestamp()))).one()
        return row, now


def _put(row: VendorGateRow, gate: Gate, now: datetime) -> None:
    row.closed_until = gate.closed_until
    row.cause = gate.cause
    row.prober = gate.prober
    row.probing_until = gate.probing_until
    row.opened_at = gate.opened_at
    row.admitted = gate.admitted
    row.failures = gate.failures
    row.closures = gate.closures
    row.since = gate.since
    row.updated_at = now


def _waited(wait: Wait | None, now: datetime) -> Waited | None:
    return Waited(wait.until, wait.until - now, wait.cause) if wait else None
