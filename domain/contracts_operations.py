"""What the API answers about the system itself: how vendors answer, and what people paused."""

from datetime import datetime

from pydantic import Field

from domain.contracts_failures import View
from domain.contracts_health import HealthBucketView
from domain.errors import FailureCode
from domain.health import HealthState
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
    state: HealthState = HealthState.UNKNOWN
    sentence: str = ""
    """Why it is in that state."""
    next_action: str | None = None
    p95_seconds: float | None = None
    """What all but the slowest twentieth of the tries of the last hour took at most."""
    opening: bool = False
    """A probe went well, and others are let through gradually."""
    last_event_at: datetime | None = None
    usual_events: float | None = None
    """Events that came on average in the hours since then on the days before."""
    credential: str = ""
    """What is known of our credential there, in a sentence."""
    history: list[HealthBucketView] = Field(default_factory=list)
    """Its calls over time, where that was asked for; the oldest stretch first."""


class PauseView(View):
    """A stop by a person. `scope`: `everything`, a system, a kind of change or the id of one.

    `may_resume`: whether the caller may end it.
    """

    scope: str
    actor: str
    reason: str
    at: datetime
    may_resume: bool = False
