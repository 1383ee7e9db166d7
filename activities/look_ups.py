"""How each effect is looked up at its vendor, and how it makes a repeat safe. A table."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from activities.ports import Billing, Crm, Scheduling, Ticketing
from activities.records import RecordTransaction
from domain.plan import ticket_subject
from domain.records import ChangeRecord, EffectState
from domain.steps import Step
from domain.vendor_values import EffectEvidence, VendorCall
from domain.verdicts import Repeatability

Find = Callable[[VendorCall], Awaitable[EffectEvidence | None]]


@dataclass(frozen=True, slots=True)
class LookUps:
    """Every effect's `find_…` twin by step, and what its port says about repeating it.

    A step that no table names can be looked up by whoever asks for it, and by nobody else.
    """

    finders: Mapping[Step, Callable[[str], Find]] = field(default_factory=dict)
    repeatabilities: Mapping[Step, Repeatability] = field(default_factory=dict)

    def repeatability(self, step: Step) -> Repeatability:
        """How the step's vendor makes it safe to repeat it."""
        return self.repeatabilities.get(step, Repeatability.LOOK_UP)

    def find(self, state: EffectState) -> Find | None:
        """How to look that effect up; None if nobody can."""
        finder = self.finders.get(state.step)
        if finder is None or self.repeatability(state.step) is not Repeatability.LOOK_UP:
            return None
        return finder(state.subject)


def look_ups(crm: Crm, billing: Billing, scheduling: Scheduling, ticketing: Ticketing) -> LookUps:
    """The tables of these four vendors."""
    return LookUps(
        finders={
            Step.POST_BILLING_CHANGE: lambda _: billing.find_posting,
            Step.REVERSE_BILLING_CHANGE: lambda posting: (
                lambda call: billing.find_reversal(call, posting)
            ),
            Step.BOOK_APPOINTMENT: lambda _: scheduling.find_appointment,
            Step.RELEASE_APPOINTMENT: lambda appointment: (
                lambda call: scheduling.find_release(call, appointment)
            ),
            Step.UPDATE_SERVICES: lambda _: crm.find_service_update,
            Step.RESTORE_SERVICES: lambda _: crm.find_service_update,
            Step.OPEN_TICKET: lambda _: ticketing.find_ticket,
            Step.COMMENT_ON_TICKET: lambda ticket: (
                lambda call: ticketing.find_comment(call, ticket)
            ),
            Step.CLOSE_TICKET: lambda ticket: lambda call: ticketing.find_closure(call, ticket),
        },
        repeatabilities={
            **billing.repeatability,
            **scheduling.repeatability,
            **crm.repeatability,
            **ticketing.repeatability,
        },
    )


async def keep_found(
    record: RecordTransaction, change: ChangeRecord, state: EffectState, evidence: EffectEvidence
) -> None:
    """What else is recorded when a look-up finds an effect, beside the evidence."""
    if state.step is Step.OPEN_TICKET:
        subject = ticket_subject(change.wish)
        await record.save_ticket(change.id, evidence.vendor_reference, subject)
    elif state.step is Step.CLOSE_TICKET:
        await record.close_ticket(change.id, state.subject)
