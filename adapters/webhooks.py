"""Signatures of events, both ways, in the Standard Webhooks format."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from domain.identifiers import System


class WebhookVerifier:
    """Checks what a vendor sent, against any of the secrets that are valid now."""

    def __init__(self, secrets: Sequence[str]) -> None:
        self._webhooks = [Webhook(secret) for secret in secrets]

    def verify(self, body: bytes, headers: Mapping[str, str]) -> Any | None:  # noqa: ANN401 - any JSON
        """The decoded event; None if no secret fits, the clock is off or it is no event."""
        for webhook in self._webhooks:
            try:
                return webhook.verify(body, dict(headers))
            except (WebhookVerificationError, ValueError, RecursionError):
                # Besides its own error, the library lets out those of what it cannot even read.
                continue
        return None


@dataclass(frozen=True, slots=True)
class EventShape:
    """Where a vendor's events say which account and which object they are about."""

    account: str
    reference: str


SHAPES: Final[Mapping[System, EventShape]] = {
    System.BILLING: EventShape(account="account", reference="invoice"),
    System.TICKETING: EventShape(account="account_id", reference="ticket_id"),
}


@dataclass(frozen=True, slots=True)
class ReadEvent:
    """What is acted on in an event; everything else stays in the raw body."""

    type: str
    account_id: str | None
    reference: str | None


def read_event(system: System, payload: object) -> ReadEvent:
    """Tolerant: an event of an unknown type or shape is kept, it just wakes nobody."""
    shape = SHAPES[system]
    event = payload if isinstance(payload, dict) else {}
    data = event.get("data")
    facts = data if isinstance(data, dict) else {}

    def text(source: Mapping[str, object], name: str) -> str | None:
        value = source.get(name)
        # A NUL is in no id of ours, and PostgreSQL does not take it.
        return value if isinstance(value, str) and "\x00" not in value else None

    return ReadEvent(
        type=text(event, "type") or "unknown",
        account_id=text(facts, shape.account),
        reference=text(facts, shape.reference),
    )
