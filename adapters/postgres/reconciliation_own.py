"""What our own record has of accounts, as `domain.reconciliation_own` folds it. Reads only."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from adapters.postgres.tables import CheckRow, EffectRow, ServiceChangeRow, TicketRow
from adapters.postgres.tables_reconciliation import RepairRow
from domain.identifiers import System
from domain.reconciliation import Field
from domain.reconciliation_own import OwnAccount, OwnEffect, OwnTicket, TakenOver
from domain.service_change import CheckName, EffectStatus


async def own_accounts(
    session: AsyncSession, *, after: str, limit: int, account_id: str | None
) -> list[OwnAccount]:
    """Accounts that ever had a change, in the order of their ids, from the one after `after` on."""
    change = ServiceChangeRow
    wanted = select(change.account_id).distinct().where(change.account_id > after)
    if account_id is not None:
        wanted = wanted.where(change.account_id == account_id)
    ids = list(await session.scalars(wanted.order_by(change.account_id).limit(limit)))
    effects, tickets = await _effects(session, ids), await _tickets(session, ids)
    repairs = await _repairs(session, ids)
    return [
        OwnAccount(
            id_,
            effects=[
                *effects[id_],
                *(each for each in repairs[id_] if isinstance(each, OwnEffect)),
            ],
            tickets=tickets[id_],
            taken_over=[each for each in repairs[id_] if isinstance(each, TakenOver)],
        )
        for id_ in ids
    ]


async def _effects(session: AsyncSession, account_ids: Sequence[str]) -> dict[str, list[OwnEffect]]:
    effect, change = EffectRow, ServiceChangeRow
    rows = list(
        await session.execute(
            select(change.account_id, effect)
            .join(change, change.id == effect.change_id)
            .where(change.account_id.in_(account_ids))
        )
    )
    checked = await _held(session, account_ids)
    found: dict[str, list[OwnEffect]] = defaultdict(list)
    for account_id, row in rows:
        check = checked.get(row.change_id)
        found[account_id].append(
            OwnEffect(
                step=row.step,
                status=EffectStatus(row.status),
                at=row.closed_at or row.tried_at,
                reference=row.vendor_reference,
                facts=row.facts,
                payload=row.payload or {},
                held=check.facts if check else {},
                held_at=check.at if check else None,
            )
        )
    return found


async def _held(session: AsyncSession, account_ids: Sequence[str]) -> dict[str, CheckRow]:
    """What the CRM said last before each change was approved, by change."""
    check, change = CheckRow, ServiceChangeRow
    rows = await session.scalars(
        select(check)
        .join(change, change.id == check.change_id)
        .where(change.account_id.in_(account_ids), check.name == CheckName.ENTITLEMENT)
        .ext(distinct_on(check.change_id))
        .order_by(check.change_id, check.round.desc())
    )
    return {row.change_id: row for row in rows}


async def _tickets(session: AsyncSession, account_ids: Sequence[str]) -> dict[str, list[OwnTicket]]:
    change = ServiceChangeRow
    rows = await session.execute(
        select(change.account_id, TicketRow)
        .join(change, change.id == TicketRow.change_id)
        .where(change.account_id.in_(account_ids))
    )
    found: dict[str, list[OwnTicket]] = defaultdict(list)
    for account_id, row in rows:
        found[account_id].append(OwnTicket(row.reference, row.closed_at, row.opened_at))
    return found


async def _repairs(
    session: AsyncSession, account_ids: Sequence[str]
) -> dict[str, list[OwnEffect | TakenOver]]:
    """Repairs that stand: what billing was asked to charge, and what was taken over here."""
    rows = await session.scalars(
        select(RepairRow).where(
            RepairRow.account_id.in_(account_ids), RepairRow.status == EffectStatus.APPLIED
        )
    )
    found: dict[str, list[OwnEffect | TakenOver]] = defaultdict(list)
    for row in rows:
        at = row.closed_at or row.intended_at
        taken: Any = (
            TakenOver(Field(row.field), row.subject, row.value, at)
            if row.system == System.THROUGHLINE
            else OwnEffect(
                row.step, EffectStatus(row.status), at, row.vendor_reference, row.facts, row.payload
            )
        )
        found[row.account_id].append(taken)
    return found
