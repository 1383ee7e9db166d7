"""The steps of a change at the vendors' ports, for tables of what may happen at each."""

from dataclasses import dataclass

from domain.identifiers import System
from domain.service_change import Action, ChangeStatus
from tests.support.factories import ACCOUNT
from tests.support.world import Change, World


@dataclass(frozen=True, slots=True)
class PortStep:
    """A step and the port method that carries it out."""

    name: str
    system: System
    method: str

    def __str__(self) -> str:
        return self.name


CHECKS = [
    PortStep("check_entitlement", System.CRM, "read_account"),
    PortStep("check_standing", System.BILLING, "read_standing"),
    PortStep("check_date", System.SCHEDULING, "read_availability"),
]
STEPS = [
    PortStep("post_billing_change", System.BILLING, "post_change"),
    PortStep("book_appointment", System.SCHEDULING, "book_appointment"),
    PortStep("update_services", System.CRM, "apply_service_update"),
    PortStep("close_ticket", System.TICKETING, "close_ticket"),
]
NAMES = [step.name for step in STEPS]


async def approved(world: World) -> Change:
    """A change with a ticket, approved; its effects are about to be applied."""
    change = await world.submit(document=False)
    await change.reaches(ChangeStatus.INCOMPLETE)
    await change.add_document()
    await change.reaches(ChangeStatus.AWAITING_APPROVAL)
    await change.signal(Action.APPROVE)
    return change


def assert_applied_once(world: World) -> None:
    """Every effect of the change stands, and none stands twice."""
    assert [line.amount_minor for line in world.billing.lines.values()] == [2500]
    assert [a.released for a in world.scheduling.appointments.values()] == [False]
    assert len(world.crm.orders) == 1
    assert world.billing.standings[ACCOUNT].recurring_minor == 7020
