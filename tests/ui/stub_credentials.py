"""The credentials of the stub API; for staff, as the real one."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import FastAPI, Header, Request

from domain.contracts_credentials import CredentialCheckView, CredentialView, PreflightView
from domain.credential_messages import TrialOutcome
from domain.identifiers import VENDORS, System
from tests.ui import samples_credentials


def add_routes(app: FastAPI, staff: Callable[[Request], Any], asked: Callable[..., Any]) -> None:
    """`staff` is the world of a caller who reads everything; `asked` makes a request to keep."""

    @app.get("/v1/credentials")
    def credentials(request: Request) -> list[CredentialView]:
        me = staff(request).me
        if not staff(request).changes:
            return []
        return samples_credentials.board(me.role, me.principal)

    @app.post("/v1/credentials/preflight")
    def preflight(request: Request) -> PreflightView:
        staff(request)
        checks = [
            CredentialCheckView(
                system=system,
                outcome=TrialOutcome.REFUSED
                if system is System.TICKETING
                else TrialOutcome.ACCEPTED,
                sentence="Refused: HTTP 401"
                if system is System.TICKETING
                else "Accepted version 1.",
                version=1,
            )
            for system in VENDORS
        ]
        return PreflightView(checks=checks, refusing=[System.TICKETING])

    @app.post("/v1/credentials/{system}/stage")
    @app.post("/v1/credentials/{system}/versions/{version}/actions/{action}")
    def change(
        request: Request,
        system: System,
        body: dict[str, Any],
        idempotency_key: Annotated[str | None, Header()] = None,
    ) -> CredentialView:
        world = staff(request)
        world.asked.append(asked(request.url.path, idempotency_key, body))
        me = world.me
        found = samples_credentials.board(me.role, me.principal)
        return next(each for each in found if each.system is system)
