"""The lives of a change whose histories are kept: each goes a way of its own through the code."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Final

from adapters.postgres.pauses import pause, resume
from domain.decisions import SkipEvidence
from domain.errors import UnrecognisedPayloadError, VendorRejectedError
from domain.identifiers import System
from domain.service_change import Action, ChangeStatus
from tests.support.clock import START
from tests.support.factories import REQUESTED, away
from tests.support.polling import eventually
from tests.support.world import Change, World

S = ChangeStatus
LATER = REQUESTED + timedelta(days=1)


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
    await change.decide(Action.CANCEL, second="oskar")
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


NONSENSE = "<html>"


async def parked_at_the_crm(world: World) -> Change:
    """Billing and scheduling stand; the CRM answers nonsense once."""
    nonsense = UnrecognisedPayloadError(System.CRM, NONSENSE)
    world.crm.failures.plan_before("apply_service_update", nonsense)
    change = await world.submit()
    await change.reaches(S.AWAITING_APPROVAL)
    await change.decide(Action.APPROVE)
    await change.reaches(S.NEEDS_ATTENTION)
    return change


async def corrected_before_approval(world: World) -> Change:
    """The date was wrong: checked anew, approved, applied."""
    change = await world.submit()
    await change.reaches(S.AWAITING_APPROVAL)
    await change.decide(Action.CORRECT, changes={"requested_date": LATER.isoformat()})
    await change.reaches_plan(lambda plan: str(LATER) in str(plan.effects))
    await change.decide(Action.APPROVE)
    return change


async def corrected_after_billing(world: World) -> Change:
    """What stands is undone, checked anew under a new attempt group, and applied again."""
    change = await parked_at_the_crm(world)
    changes = {"requested_date": LATER.isoformat()}
    await change.decide(Action.CORRECT, second="oskar", changes=changes)
    await change.reaches(S.AWAITING_APPROVAL)
    await change.decide(Action.APPROVE)
    return change


async def skipped(world: World) -> Change:
    """The CRM's part was done by hand; two persons say so."""
    change = await parked_at_the_crm(world)
    evidence = SkipEvidence(vendor_reference="ord_by_hand")
    await change.decide(Action.SKIP, second="oskar", evidence=evidence)
    return change


async def revision_applied(world: World) -> Change:
    """A document comes while it is being applied; what it asks differently is done anew."""
    change = await parked_at_the_crm(world)
    await change.add_document()
    await change.decide(Action.APPLY_REVISION)
    return change


async def revision_discarded(world: World) -> Change:
    """A document comes while it is being applied, and is not wanted."""
    change = await parked_at_the_crm(world)
    await change.add_document()
    await change.decide(Action.DISCARD_REVISION)
    return change


async def revision_held_for(world: World) -> Change:
    """A document comes between two steps: the change holds until it is decided upon."""
    change = await parked_at_the_crm(world)
    await change.add_document()
    await change.decide(Action.RETRY)
    await eventually(
        change.view,
        lambda seen: seen.failure is not None and seen.failure.code == "revision_pending",
    )
    await change.decide(Action.APPLY_REVISION)
    return change


async def revision_applied_when_active(world: World) -> Change:
    """A document comes after the end: a further run reverses and posts what differs."""
    change = await happy(world)
    await change.reaches(S.ACTIVE)
    await change.add_document()
    await change.decide(Action.APPLY_REVISION)
    await change.reaches(S.APPLYING, S.ACTIVE)
    return change


async def resumed_after_loss(world: World) -> Change:
    """Its workflow was terminated half-way; a further run goes on from the record."""
    change = await parked_at_the_crm(world)
    await change.handle.terminate("lost")
    await change.decide(Action.RETRY)
    await eventually(change.view, lambda seen: seen.status is S.ACTIVE)
    return change


async def rejected_with_an_open_ticket(world: World) -> Change:
    """Ending it closes the ticket first."""
    change = await world.submit(document=False)
    await change.reaches(S.INCOMPLETE)
    await change.decide(Action.REJECT)
    return change


async def refused_at_once(world: World) -> Change:
    """Billing refuses the first effect: there is nothing to undo."""
    refusal = VendorRejectedError(System.BILLING, "No.", reason="house_rule")
    world.billing.failures.plan_before("post_change", refusal)
    return await happy(world)


SCENARIOS: Final[Mapping[str, tuple[Callable[[World], Awaitable[Change]], ChangeStatus]]] = {
    "happy": (happy, S.ACTIVE),
    "rejected": (rejected, S.REJECTED),
    "incomplete_then_completed": (incomplete_then_completed, S.ACTIVE),
    "cancelled_half_way": (cancelled_half_way, S.CANCELLED),
    "needs_attention_then_retried": (needs_attention_then_retried, S.ACTIVE),
    "expired": (expired, S.EXPIRED),
    "corrected_before_approval": (corrected_before_approval, S.ACTIVE),
    "corrected_after_billing": (corrected_after_billing, S.ACTIVE),
    "skipped": (skipped, S.ACTIVE),
    "revision_applied": (revision_applied, S.ACTIVE),
    "revision_discarded": (revision_discarded, S.ACTIVE),
    "revision_held_for": (revision_held_for, S.ACTIVE),
    "revision_applied_when_active": (revision_applied_when_active, S.ACTIVE),
    "resumed_after_loss": (resumed_after_loss, S.ACTIVE),
    "refused_at_once": (refused_at_once, S.REJECTED),
    "rejected_with_an_open_ticket": (rejected_with_an_open_ticket, S.REJECTED),
    "paused_then_resumed": (paused_then_resumed, S.ACTIVE),
}
"""Name, life and end."""
