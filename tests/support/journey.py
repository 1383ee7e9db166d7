"""A change on the live stack as portal and operator see it. Asks again while a part is away."""

import json
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from domain.service_change import ChangeKind, ChangeStatus
from http_client import AsyncClient, Response, TransportError
from stack.batch.documents import DocumentType, document
from stack.batch.rows import Act, BatchRow, Submitter, read_batch
from tests.support.live import LiveStack
from tests.support.polling import eventually

SIGNED = document(DocumentType.PDF, "Signed order form")
PATIENCE = 90.0
"""Seconds. A killed worker's activity is repeated after its 45 s; everything else is quicker."""

_AGAIN = frozenset({500, 502, 503, 504})


def plain_rows() -> Iterator[BatchRow]:
    """Internet changes of real accounts with nothing in their way, each account once."""
    for row in read_batch():
        simple = not row.expected.codes and row.expected.status is ChangeStatus.ACTIVE
        alone = row.submitted_by is Submitter.PORTAL and [m.do for m in row.moves] == [Act.APPROVE]
        if row.kind is ChangeKind.CHANGE_INTERNET_SERVICE and simple and alone:
            yield row


@dataclass(frozen=True)
class Journey:
    """Callers of one live stack."""

    stack: LiveStack
    portal: AsyncClient
    operator: AsyncClient

    async def submit(self, row: BatchRow, *, with_document: bool = True) -> str:
        """Submit until it is accepted, always under the same key; the change's id."""
        change = {
            "account_id": row.account_id,
            "kind": row.kind,
            "details": row.details,
            "requested_date": row.requested_day.on(row.account_id, datetime.now(UTC)).isoformat(),
        }
        headers = {"Idempotency-Key": uuid.uuid4().hex}

        async def post() -> Response:
            files = {"document": ("order.pdf", SIGNED)} if with_document else {}
            return await self.portal.post(
                "/v1/service-changes",
                files={"change": (None, json.dumps(change), "application/json"), **files},
                headers=headers,
            )

        answer = await _until_answered(post)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    async def read(self, change_id: str) -> dict[str, Any]:
        """The change as it is now."""
        answer = await _until_answered(
            lambda: self.operator.get(f"/v1/service-changes/{change_id}")
        )
        body: dict[str, Any] = answer.raise_for_status().json()
        return body

    async def reaches(self, change_id: str, *statuses: str) -> dict[str, Any]:
        """Wait until the change is in one of the statuses."""
        return await eventually(
            lambda: self.read(change_id), lambda seen: seen["status"] in statuses, within=PATIENCE
        )

    async def decide(self, change_id: str, action: str) -> None:
        """Decide until it is taken, always under the same key."""
        headers = {"Idempotency-Key": uuid.uuid4().hex}
        answer = await _until_answered(
            lambda: self.operator.post(
                f"/v1/service-changes/{change_id}/actions/{action}",
                json={"reason": "As agreed."},
                headers=headers,
            )
        )
        assert answer.status_code == 200, answer.text

    def done(self, account_id: str) -> dict[str, Counter[str]]:
        """How often each thing was really done to the account, by the vendors' own ledgers."""
        return {
            vendor: Counter(entry["what"] for entry in self.stack.ledger(vendor, account_id))
            for vendor in ("billing", "scheduling", "crm", "ticketing")
        }


async def _until_answered(ask: Callable[[], Awaitable[Response]]) -> Response:
    """Ask until there is an answer that is not 'come back later'."""

    async def once() -> Response | None:
        try:
            answer = await ask()
        except TransportError:
            return None
        return None if answer.status_code in _AGAIN else answer

    found = await eventually(once, lambda answer: answer is not None, within=PATIENCE)
    assert found is not None
    return found


@asynccontextmanager
async def journeys(stack: LiveStack) -> AsyncIterator[Journey]:
    """Portal and operator, signed in."""

    def caller(name: str) -> AsyncClient:
        return AsyncClient(
            base_url=stack.api_url,
            headers={"Authorization": f"Bearer {stack.credentials[name]}"},
            trust_env=False,
            timeout=30,
        )

    async with caller("portal") as portal, caller("operator") as operator:
        yield Journey(stack, portal, operator)
