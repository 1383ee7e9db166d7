"""Who has systems compared over the API, looks at what differs and decides."""

import dataclasses
from typing import Any

from domain.catalogue import Product
from domain.reconciliation_messages import repair_workflow_id
from http_client import Response
from tests.support.api import new_key
from tests.support.factories import ACCOUNT
from tests.support.office import Office
from tests.support.polling import eventually

RUNS = "/v1/reconciliation/runs"
DIFFERENCES = "/v1/reconciliation/differences"
TECH_SUPPORT = frozenset({Product.TECH_SUPPORT})


class Reconciler:
    """Who compares, looks and decides."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.world = office.world

    async def run(self, account_id: str | None = None, caller: str = "support") -> dict[str, Any]:
        """Compare, and wait for the end."""
        asked = {"account_id": account_id} if account_id else {}
        answer = await self.office.api.client(caller).post(RUNS, json=asked, headers=new_key())
        assert answer.status_code == 202, answer.text
        place = answer.headers["location"]

        async def look() -> dict[str, Any]:
            await self.office.relay.dispatch()
            body: dict[str, Any] = (await self.office.api.operator.get(place)).json()
            return body

        return await eventually(look, lambda seen: seen["state"] != "running")

    async def differences(self, **query: str) -> list[dict[str, Any]]:
        """What is listed."""
        answer = await self.office.api.operator.get(DIFFERENCES, params=query)
        assert answer.status_code == 200, answer.text
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    async def only(self, **query: str) -> dict[str, Any]:
        """The one difference of the account."""
        (found,) = await self.differences(account_id=ACCOUNT, **query)
        return found

    async def say(self, found: dict[str, Any], action: str, caller: str = "operator") -> Response:
        return await self.office.api.client(caller).post(
            f"{DIFFERENCES}/{found['id']}/actions/{action}",
            json={"reason": "Looked at both.", "seen_sha256": found["sha256"]},
            headers=new_key(),
        )

    async def repaired(self, found: dict[str, Any], *states: str) -> dict[str, Any]:
        async def look() -> dict[str, Any]:
            await self.office.relay.dispatch()
            body: dict[str, Any] = (
                await self.office.api.operator.get(f"{DIFFERENCES}/{found['id']}")
            ).json()
            return body

        return await eventually(look, lambda seen: seen["state"] in states)

    async def queues_of_repair(self, found: dict[str, Any]) -> set[str]:
        """The task queues at which its repair had things done."""
        handle = self.world.client.get_workflow_handle(repair_workflow_id(found["id"]))
        return {
            event.activity_task_scheduled_event_attributes.task_queue.name
            for event in (await handle.fetch_history()).events
            if event.HasField("activity_task_scheduled_event_attributes")
        }

    def sold_behind_our_back(self) -> None:
        """Somebody adds a service at the CRM and tells billing nothing."""
        account = self.world.crm.accounts[ACCOUNT]
        self.world.crm.accounts[ACCOUNT] = dataclasses.replace(
            account, products=account.products | TECH_SUPPORT
        )
