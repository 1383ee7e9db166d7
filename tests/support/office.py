"""The API with the real workflow behind it and vendors in memory: who submits, decides, seconds."""

from typing import Any

from domain.errors import UnrecognisedPayloadError
from domain.identifiers import System
from http_client import Response
from tests.support.api import PNG, ApiUnderTest, new_key
from tests.support.polling import eventually
from tests.support.world import World
from worker.relay import Relay

ROUTE = "/v1/service-changes"
REVISION_PENDING = "revision_pending"
FIBER = {
    "kind": "change_internet_service",
    "details": {"internet_service": "Fiber optic"},
}


class Office:
    """The API, and on demand a relay's round and a worker, as in production."""

    def __init__(self, api: ApiUnderTest, world: World, relay: Relay) -> None:
        self.api = api
        self.world = world
        self.relay = relay

    async def submitted(self, *, caller: str = "portal", document: bytes | None = PNG) -> str:
        """A change whose workflow was started."""
        change = await self.api.accepted(FIBER, caller=caller, document=document)
        await self.relay.dispatch()
        return str(change["id"])

    async def reaches(self, change_id: str, *statuses: str) -> dict[str, Any]:
        """Wait for one of the statuses."""

        async def look() -> dict[str, Any]:
            await self.relay.dispatch()
            body: dict[str, Any] = (await self.api.operator.get(f"{ROUTE}/{change_id}")).json()
            return body

        return await eventually(look, lambda seen: seen["status"] in statuses)

    async def act(
        self,
        change_id: str,
        action: str,
        *,
        caller: str = "operator",
        headers: dict[str, str] | None = None,
        **body: Any,  # noqa: ANN401 - right or wrong
    ) -> Response:
        """Decide."""
        return await self.api.client(caller).post(
            f"{ROUTE}/{change_id}/actions/{action}",
            json={"reason": "As agreed."} | body,
            headers=headers or new_key(),
        )

    async def proposed(self, change_id: str, action: str, **body: Any) -> dict[str, Any]:  # noqa: ANN401 - right or wrong
        """Have an operator propose what takes two; the pending decision as it is shown."""
        answer = await self.act(change_id, action, **body)
        assert answer.status_code == 200, answer.text
        (pending,) = answer.json()["pending_decisions"]
        return dict(pending)

    async def second(
        self,
        change_id: str,
        pending: dict[str, Any],
        *,
        caller: str = "second_operator",
        verdict: str = "confirm",
        headers: dict[str, str] | None = None,
    ) -> Response:
        """Say something to a colleague's proposal, as it was shown."""
        return await self.api.client(caller).post(
            f"{ROUTE}/{change_id}/second-approvals/{pending['id']}",
            json={
                "verdict": verdict,
                "reason": "Looked at it.",
                "seen_sha256": pending["sha256"],
            },
            headers=headers or new_key(),
        )

    async def upload(self, change_id: str, document: bytes, *, caller: str = "portal") -> Response:
        """Add a document version."""
        return await self.api.client(caller).post(
            f"{ROUTE}/{change_id}/documents", files={"document": ("b.png", document)}
        )

    async def read(self, change_id: str) -> dict[str, Any]:
        """The change as an operator sees it now."""
        body: dict[str, Any] = (await self.api.operator.get(f"{ROUTE}/{change_id}")).json()
        return body

    async def parked_at_the_crm(self) -> str:
        """A change whose billing and visit stand while the CRM answers nonsense, once."""
        nonsense = UnrecognisedPayloadError(System.CRM, "<html>")
        self.world.crm.failures.plan_before("apply_service_update", nonsense)
        change_id = await self.submitted()
        await self.reaches(change_id, "awaiting_approval")
        await self.act(change_id, "approve", caller="admin")
        await self.reaches(change_id, "needs_attention")
        return change_id

    async def held_for_a_revision(self, document: bytes) -> str:
        """A change that holds before the CRM because a document came meanwhile."""
        change_id = await self.parked_at_the_crm()
        await self.upload(change_id, document)
        await self.relay.dispatch()
        await self.act(change_id, "retry")

        async def look() -> dict[str, Any]:
            await self.relay.dispatch()
            return await self.read(change_id)

        await eventually(
            look, lambda seen: bool(seen["failure"]) and seen["failure"]["code"] == REVISION_PENDING
        )
        return change_id

    async def refusals(self, change_id: str) -> list[tuple[str, str]]:
        """Who was refused what, from the audit trail."""
        answer = await self.api.operator.get("/v1/audit", params={"change_id": change_id})
        return [
            (entry["actor"], entry["action"])
            for entry in answer.json()["items"]
            if entry["outcome"] == "refused"
        ]
