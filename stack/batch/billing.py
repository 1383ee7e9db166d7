"""The billing sandbox as the customers use it (they pay), and as its price is read afterwards."""

from typing import Any

from http_client import AsyncClient, Response
from stack.api_caller import send_patiently
from stack.errors import StackError


class BillingSandbox:
    """Billing's own API. Raises StackError when it refuses or does not answer."""

    def __init__(self, http: AsyncClient, api_key: str, *, patience: float) -> None:
        self._http = http
        self._headers = {"Authorization": f"Bearer {api_key}"}
        self._patience = patience

    async def pay_what_is_overdue(self, account_id: str, idempotency_key: str) -> None:
        """The customer pays every open invoice in full, the usual way. Once per key."""
        account = await self._account(account_id)
        due = sum(invoice["due_minor"] for invoice in account["open_invoices"])
        if not due:
            return
        await self._send(
            "POST",
            f"/v1/accounts/{account_id}/payments",
            {"Idempotency-Key": idempotency_key},
            json={"amount_minor": due, "method": account["payment_method"]},
        )

    async def monthly_minor(self, account_id: str) -> int:
        """What the account is charged per month now, US cents."""
        charge: int = (await self._account(account_id))["recurring_amount_minor"]
        return charge

    async def _account(self, account_id: str) -> dict[str, Any]:
        account: dict[str, Any] = (await self._send("GET", f"/v1/accounts/{account_id}", {})).json()
        return account

    async def _send(
        self,
        method: str,
        path: str,
        headers: dict[str, str],
        **parts: Any,  # noqa: ANN401 - handed through to the client
    ) -> Response:
        headers = {**self._headers, **headers}
        answer = await send_patiently(
            self._http, method, path, patience=self._patience, headers=headers, **parts
        )
        if not answer.is_success:
            raise StackError(f"Billing answered {answer.status_code} to {method} {path}.")
        return answer
