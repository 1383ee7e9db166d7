"""What we hold of fields that live elsewhere: whose they are, which version we saw, and when. Pure.

Nothing is held that is not here: checks keep what they rest on, effects what they left behind.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from domain.contracts import CheckView, EffectView, Evidence
from domain.contracts_evidence import SyncedFieldView, VersionKind
from domain.field_ownership import owner_of
from domain.identifiers import System, fingerprint
from domain.service_change import CheckName, EffectStatus
from domain.steps import Step

Facts = Mapping[str, Any]


def _fact(name: str) -> Callable[[Facts], Any]:
    return lambda facts: facts.get(name)


def _slot(facts: Facts) -> str:
    return f"{facts['on']}: {facts['problem'] or 'free'}"


READ: Final[Mapping[CheckName, Mapping[str, Callable[[Facts], Any]]]] = {
    CheckName.ENTITLEMENT: {
        "account_lifecycle": _fact("lifecycle"),
        "services_held": _fact("products"),
        "contract_term": _fact("contract"),
        "contract_end": _fact("contract_ends_on"),
        "fiber_available": _fact("fiber_available"),
    },
    CheckName.STANDING: {
        "account_standing": _fact("standing"),
        "recurring_charge": _fact("recurring_minor"),
        "invoice": _fact("overdue_invoices"),
    },
    CheckName.DATE: {"slot": _slot},
    CheckName.COMPLETENESS: {"document_version": _fact("document_version")},
}
"""What each check keeps of which field, by the names of the table of ownership."""

LEFT: Final[Mapping[Step, str]] = {
    Step.POST_BILLING_CHANGE: "invoice_line",
    Step.BOOK_APPOINTMENT: "appointment",
    Step.UPDATE_SERVICES: "order",
    Step.OPEN_TICKET: "ticket",
}
"""What each effect left behind at its system; we hold its reference."""

_VERSION: Final[Mapping[CheckName, tuple[VersionKind, str]]] = {
    CheckName.ENTITLEMENT: (VersionKind.ETAG, "etag"),
    CheckName.COMPLETENESS: (VersionKind.DOCUMENT, "document_sha256"),
}
"""Where the version of what a check read stands among its facts; elsewhere its content tells it."""


def synchronised(
    checks: Iterable[CheckView], effects: Iterable[EffectView]
) -> list[SyncedFieldView]:
    """Every field that was read or written for a change, in the order of the systems' answers."""
    return [
        *(field for check in checks if check.facts for field in _read(check)),
        *(
            _left(effect)
            for effect in effects
            if effect.step in LEFT and effect.status is EffectStatus.APPLIED
        ),
    ]


def _read(check: CheckView) -> Iterable[SyncedFieldView]:
    kind, name = _VERSION.get(check.name, (VersionKind.CONTENT, ""))
    version = check.facts.get(name) if name else fingerprint(check.facts)
    for field, value in READ[check.name].items():
        yield SyncedFieldView(
            field=field,
            source=_source(field),
            value=value(check.facts),
            version=version,
            version_kind=kind,
            at=check.at,
            evidence=Evidence(kind="check", id=str(check.name)),
        )


def _left(effect: EffectView) -> SyncedFieldView:
    field = LEFT[Step(effect.step)]
    return SyncedFieldView(
        field=field,
        source=_source(field),
        value=effect.vendor_reference,
        version=f"{effect.payload_version}, {effect.payload_sha256}",
        version_kind=VersionKind.PAYLOAD,
        at=effect.closed_at or effect.intended_at,
        evidence=Evidence(kind="effect", id=effect.idempotency_key),
    )


def _source(field: str) -> System:
    owner = owner_of(field)
    if owner is None:
        raise KeyError(field)
    return owner
