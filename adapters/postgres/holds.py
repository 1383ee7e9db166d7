"""What keeps every call to a vendor back just now: pauses by people, and the vendors' gates."""

from collections.abc import Mapping

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from adapters.postgres.tables_operations import PauseRow, VendorGateRow
from domain.contracts_desk import HoldView
from domain.desk import HoldKind
from domain.errors import FailureCode
from domain.failure_policy import CAUSES
from domain.identifiers import VENDORS, System
from domain.pauses import EVERYTHING


async def holds_of_systems(session: AsyncSession) -> Mapping[System, list[HoldView]]:
    """By system: a pause of everything, one of the system, its closed gate. Empty lists stay."""
    wide = (EVERYTHING, *map(str, VENDORS))
    pauses = select(PauseRow).where(PauseRow.scope.in_(wide)).order_by(PauseRow.at, PauseRow.scope)
    found = [_pause(row) for row in await session.scalars(pauses)]
    # Gates go by the database's clock, as whoever closes them does.
    closed = select(VendorGateRow).where(VendorGateRow.closed_until > func.now())
    gates = {row.system: _gate(row) for row in await session.scalars(closed)}
    return {
        system: [
            *(hold for hold in found if hold.scope in {EVERYTHING, system}),
            *([gates[system]] if system in gates else []),
        ]
        for system in VENDORS
    }


def _pause(row: PauseRow) -> HoldView:
    return HoldView(
        kind=HoldKind.PAUSE,
        scope=row.scope,
        since=row.at,
        until=None,
        by=row.actor,
        reason=row.reason,
    )


def _gate(row: VendorGateRow) -> HoldView:
    cause = FailureCode(row.cause or FailureCode.UNAVAILABLE)
    return HoldView(
        kind=HoldKind.GATE,
        scope=row.system,
        since=row.since,
        until=row.closed_until,
        by=None,
        reason=CAUSES[cause].format(system=System(row.system).spoken),
    )
