"""Events that billing really told, delivered again as they should not be: twice, forged, old."""

import base64
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from standardwebhooks.webhooks import Webhook

from http_client import AsyncClient, TransportError
from tests.faults.catalogue import WebhookTrick
from tests.faults.evidence import Forbidden
from tests.faults.people import People
from tests.support.live import LiveStack
from tests.support.polling import eventually

TIMES: Final = 10
LATEST: Final = 5
EVENT_WITHIN: Final = 20.0
LATE: Final = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Delivery:
    """What is posted."""

    body: bytes
    headers: Mapping[str, str]


def signed(secret: str, event_id: str, body: bytes, at: datetime) -> Delivery:
    """A delivery as Standard Webhooks has it."""
    signature = Webhook(secret).sign(event_id, at, body.decode())
    return Delivery(
        body,
        {
            "content-type": "application/json",
            "webhook-id": event_id,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": signature,
        },
    )


def _forged(secret: str, event_id: str, body: bytes) -> Delivery:
    real = signed(secret, event_id, body, datetime.now(UTC))
    return Delivery(body.replace(b'"data":{', b'"data":{"forged":true,', 1), real.headers)


def _old(secret: str, event_id: str, body: bytes) -> Delivery:
    return signed(secret, event_id, body, datetime.now(UTC) - LATE)


def _other_secret(secret: str, event_id: str, body: bytes) -> Delivery:
    del secret
    foreign = f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"
    return signed(foreign, event_id, body, datetime.now(UTC))


def _cut(secret: str, event_id: str, body: bytes) -> Delivery:
    real = signed(secret, event_id, body, datetime.now(UTC))
    return Delivery(body[: len(body) // 2], real.headers)


REFUSED: Final[Mapping[WebhookTrick, Callable[[str, str, bytes], Delivery]]] = {
    WebhookTrick.FORGED: _forged,
    WebhookTrick.OLD: _old,
    WebhookTrick.OTHER_SECRET: _other_secret,
    WebhookTrick.CUT: _cut,
}
"""Tricks that have to be refused at the door."""


async def play(trick: WebhookTrick, stack: LiveStack, people: People) -> int:
    """Deliver the latest events that way; how many deliveries the API answered."""
    secret = stack.settings.billing_webhook_secret.get_secret_value()
    events = await _latest_events(stack)
    answered = 0
    for event in events:
        event_id, body = event["event_id"], event["body"].encode()
        if trick is WebhookTrick.DUPLICATE:
            for _ in range(TIMES):
                status = await _post(people, signed(secret, event_id, body, datetime.now(UTC)))
                answered += 1
                if status // 100 != 2:
                    people.log.remarks.append(f"a duplicate event was answered {status}")
            continue
        status = await _post(people, REFUSED[trick](secret, event_id, body))
        people.log.forbidden.append(Forbidden("", "billing", "", f"webhook {trick}", status))
        answered += 1
    return answered


async def _post(people: People, delivery: Delivery) -> int:
    answer = await people.ask(
        lambda: people.clients["portal"].post(
            "/v1/webhooks/billing",
            content=delivery.body,
            # The vendor's own headers: no key of ours goes with an event.
            headers={**delivery.headers, "Authorization": ""},
        )
    )
    return answer.status_code


async def _latest_events(stack: LiveStack) -> list[dict[str, str]]:
    """What billing told last, once it has told anything."""
    url = f"http://127.0.0.1:{stack.ports['billing']}"
    async with AsyncClient(base_url=url, trust_env=False) as billing:

        async def told() -> list[dict[str, str]]:
            try:
                answer = await billing.get("/_control/events", params={"limit": str(LATEST)})
            except TransportError:
                return []
            events: list[dict[str, str]] = answer.raise_for_status().json()["events"]
            return events

        return await eventually(told, bool, within=EVENT_WITHIN)
