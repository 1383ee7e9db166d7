"""Answers that are not understood, for vendors in memory, and people who say what they mean."""

import uuid
from typing import Any

from adapters.vendors.acted_on import ACTED_ON
from domain.drift import Finding, Sighting, classify
from domain.errors import UnrecognisedPayloadError
from domain.identifiers import System
from domain.redaction import redacted
from domain.shapes import shape_of
from http_client import Response
from tests.support.api import ApiUnderTest

STANDING = {
    "id": "7590-VHVEG",
    "standing": "current",
    "recurring_amount_minor": 2985,
    "currency": "usd",
    "open_invoices": [],
}


def odd(
    system: System = System.BILLING,
    operation: str = "read_standing",
    findings: tuple[Finding, ...] | None = None,
    **other: Any,  # noqa: ANN401 - any JSON
) -> UnrecognisedPayloadError:
    """What an adapter raises for a standing with other members; None takes one away."""
    payload = {name: each for name, each in (STANDING | other).items() if each is not None}
    expected = ACTED_ON[system][operation]
    sighting = Sighting(
        system,
        operation,
        shape_of(payload),
        redacted(payload, expected),
        findings or classify(expected, payload),
    )
    return UnrecognisedPayloadError(system, f"odd: {payload}", sighting=sighting)


class DriftDesk:
    """The drift inbox as callers of the API use it."""

    def __init__(self, api: ApiUnderTest) -> None:
        self._api = api

    async def items(self, **query: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - filters
        """The inbox."""
        answer = await self._api.operator.get("/v1/drift", params=query)
        found: list[dict[str, Any]] = answer.raise_for_status().json()["items"]
        return found

    async def item(self, item_id: str, caller: str = "operator") -> dict[str, Any]:
        """One drift as a caller sees it."""
        answer = await self._api.client(caller).get(f"/v1/drift/{item_id}")
        found: dict[str, Any] = answer.raise_for_status().json()
        return found

    async def act(
        self, item_id: str, action: str, *, caller: str = "operator", key: str = "", **body: str
    ) -> Response:
        """Say what it is."""
        return await self._api.client(caller).post(
            f"/v1/drift/{item_id}/actions/{action}",
            json={"reason": "The vendor told us."} | body,
            headers={"Idempotency-Key": key or uuid.uuid4().hex},
        )

    async def second(
        self, item: dict[str, Any], *, caller: str = "admin", verdict: str = "confirm"
    ) -> Response:
        """Answer the proposal of a drift, as it was shown."""
        proposal = item["proposal"]
        return await self._api.client(caller).post(
            f"/v1/drift/{item['id']}/second-approvals/{proposal['id']}",
            json={
                "verdict": verdict,
                "reason": "Looked at it.",
                "seen_sha256": proposal["sha256"],
            },
            headers={"Idempotency-Key": uuid.uuid4().hex},
        )
