"""What the API answers about the system itself: how vendors answer, and what people paused."""

from datetime import datetime

from domain.contracts_failures import View
from domain.errors import FailureCode
from domain.identifiers import System


class IntegrationHealthView(View):
    """How one system of record has been answering lately."""

    system: System
    reachable: bool | None
    last_success_at: datetime | None
    last_failure_at: datetime | None
    last_failure: str | None
    calls_last_hour: int
    error_rate: float | None
    rate_limited_until: datetime | None
    unknown_payloads: int
    backlog: int
    closed_until: datetime | None = None
    """Until when nobody calls it, by its own word or because it is away; then one call probes."""
    cause: FailureCode | None = None
    """Why it is closed, or is being opened gradually."""
    paused_by: str | None = None
    paused_reason: str | None = None


class PauseView(View):
    """A stop by a person. `scope`: `everything`, a system, a kind of change or the id of one."""

    scope: str
    actor: str
    reason: str
    at: datetime
