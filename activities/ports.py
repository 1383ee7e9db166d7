"""What the outside world must be able to do, as Protocols. Adapters fit by shape.

Vendor ports raise `VendorError`s only. Every effect takes `VendorCall.idempotency_key`, has a
`find_…` twin that looks the effect up by that key, and raises `OutcomeUnknownError` when the
vendor may have done it without saying so. What is safe then each port says itself, per effect, in
`repeatability`: look it up by the twin and repeat what is not found; repeat under the same key,
which the vendor honours; or neither, and a person decides. The twin of an effect that cannot be
looked up is never called.

Listings go from page to page by the vendor's own cursor, in an order of the vendor's that stays the
same while nothing is added or removed; `limit` is a wish. What is there for the whole time of the
reading is listed. With `account_id`, only that account's are.
"""

from collections.abc import Mapping
from datetime import date
from typing import Protocol

from domain.catalogue import Visit
from domain.entitlement import AccountFacts
from domain.listings import BilledAccount, ListedAppointment, Listing
from domain.steps import Step
from domain.vendor_values import (
    AppointmentBooking,
    Availability,
    BillingPosting,
    BillingStanding,
    EffectEvidence,
    EventPage,
    ServiceUpdate,
    TicketDraft,
    TicketState,
    VendorCall,
)
from domain.verdicts import Repeatability


class Authenticating(Protocol):
    """What every vendor's client can do beside its own port."""

    async def authenticate(self, call: VendorCall) -> None:
        """Make a harmless call that is answered only to who is known. Raises VendorErrors."""
        ...


class Crm(Protocol):
    """Owns accounts, services held and orders."""

    @property
    def repeatability(self) -> Mapping[Step, Repeatability]:
        """How a repeat of each effect is made safe; all its effects are named."""
        ...

    async def read_account(self, call: VendorCall, account_id: str) -> AccountFacts | None:
        """The account as the CRM has it now; None when it knows no such account."""
        ...

    async def list_accounts(
        self,
        call: VendorCall,
        *,
        cursor: str | None = None,
        limit: int = 500,
        account_id: str | None = None,
    ) -> Listing[AccountFacts]:
        """A page of all accounts."""
        ...

    async def apply_service_update(self, call: VendorCall, update: ServiceUpdate) -> EffectEvidence:
        """Order, set services and close the order; `vendor_reference` is the order.

        Safe to repeat under the same key: an order already open under it is carried on with.
        `facts` hold what the update really changed, `added` and `removed` (lists of products) and
        `contract_before`, from which a reversal is built.
        """
        ...

    async def find_service_update(self, call: VendorCall) -> EffectEvidence | None:
        """The update under this key, or None if there is none or it has changed nothing yet.

        One that was caught between setting services and closing its order is closed first: it
        stands, and what stands must be found, or nobody would undo it.
        """
        ...


class Billing(Protocol):
    """Owns prices, invoices, payments and standing."""

    @property
    def repeatability(self) -> Mapping[Step, Repeatability]:
        """How a repeat of each effect is made safe; all its effects are named."""
        ...

    async def read_standing(self, call: VendorCall, account_id: str) -> BillingStanding | None:
        """Standing and monthly charge now; None for an account billing does not know."""
        ...

    async def list_accounts(
        self,
        call: VendorCall,
        *,
        cursor: str | None = None,
        limit: int = 500,
        account_id: str | None = None,
    ) -> Listing[BilledAccount]:
        """A page of all accounts with what they are charged."""
        ...

    async def post_change(self, call: VendorCall, posting: BillingPosting) -> EffectEvidence:
        """Post the change's lines; `vendor_reference` is the invoice line.

        `facts`: `amount_minor`, `recurring_before_minor`, `recurring_after_minor`, `invoice_id`.
        """
        ...

    async def find_posting(self, call: VendorCall) -> EffectEvidence | None:
        """The posting under this key."""
        ...

    async def reverse_posting(
        self, call: VendorCall, posting_reference: str, reason: str
    ) -> EffectEvidence:
        """Undo a posting by a new line; repeating gives the same reversal."""
        ...

    async def find_reversal(
        self, call: VendorCall, posting_reference: str
    ) -> EffectEvidence | None:
        """The reversal of a posting, if it has one."""
        ...

    async def list_events(
        self, call: VendorCall, *, after: str | None, limit: int
    ) -> EventPage | None:
        """What billing told by webhook, oldest first, from the event after `after` on.

        None when it no longer knows that event; without `after` from the first one it keeps.
        """
        ...


