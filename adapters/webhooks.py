"""Signatures of events in the Standard Webhooks format. What events say is read elsewhere."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from domain.vendor_events import LONGEST_ID

_EVENT_ID: Final = re.compile(rf"[\x21-\x7e]{{1,{LONGEST_ID}}}")


def is_event_id(text: str) -> bool:
    """Whether a `webhook-id` can be kept and named in an address: printable ASCII, no space."""
    return _EVENT_ID.fullmatch(text) is not None


class WebhookVerifier:
    """Checks what a vendor sent, against any of the secrets that are valid now."""

    def __init__(self, secrets: Sequence[str]) -> None:
        self._webhooks = [Webhook(secret) for secret in secrets]

    def genuine(self, body: bytes, headers: Mapping[str, str]) -> bool:
        """Whether a secret fits the bytes and the clock. What the bytes say is not looked at."""
        return any(_fits(webhook, body, headers) for webhook in self._webhooks)


def _fits(webhook: Webhook, body: bytes, headers: Mapping[str, str]) -> bool:
    try:
        webhook.verify(body, dict(headers), json_parse=False)
    except (WebhookVerificationError, ValueError):
        # Besides its own error, the library lets out those of what it cannot even read: a header
        # without a comma, a body that is not UTF-8, which nobody can have signed.
        return False
    return True
