"""Who owns each field the four systems and we hold, and who may change it how. A table."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from domain.errors import FieldOwnershipError
from domain.identifiers import System


@dataclass(frozen=True, slots=True)
class FieldRule:
    """One field. `may_change` maps who to how; whoever is missing may not at all."""

    field: str
    record: str
    owner: System
    may_change: Mapping[str, str]

    def writable_by(self, writer: str) -> bool:
        """Whether a write of theirs is let through; else it is refused, and the owner is named."""
        return writer in self.may_change

    @property
    def version_source(self) -> str:
        """How it is known which version of the field was seen."""
        return _VERSION_SOURCE.get(self.record, _VERSION_SOURCE_OF[self.owner])


def _rules(record: str, owner: System, fields: Iterable[str], **may_change: str) -> list[FieldRule]:
    return [
        FieldRule(field, record, owner, {str(owner): "at the source", **may_change})
        for field in fields
    ]


_US = str(System.THROUGHLINE)

_VERSION_SOURCE_OF: Final[Mapping[System, str]] = {
    System.CRM: "ETag of the account; a write names it",
    System.BILLING: "none; read anew before each decision",
    System.SCHEDULING: "none; read anew before each decision",
    System.TICKETING: "version of the ticket, in its events and answers",
    System.THROUGHLINE: "audit entries, in order",
}
"""How versions are told apart where nothing is said of the record itself."""

_VERSION_SOURCE: Final[Mapping[str, str]] = {
    "account standing": "version of the account, in billing's events",
    "order": "its own status; looked up by our reference",
    "invoice": "payload version of the posting; looked up by our key",
    "appointment": "payload version of the booking; looked up by our reference",
    "document": "document version and SHA-256",
    "approval": "hash of the plan, and of the document",
    "effect": "payload version and SHA-256",
    "report": "derived when it is read",
}

FIELD_RULES: Final[tuple[FieldRule, ...]] = (
    *_rules(
        "customer account",
        System.CRM,
        ("account_id", "account_lifecycle", "household", "senior_citizen", "tenure"),
    ),
    *_rules("property", System.CRM, ("service_address", "fiber_available")),
    *_rules(
        "entitlement",
        System.CRM,
        ("services_held", "contract_term"),
        throughline="through an order, after approval",
    ),
    *_rules("entitlement", System.CRM, ("contract_start", "contract_end")),
    *_rules(
        "order", System.CRM, ("order", "order_status"), throughline="creates and closes its own"
    ),
    *_rules("price", System.BILLING, ("price_list", "recurring_charge")),
    *_rules(
        "invoice",
        System.BILLING,
        ("invoice_line",),
        throughline="posts and reverses a change's own lines",
    ),
    *_rules("invoice", System.BILLING, ("invoice", "invoice_due_date", "paperless_billing")),
    *_rules("payment", System.BILLING, ("payment", "total_charges")),
    *_rules("account standing", System.BILLING, ("account_standing",)),
    *_rules(
        "billing profile",
        System.BILLING,
        ("billing_payment_method", "billing_address"),
        throughline="with a change's posting, after approval",
    ),
    *_rules(
        "appointment",
        System.SCHEDULING,
        ("appointment",),
        throughline="holds, confirms and releases its own",
    ),
    *_rules(
        "slot", System.SCHEDULING, ("slot", "slot_capacity", "service_area", "holiday_calendar")
    ),
    *_rules(
        "ticket",
        System.TICKETING,
        ("ticket", "ticket_comment", "ticket_status"),
        throughline="opens, comments on and closes its own",
    ),
    *_rules("conversation", System.TICKETING, ("ticket_answer",)),
    *_rules(
        "service change",
        System.THROUGHLINE,
        ("requested_date", "change_details", "change_note"),
        portal="when submitting",
        partner="when submitting",
        operator="corrects, with a reason; after billing with a second person",
        admin="corrects, with a reason; after billing with a second person",
    ),
    *_rules("service change", System.THROUGHLINE, ("change_status", "correlation_id")),
    *_rules(
        "document",
        System.THROUGHLINE,
        ("document_version",),
        portal="adds a version",
        partner="adds a version",
        operator="adds a version",
    ),
    *_rules("approval", System.THROUGHLINE, ("approval",), operator="decides", admin="decides"),
    *_rules("effect", System.THROUGHLINE, ("effect", "attempt")),
    *_rules("audit entry", System.THROUGHLINE, ("audit_entry",)),
    FieldRule("active", "report", System.THROUGHLINE, {}),
)
"""`active` is derived (approved and applied): nobody sets it, not even we."""

_BY_FIELD: Final = {rule.field: rule for rule in FIELD_RULES}


def owner_of(field: str) -> System | None:
    """Who owns a field; None for a field the table does not hold."""
    rule = _BY_FIELD.get(field)
    return rule.owner if rule else None


def require_writable(fields: Iterable[str], writer: str = _US) -> None:
    """Pass if the writer may change every field, else raise FieldOwnershipError with the owner.

    A field the table does not hold is a programming error and raises KeyError.
    """
    for field in sorted(fields):
        rule = _BY_FIELD[field]
        if not rule.writable_by(writer):
            raise FieldOwnershipError(field, rule.owner, writer)
