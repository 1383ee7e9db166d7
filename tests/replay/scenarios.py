"""The lives of a change whose histories are kept: each goes a way of its own through the code."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Final

from adapters.postgres.pauses import pause, resume
from domain.errors import UnrecognisedPayloadError
from domain.identifiers import System
from domain.service_change import Action, ChangeStatus
from tests.support.clock import START
from tests.support.polling import eventually
from tests.support.world import Change, World, away

S = ChangeStatus


async def happy(world: World) -> Change:
    """Checked, approved, applied."""
    change = await world.submit()
    await change.reaches(S.AWAITING_APPROVAL)
    await change.decide(Action.APPROVE)
    return change


async def rejected(world: World) -> Change:
    """An operator says no to the plan."""
    change = await world.submit()
    await change.reaches(S.AWAITING_APPROVAL)
    await change.decide(Action.REJECT)
    return change


async def incomplete_then_completed(world: World) -> Change:
    """The document comes later; the ticket is closed with the last step."""
    change = await world.submit(document=False)
    await change.reaches(S.INCOMPLETE)
    await change.add_document()
    await change.reaches(S.AWAITING_APPROVAL)
    await change.signal(Action.APPROVE)
    return change


async def cancelled_half_way(world: World) -> Change:
    """Cancelled while the CRM is away: what stands is undone."""
    world.crm.failures.plan_before("apply_service_update", away(System.CRM, for_seconds=3600))
    change = await world.submit()
    await change.reaches(S.AWAITING_APPROVAL)
    await change.decide(Action.APPROVE)
    await eventually(change.view, lambda seen: seen.failure is not None)
    await change.decide(Action.CANCEL)
    return change


async def needs_attention_then_retried(world: World) -> Change:
    """Billing answers nonsense once; an operator has it tried again."""
    nonsense = UnrecognisedPayloadError(System.BILLING, "<html>")
    world.billing.failures.plan_before("post_change", nonsense)
    change = await world.submit()
    await change.reaches(S.AWAITING_APPROVAL)
    await change.decide(Action.APPROVE)
    await change.reaches(S.NEEDS_ATTENTION)
    await change.decide(Action.RETRY)
    return change


async def paused_then_resumed(world: World) -> Change:
    """Billing is paused before it is called; the change waits and goes on when told."""
    change = await world.submit()
    await change.reaches(S.AWAITING_APPROVAL)
    async with world.sessions.begin() as session:
        await pause(
            session, "billing", actor="olga", reason="Month-end.", correlation_id="c", at=START
        )
    await change.decide(Action.APPROVE)
    await eventually(change.view, lambda seen: seen.waiting_on != [])
    async with world.sessions.begin() as session:
        await resume(session, "billing", actor="olga", correlation_id="c", at=START)
    await world.relay()
    return change


async def expired(world: World) -> Change:
    """Nobody decides, however often they are reminded."""
    change = await world.submit()
    await change.reaches(S.AWAITING_APPROVAL)
    await change.wait(timedelta(days=8))
    return change


SCENARIOS: Final[Mapping[str, tuple[Callable[[World], Awaitable[Change]], ChangeStatus]]] = {
    "happy": (happy, S.ACTIVE),
    "rejected": (rejected, S.REJECTED),
    "incomplete_then_completed": (incomplete_then_completed, S.ACTIVE),
    "cancelled_half_way": (cancelled_half_way, S.CANCELLED),
    "needs_attention_then_retried": (needs_attention_then_retried, S.ACTIVE),
    "expired": (expired, S.EXPIRED),
    "paused_then_resumed": (paused_then_resumed, S.ACTIVE),
}
"""Name, life and end."""
