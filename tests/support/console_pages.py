"""Every page of the console by name, with addresses that show something on a used stack."""

from collections.abc import Mapping

from http_client import AsyncClient
from tests.support.live import LiveStack
from tests.support.portal import api


async def console_pages(stack: LiveStack) -> Mapping[str, str]:
    """Name -> address, the landing page first."""
    async with api(stack, "support") as support:
        active = await _first(support, status="active")
        parked = await _first(support, status="needs_attention")
        causes = (await support.get("/v1/dead-letters")).raise_for_status().json()["items"]
    cause = f"?cause={causes[0]['fingerprint']}" if causes else ""
    one = parked or active
    return {
        "Today": "/",
        "Approvals": "/approvals",
        "Second approvals": "/approvals?tab=Waiting+for+a+second+person",
        "Dead letters": f"/dead-letters{cause}",
        "Find": "/find",
        "Find by account": f"/find?q={active['account_id']}" if active else "/find",
        "Change": f"/change?id={active['id']}" if active else "/change",
        "Change that stands still": f"/change?id={one['id']}" if one else "/change",
        "Attempts": f"/change?id={one['id']}&tab=Attempts" if one else "/change",
        "Payloads": f"/change?id={one['id']}&tab=Payloads" if one else "/change",
        "Report": "/report",
        "Disagreements": "/disagreements",
        "Drift": "/drift",
        "Credentials": "/credentials",
        "Alerts": "/alerts",
        "Messages received": "/messages",
        "Messages sent": "/messages?tab=Sent",
        "Health": "/health",
        "Audit": "/audit",
        "Ownership": "/ownership",
    }


async def _first(caller: AsyncClient, status: str) -> dict[str, str] | None:
    answer = await caller.get("/v1/service-changes", params={"status": status, "limit": "1"})
    items: list[dict[str, str]] = answer.raise_for_status().json()["items"]
    return items[0] if items else None