class Scheduling(Protocol):
    """Owns dates, slots and appointments."""

    @property
    def repeatability(self) -> Mapping[Step, Repeatability]:
        """How a repeat of each effect is made safe; all its effects are named."""
        ...

    async def read_availability(
        self, call: VendorCall, account_id: str, on: date, visit: Visit
    ) -> Availability | None:
        """Whether the date can be had; None for an account scheduling does not know."""
        ...

    async def list_appointments(
        self,
        call: VendorCall,
        *,
        cursor: str | None = None,
        limit: int = 500,
        account_id: str | None = None,
    ) -> Listing[ListedAppointment]:
        """A page of all appointments, whatever has become of them."""
        ...

    async def book_appointment(
        self, call: VendorCall, booking: AppointmentBooking
    ) -> EffectEvidence:
        """Hold and confirm a slot; `vendor_reference` is the appointment.

        Carries on with what is already held under this key instead of holding twice. Raises
        VendorRejectedError (`reason` such as `slot_full`) when the day is gone. `facts`:
        `starts_at`, `ends_at` (ISO, with offset), `time_zone`.
        """
        ...

    async def find_appointment(self, call: VendorCall) -> EffectEvidence | None:
        """The confirmed appointment under this key, or None."""
        ...

    async def release_appointment(
        self, call: VendorCall, appointment_reference: str
    ) -> EffectEvidence:
        """Give the slot back; repeating changes nothing."""
        ...

    async def find_release(
        self, call: VendorCall, appointment_reference: str
    ) -> EffectEvidence | None:
        """Evidence that the appointment is released, or None."""
        ...


class Ticketing(Protocol):
    """Owns tickets and conversations."""

    @property
    def repeatability(self) -> Mapping[Step, Repeatability]:
        """How a repeat of each effect is made safe; all its effects are named."""
        ...

    async def open_ticket(self, call: VendorCall, draft: TicketDraft) -> EffectEvidence:
        """Open a ticket; `vendor_reference` is its number.

        The vendor has no idempotency key: the adapter looks the key up before it creates.
        """
        ...

    async def find_ticket(self, call: VendorCall) -> EffectEvidence | None:
        """The ticket under this key."""
        ...

    async def comment_on_ticket(
        self, call: VendorCall, ticket_reference: str, body: str
    ) -> EffectEvidence:
        """Add a public comment, once per key; `vendor_reference` is the comment."""
        ...

    async def find_comment(self, call: VendorCall, ticket_reference: str) -> EffectEvidence | None:
        """The comment under this key."""
        ...

    async def close_ticket(
        self, call: VendorCall, ticket_reference: str, resolution: str
    ) -> EffectEvidence:
        """Close a ticket; closing a closed one changes nothing."""
        ...

    async def find_closure(self, call: VendorCall, ticket_reference: str) -> EffectEvidence | None:
        """Evidence that the ticket is closed, or None."""
        ...

    async def read_ticket(self, call: VendorCall, ticket_reference: str) -> TicketState | None:
        """The ticket as it is now; None for a number ticketing does not know."""
        ...

    async def list_tickets(
        self,
        call: VendorCall,
        *,
        cursor: str | None = None,
        limit: int = 500,
        account_id: str | None = None,
    ) -> Listing[TicketState]:
        """A page of all tickets."""
        ...
