"""The dead-letter desk under test: changes that stand still for one cause, and their replays."""

import itertools
from contextlib import AbstractContextManager
from typing import Any

from sqlalchemy import select

from adapters.postgres.tables_desk import DeadLetterRow
from domain.errors import CredentialError
from domain.identifiers import System
from http_client import Response
from tests.support.api import PNG, new_key
from tests.support.office import Office
from tests.support.polling import eventually

ROUTE = "/v1/dead-letters/replays"
CREDENTIAL: dict[str, Any] = {"filter": {"code": "credential"}}


class Desk:
    """An operator's means to retry many at once."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self._numbers = itertools.count(1)

    def refused(self) -> AbstractContextManager[None]:
        """The CRM does not accept our credential, for the length of the block."""
        error = CredentialError(System.CRM, "401")
        return self.office.world.crm.failures.lasting("read_account", error)

    async def parked(self, count: int) -> list[str]:
        """Changes that stand still at one check for one cause, in the order they were parked."""
        made = set()
        for _ in range(count):
            address = {
                "line1": f"{next(self._numbers)} Main Street",
                "line2": "",
                "city": "Springfield",
                "postal_code": "12345",
                "country": "US",
            }
            wish = {"kind": "change_billing_address", "details": {"billing_address": address}}
            made.add((await self.office.api.accepted(wish, document=PNG))["id"])

        async def standing() -> list[str]:
            await self.office.relay.dispatch()
            statement = (
                select(DeadLetterRow.change_id)
                .where(DeadLetterRow.change_id.in_(made), DeadLetterRow.closed_at.is_(None))
                .order_by(DeadLetterRow.opened_at, DeadLetterRow.id)
            )
            async with self.office.api.parts.sessions() as session:
                return list(await session.scalars(statement))

        with self.refused():
            return await eventually(standing, lambda seen: len(seen) == count, within=100)

    async def ask(
        self,
        *,
        caller: str = "operator",
        headers: dict[str, str] | None = None,
        **body: Any,  # noqa: ANN401 - right or wrong
    ) -> Response:
        """Ask for a replay."""
        wanted = CREDENTIAL | {"reason": "The credential was renewed."} | body
        return await self.office.api.client(caller).post(
            ROUTE, json=wanted, headers=headers or new_key()
        )

    async def replay(self, **body: Any) -> dict[str, Any]:  # noqa: ANN401 - as for asking
        """A replay that is accepted; the relay has not heard of it yet."""
        answer = await self.ask(**body)
        assert answer.status_code == 202, answer.text
        return dict(answer.json())

    async def read(self, replay: dict[str, Any]) -> dict[str, Any]:
        """It, as it is now, with every item."""
        answer = await self.office.api.operator.get(
            f"{ROUTE}/{replay['id']}", params={"limit": 200}
        )
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def steer(
        self,
        replay: dict[str, Any],
        action: str,
        *,
        caller: str = "operator",
        headers: dict[str, str] | None = None,
    ) -> Response:
        """Suspend, resume or cancel it."""
        return await self.office.api.client(caller).post(
            f"{ROUTE}/{replay['id']}/actions/{action}",
            json={"reason": "As agreed."},
            headers=headers or new_key(),
        )

    async def finished(self, replay: dict[str, Any]) -> dict[str, Any]:
        """It, once nothing more is retried and all has come to a verdict."""

        async def look() -> dict[str, Any]:
            await self.office.relay.dispatch()
            return await self.read(replay)

        return await eventually(look, lambda seen: seen["finished_at"] is not None, within=100)

    async def retries(self, change_id: str) -> list[dict[str, Any]]:
        """Who had the change retried, from the audit trail."""
        answer = await self.office.api.operator.get(
            "/v1/audit", params={"change_id": change_id, "action": "retry"}
        )
        return [dict(entry) for entry in answer.json()["items"]]


def states(replay: dict[str, Any]) -> list[str]:
    """What became of each item, in order."""
    return [item["state"] for item in replay["items"]]


def counts(replay: dict[str, Any]) -> dict[str, int]:
    """Items by state, without the states no item is in."""
    return {state: count for state, count in replay["counts"].items() if count}
