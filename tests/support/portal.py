"""Changes on the live stack, brought through the API to where a person has to do something."""

import asyncio
import json
import uuid
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

from domain.service_change import ChangeStatus
from http_client import AsyncClient, Response
from sandbox._base.accounts import bundled_accounts
from stack.batch.days import DayRule, RequestedDay
from stack.batch.documents import MEDIA_TYPE, DocumentType, document
from tests.support.live import LiveStack
from tests.support.polling import eventually

In = TypeVar("In")
Out = TypeVar("Out")

SIGNED: Final = document(DocumentType.PNG, "Signed request")
REVISED: Final = document(DocumentType.PNG, "Signed request, second version")
PATIENCE: Final = 240.0
"""Seconds, on a machine that does other things as well."""

ROUTE: Final = "/v1/service-changes"
_AT_ONCE: Final = 8

_accounts = iter(
    [
        account.account_id
        for account in reversed(list(bundled_accounts()))
        if account.lifecycle == "open"
        and not account.past_due
        and "dsl" in account.products
        and "tech_support" not in account.products
    ]
)


def fresh_account() -> str:
    """An account that owes nothing, could get technical support, and nobody was given before.

    From the end of the bundled file: the bundled batch begins at its beginning.
    """
    return next(_accounts)


def api(stack: LiveStack, role: str) -> AsyncClient:
    """The API as that role has it."""
    return AsyncClient(
        base_url=stack.api_url,
        headers={"Authorization": f"Bearer {stack.credentials[role]}"},
        trust_env=False,
        timeout=60,
    )


async def submit(stack: LiveStack, account_id: str, *, with_document: bool = True) -> str:
    """Hand a change in as the portal does; returns its id."""
    day = RequestedDay(rule=DayRule.OPEN, nth=20).on(account_id, datetime.now(UTC))
    wanted = {
        "account_id": account_id,
        "kind": "add_service",
        "requested_date": day.isoformat(),
        "details": {"service": "tech_support"},
    }
    async with api(stack, "portal") as caller:
        accepted = await caller.post(
            ROUTE,
            headers=_new_key(),
            files={
                "change": (None, json.dumps(wanted), "application/json"),
                **({"document": _upload(SIGNED)} if with_document else {}),
            },
        )
    assert accepted.status_code == 202, accepted.text
    return str(accepted.json()["id"])


async def read(stack: LiveStack, change_id: str) -> dict[str, Any]:
    """The change as support reads it."""
    async with api(stack, "support") as support:
        answer = await support.get(f"{ROUTE}/{change_id}")
    body: dict[str, Any] = answer.raise_for_status().json()
    return body


async def reaches(stack: LiveStack, change_id: str, wanted: ChangeStatus) -> dict[str, Any]:
    """Wait until the change has that status; the change."""
    return await eventually(
        lambda: read(stack, change_id), lambda seen: seen["status"] == wanted, within=PATIENCE
    )


async def all_reach(stack: LiveStack, ids: Sequence[str], wanted: ChangeStatus) -> None:
    """Wait until every one of them has that status."""
    await _gently(lambda change_id: reaches(stack, change_id, wanted), ids)


async def act(
    stack: LiveStack,
    change_id: str,
    action: str,
    *,
    role: str = "admin",
    **given: Any,  # noqa: ANN401 - what the action names
) -> Response:
    """Decide, as somebody who did not submit it."""
    async with api(stack, role) as caller:
        answer = await caller.post(
            f"{ROUTE}/{change_id}/actions/{action}",
            json={"reason": "As agreed."} | given,
            headers=_new_key(),
        )
    return answer.raise_for_status()


async def awaiting_approval(stack: LiveStack, account_id: str) -> str:
    """A change whose checks have passed."""
    change_id = await submit(stack, account_id)
    await reaches(stack, change_id, ChangeStatus.AWAITING_APPROVAL)
    return change_id


async def with_a_ticket(stack: LiveStack, account_id: str) -> tuple[str, str]:
    """A change that lacks its document, and the ticket that asks for it."""
    change_id = await submit(stack, account_id, with_document=False)
    change = await eventually(
        lambda: read(stack, change_id), lambda seen: bool(seen["tickets"]), within=PATIENCE
    )
    return change_id, str(change["tickets"][0]["reference"])


async def revised_after_the_end(stack: LiveStack, account_id: str) -> str:
    """An active change for which the portal has sent another version of its document."""
    change_id = await awaiting_approval(stack, account_id)
    await act(stack, change_id, "approve")
    await reaches(stack, change_id, ChangeStatus.ACTIVE)
    async with api(stack, "portal") as caller:
        answer = await caller.post(
            f"{ROUTE}/{change_id}/documents",
            headers=_new_key(),
            files={"document": _upload(REVISED)},
        )
    assert answer.status_code == 201, answer.text
    assert answer.json()["state"] == "pending_review", answer.text
    return change_id


async def reached_with_version(stack: LiveStack, change_id: str, version: int) -> None:
    """Wait until the change is active and an effect that stands names that document version."""

    def good(seen: dict[str, Any]) -> bool:
        standing = [each for each in seen["effects"] if each["status"] == "applied"]
        return seen["status"] == ChangeStatus.ACTIVE and any(
            each["document_version"] == version for each in standing
        )

    await eventually(lambda: read(stack, change_id), good, within=PATIENCE)


async def parked_at_the_crm(stack: LiveStack, accounts: Sequence[str]) -> list[str]:
    """Changes whose billing and visit stand; the CRM answered who ordered with a web page."""
    ids = await _gently(lambda account_id: awaiting_approval(stack, account_id), accounts)
    fault = {"kind": "html", "method": "POST", "path_prefix": "/orders", "calls": 10_000}
    with stack.faulty("crm", **fault):
        await _gently(lambda change_id: act(stack, change_id, "approve"), ids)
        await all_reach(stack, ids, ChangeStatus.NEEDS_ATTENTION)
    return ids


async def _gently(do: Callable[[In], Awaitable[Out]], each: Sequence[In]) -> list[Out]:
    """Do it with each, so many at once; what came of each in their order."""
    room = asyncio.Semaphore(_AT_ONCE)

    async def one(item: In) -> Out:
        async with room:
            return await do(item)

    return list(await asyncio.gather(*map(one, each)))


def _upload(body: bytes) -> tuple[str, bytes, str]:
    return ("request.png", body, MEDIA_TYPE[DocumentType.PNG])


def _new_key() -> dict[str, str]:
    return {"Idempotency-Key": uuid.uuid4().hex}
