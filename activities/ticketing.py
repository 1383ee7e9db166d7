"""Says in a ticket what is missing, and closes it when nothing is."""

from temporalio import activity

from activities.calls import Effect, VendorCalls
from activities.intents import make_intent
from activities.ports import Ticketing
from activities.records import RecordTransaction
from domain.identifiers import EffectKey
from domain.messages import EffectResult, StepInput, TicketInput
from domain.plan import ticket_subject
from domain.records import ChangeRecord
from domain.steps import Step
from domain.vendor_values import EffectEvidence, TicketDraft


class TicketActivities:
    """Ticketing owns conversations; we open, comment on and close our own tickets."""

    def __init__(self, calls: VendorCalls, ticketing: Ticketing) -> None:
        self._calls = calls
        self._ticketing = ticketing

    @activity.defn(name="report_missing")
    async def report_missing(self, missing: TicketInput) -> EffectResult:
        """Open a ticket naming everything missing, or add it to the one that is open.

        Once per round and document version. Raises vendor failures.
        """

        async def prepare(record: RecordTransaction, change: ChangeRecord) -> Effect:
            opened = await record.effect_of(change.id, Step.OPEN_TICKET)
            # A repeat of the round that opened the ticket must find its own effect again.
            # A ticket that somebody closed takes no comment; what is missing still has to be said.
            again = opened is not None and EffectKey.parse(opened.key).attempt_group
            first = change.open_ticket is None or again == missing.round
            make = self._open if first else self._comment
            return make(change, missing)

        step = StepInput(change_id=missing.change_id, attempt_group=missing.round)
        return await self._calls.perform(step, prepare)

    @activity.defn(name="close_ticket")
    async def close_ticket(self, step: StepInput) -> EffectResult:
        """Close the change's ticket with the reason given, once.

        A ticket whose opening was never confirmed is looked up first; none is fine.
        """
        opened = await self._calls.settle(
            step.change_id, Step.OPEN_TICKET, self._ticketing.find_ticket
        )
        if opened is None:
            return EffectResult(step=Step.CLOSE_TICKET, vendor_reference="")
        ticket = opened.vendor_reference

        async def prepare(record: RecordTransaction, change: ChangeRecord) -> Effect:
            del record
            draft = TicketDraft(change.account_id, change.id, ticket, step.reason)

            async def closed(record: RecordTransaction, evidence: EffectEvidence) -> None:
                del evidence
                await record.save_ticket(change.id, ticket, ticket_subject(change.wish))
                await record.close_ticket(change.id, ticket)

            return Effect(
                make_intent(
                    change, Step.CLOSE_TICKET, step.attempt_group, f"Close ticket {ticket}", draft
                ),
                lambda call: self._ticketing.close_ticket(call, ticket, step.reason),
                lambda call: self._ticketing.find_closure(call, ticket),
                closed,
            )

        return await self._calls.perform(step, prepare)

    def _open(self, change: ChangeRecord, missing: TicketInput) -> Effect:
        draft = TicketDraft(
            account_id=change.account_id,
            change_id=change.id,
            subject=ticket_subject(change.wish),
            body=_body(missing),
        )

        async def opened(record: RecordTransaction, evidence: EffectEvidence) -> None:
            await record.save_ticket(change.id, evidence.vendor_reference, draft.subject)

        return Effect(
            make_intent(change, Step.OPEN_TICKET, missing.round, draft.subject, draft),
            lambda call: self._ticketing.open_ticket(call, draft),
            self._ticketing.find_ticket,
            opened,
        )

    def _comment(self, change: ChangeRecord, missing: TicketInput) -> Effect:
        ticket = change.open_ticket or ""
        draft = TicketDraft(change.account_id, change.id, ticket, _body(missing))
        return Effect(
            make_intent(
                change, Step.COMMENT_ON_TICKET, missing.round, f"Comment on {ticket}", draft
            ),
            lambda call: self._ticketing.comment_on_ticket(call, ticket, draft.body),
            lambda call: self._ticketing.find_comment(call, ticket),
        )


def _body(missing: TicketInput) -> str:
    needed = "\n".join(f"- From the {item.party}: {item.what}" for item in missing.missing)
    return f"Before this change can go on, we need:\n{needed}"
