"""The one reader of the environment. Imported only where things are wired, never by rules."""

from datetime import time, timedelta
from functools import partial
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import Field, PositiveFloat, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from domain.identifiers import System
from domain.morning_report import ReportTime
from domain.reconciliation_messages import SHARE, VENDOR_RATE
from domain.replay_messages import RETRIES_PER_SECOND
from domain.service_change import READS_EVERYTHING, Role

CHECKOUT = Path(__file__).resolve().parent


def _on_this_machine(port: str, fields: dict[str, Any]) -> str:
    """The sandbox vendor's address: it follows the port, so moving one moves both."""
    return f"http://127.0.0.1:{fields.get(port)}"


class Settings(BaseSettings):
    """Everything that differs between machines. `.env` is read; the environment wins.

    The defaults describe the stack that `./throughline up` runs on this machine. Secrets have no
    default: `up` generates them once into `.throughline/secrets.env` and passes them to its
    children, so a deployment without them fails at start with the name of what is missing.
    """

    model_config = SettingsConfigDict(
        env_prefix="THROUGHLINE_",
        env_file=CHECKOUT / ".env",
        env_ignore_empty=True,  # a copied `.env.example` holds `NAME=`, which means "not set"
        extra="ignore",
        frozen=True,
    )

    state_dir: Path = CHECKOUT / ".throughline"

    database_url: str = ""
    """`postgresql://…`; empty means the embedded server under `state_dir`."""
    database_pool_size: int = 10
    postgres_password: SecretStr = SecretStr("")
    """Of the embedded server's role `throughline`; an own `database_url` carries its own."""

    keyring: SecretStr = SecretStr("")
    """Fernet keys, separated by commas, that vendors' secrets are sealed with; the first one seals,
    every one opens. A key is replaced by putting the new one in front; the old one goes after the
    next start."""

    temporal_address: str = ""
    """`host:port`; empty means the embedded engine on `temporal_port`."""
    temporal_namespace: str = "throughline"
    temporal_task_queue: str = "throughline"
    temporal_web_url: str = ""
    """Base URL people open; empty means the embedded Web UI on `temporal_web_port`."""

    document_store: str = ""
    """`file:///…` or `s3://bucket/prefix`; empty means a folder under `state_dir`."""
    document_max_bytes: int = 20 * 1024 * 1024

    api_url: str = ""
    """Where the console and the command line find the API; empty means `api_port` here."""
    console_url: str = ""

    postgres_port: int = 5433
    temporal_port: int = 7233
    temporal_web_port: int = 8233
    temporal_internal_port: int = 7240
    """First of eight consecutive ports over which the embedded engine's services talk."""
    temporal_metrics_port: int = 9466
    api_host: str = "127.0.0.1"
    """The address the API listens on; a container sets `0.0.0.0`."""
    api_port: int = 8000
    console_host: str = "127.0.0.1"
    """The address the console listens on; a container sets `0.0.0.0`."""
    console_port: int = 8501
    crm_port: int = 8101
    billing_port: int = 8102
    scheduling_port: int = 8103
    ticketing_port: int = 8104
    worker_metrics_port: int = 9464
    relay_metrics_port: int = 9465

    crm_base_url: str = Field(default_factory=partial(_on_this_machine, "crm_port"))
    crm_client_id: str = "throughline"
    crm_client_secret: SecretStr = SecretStr("")
    billing_base_url: str = Field(default_factory=partial(_on_this_machine, "billing_port"))
    billing_api_key: SecretStr = SecretStr("")
    scheduling_base_url: str = Field(default_factory=partial(_on_this_machine, "scheduling_port"))
    scheduling_username: str = "throughline"
    scheduling_password: SecretStr = SecretStr("")
    ticketing_base_url: str = Field(default_factory=partial(_on_this_machine, "ticketing_port"))
    ticketing_token: SecretStr = SecretStr("")

    billing_webhook_secret: SecretStr = SecretStr("")
    ticketing_webhook_secret: SecretStr = SecretStr("")
    """Standard Webhooks secrets (`whsec_…`) the vendors sign their events with."""
    billing_webhook_secret_previous: SecretStr | None = None
    ticketing_webhook_secret_previous: SecretStr | None = None
    """The secrets before those, still good while a vendor changes over; then taken away."""

    oidc_issuer: str = ""
    """The OpenID provider people sign in with; empty means the embedded one on `oidc_port`."""
    oidc_port: int = 9400
    oidc_client_id: str = "throughline"
    oidc_client_secret: SecretStr = SecretStr("")
    oidc_name_claim: str = "preferred_username"
    """Names a person in every record; `sub` where the provider does not send it."""
    oidc_role_claim: str = "roles"
    oidc_roles: dict[str, Role] = Field(
        default_factory=lambda: {str(role): role for role in sorted(READS_EVERYTHING)}
    )
    """What the provider calls a role or group -> our role, as JSON: `{"noc-staff": "support"}`."""
    console_cookie_secret: SecretStr = SecretStr("")
    """Signs the cookie that keeps a person signed in to the console."""

    operations_mail_to: str = ""
    report_mail_to: str = ""
    """Who gets the morning report; empty means `operations_mail_to`."""
    operations_mail_from: str = "throughline@localhost"
    smtp_host: str = ""
    smtp_port: int = 25
    operations_webhook_url: str = ""
    operations_webhook_secret: SecretStr = SecretStr("")

    incomplete_expires_after: timedelta = timedelta(days=14)
    approval_expires_after: timedelta = timedelta(days=7)
    approval_reminder_every: timedelta = timedelta(hours=24)
    step_limit: timedelta = timedelta(hours=2)
    """How long one step at one vendor is tried before a person is asked."""
    worker_concurrency: int = 50
    """Activities about our own record at a time."""
    steps_per_second: dict[System, PositiveFloat] = Field(default_factory=dict)
    """How many steps all workers together begin at a vendor in a second, as JSON: `{"crm": 20}`.
    A vendor that is not named sets the pace itself, by `Retry-After`."""
    sweep_every: timedelta = timedelta(seconds=20)
    alert_every: timedelta = timedelta(seconds=15)
    """How often everything that alerts are about is measured."""
    unstarted_after: timedelta = Field(default=timedelta(seconds=30))
    """How long an accepted change may be without a workflow before the sweeper steps in."""

    replay_retries_per_second: PositiveFloat = RETRIES_PER_SECOND
    """How many dead letters a replay retries in a second."""
    replay_pace: dict[System, PositiveFloat] = Field(default_factory=dict)
    """The same for a system that takes more or less, as JSON: `{"crm": 1.0}`."""

    vendor_requests_per_second: PositiveFloat = VENDOR_RATE
    """Requests a second that a vendor grants to all of ours."""
    vendor_rates: dict[System, PositiveFloat] = Field(default_factory=dict)
    """The same for a system that grants more or less, as JSON: `{"crm": 5.0}`."""
    reconcile_share: Annotated[float, Field(gt=0, le=1)] = SHARE
    """The part of a vendor's rate that reconciliation takes at most."""
    reconcile_hour: Annotated[int, Field(ge=0, le=23)] = 2
    """The hour of the day, in UTC, at which all systems are compared."""

    report_time: time = time(6)
    """When the business begins its day: the morning report tells how things stood then."""
    report_zone: ZoneInfo = ZoneInfo("UTC")

    event_poll_every: timedelta = timedelta(seconds=60)
    """How often vendors are asked for events that may have been lost on their way."""
    event_due_after: timedelta = timedelta(seconds=30)
    """How old an event must be to count as lost rather than on its way."""

    payload_retention: timedelta = timedelta(days=90)
    """How long what was said to vendors and by them is kept once its change has ended."""
    payload_expiry_every: timedelta = timedelta(hours=1)
    """How often it is looked for what is older."""

    log_level: str = "INFO"
    otlp_endpoint: str = ""
    """Base URL of an OTLP/HTTP collector traces are sent to; empty means no traces."""

    def webhook_secrets(self, vendor: str) -> list[str]:
        """The secrets a vendor's events may be signed with now; empty if it sends none here."""
        fields = (f"{vendor}_webhook_secret", f"{vendor}_webhook_secret_previous")
        found: list[SecretStr | None] = [getattr(self, field) for field in fields]
        return [value for secret in found if secret and (value := secret.get_secret_value())]

    crash_points: Path | None = None
    """A folder in which tests arm places to die at, see `crash_points.py`; unset means none."""

    @field_validator("report_time")
    @classmethod
    def _at_a_quarter(cls, at: time) -> time:
        """Jobs are on record by quarters of an hour."""
        if at.replace(minute=at.minute % 15) != time(at.hour) or at.tzinfo is not None:
            raise ValueError("has to be at a quarter of an hour, without a zone, such as 06:15")
        return at

    @property
    def report_when(self) -> ReportTime:
        """The cut of the morning report."""
        return ReportTime(self.report_time, str(self.report_zone))

    @property
    def api_base_url(self) -> str:
        """Where callers on this machine reach the API."""
        return self.api_url or f"http://127.0.0.1:{self.api_port}"

    @property
    def console_base_url(self) -> str:
        """Where people open the console."""
        return self.console_url or f"http://127.0.0.1:{self.console_port}"

    @property
    def console_callback_url(self) -> str:
        """Where a sign-in leads back to, on the console's own path for it."""
        return f"{self.console_base_url}/oauth2callback"

    @property
    def oidc_issuer_url(self) -> str:
        """The issuer as it stands in its tokens."""
        return self.oidc_issuer or f"http://127.0.0.1:{self.oidc_port}"

    @property
    def temporal_target(self) -> str:
        """`host:port` of the engine in use."""
        return self.temporal_address or f"127.0.0.1:{self.temporal_port}"

    @property
    def temporal_web_base_url(self) -> str:
        """Where people open the engine's own pages."""
        return self.temporal_web_url or f"http://127.0.0.1:{self.temporal_web_port}"

    @property
    def document_store_url(self) -> str:
        """The store in use, as a URL `obstore` understands."""
        return self.document_store or (self.state_dir / "documents").resolve().as_uri()
