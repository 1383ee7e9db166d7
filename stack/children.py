"""The children of the one-machine stack as a table built from settings. Starts nothing."""

import os
import sys
from typing import Final

from domain.service_change import Role
from settings import Settings
from stack import postgres, temporal
from stack.build import Binaries
from stack.description import Child, StackDescription
from stack.paths import StatePaths
from stack.ports import LOOPBACK
from stack.secret_files import CONSOLE_SECRETS, PREFIX, is_sandbox, secret_values, variable
from stack.temporal import EnginePorts

SERVERS, APPLICATION, CONSOLE, WATCHER = range(4)
"""Stages. Between the first two: migrations, API keys, the engine's namespace."""

VENDORS: dict[str, tuple[str, dict[str, str]]] = {
    "crm": (
        "CRM sandbox",
        {
            "SANDBOX_CRM_CLIENT_ID": "crm_client_id",
            "SANDBOX_CRM_CLIENT_SECRET": "crm_client_secret",
        },
    ),
    "billing": (
        "Billing sandbox",
        {
            "SANDBOX_BILLING_API_KEY": "billing_api_key",
            "SANDBOX_BILLING_WEBHOOK_SECRET": "billing_webhook_secret",
        },
    ),
    "scheduling": (
        "Scheduling sandbox",
        {
            "SANDBOX_SCHEDULING_USERNAME": "scheduling_username",
            "SANDBOX_SCHEDULING_PASSWORD": "scheduling_password",
        },
    ),
    "ticketing": (
        "Ticketing sandbox",
        {
            "SANDBOX_TICKETING_TOKEN": "ticketing_token",
            "SANDBOX_TICKETING_WEBHOOK_SECRET": "ticketing_webhook_secret",
        },
    ),
}
"""Vendor -> its title and its variables, each with the settings field that holds the value."""


def python(*words: str) -> tuple[str, ...]:
    """A command line of this environment's Python."""
    return (sys.executable, "-m", *words)


def cluster(settings: Settings) -> postgres.Cluster:
    """The embedded database server these settings describe."""
    return postgres.Cluster(
        StatePaths(settings.state_dir).postgres,
        port=settings.postgres_port,
        password=settings.postgres_password.get_secret_value(),
    )


def database_url(settings: Settings) -> str:
    """The database in use: the configured one, else the embedded one."""
    return settings.database_url or cluster(settings).url()


def application_env(settings: Settings) -> dict[str, str]:
    """What migrations, relay, worker and API are given: all of ours, secrets included."""
    inherited = {name: value for name, value in os.environ.items() if name.startswith(PREFIX)}
    return (
        inherited
        | {
            name: value
            for name, value in secret_values(settings).items()
            if name not in map(variable, CONSOLE_SECRETS)
        }
        | {
            variable("database_url"): database_url(settings),
            variable("state_dir"): str(settings.state_dir),
        }
    )


def console_env(settings: Settings) -> dict[str, str]:
    """What the console is given: addresses and the sign-in. No right of its own, no database."""
    return {
        variable("console_host"): LOOPBACK,
        variable("console_port"): str(settings.console_port),
        variable("console_url"): settings.console_url,
        variable("console_cookie_secret"): settings.console_cookie_secret.get_secret_value(),
        variable("oidc_issuer"): settings.oidc_issuer,
        variable("oidc_port"): str(settings.oidc_port),
        variable("oidc_client_id"): settings.oidc_client_id,
        variable("oidc_client_secret"): settings.oidc_client_secret.get_secret_value(),
        variable("api_url"): settings.api_base_url,
        variable("state_dir"): str(settings.state_dir),
        variable("temporal_web_url"): settings.temporal_web_base_url,
        variable("temporal_namespace"): settings.temporal_namespace,
    }


def identity_env(settings: Settings) -> dict[str, str]:
    """What the embedded sign-in is given: who may ask it, and how its claims are named."""
    return {
        variable("oidc_port"): str(settings.oidc_port),
        variable("oidc_client_id"): settings.oidc_client_id,
        variable("oidc_client_secret"): settings.oidc_client_secret.get_secret_value(),
        variable("oidc_name_claim"): settings.oidc_name_claim,
        variable("oidc_role_claim"): settings.oidc_role_claim,
        variable("console_port"): str(settings.console_port),
        variable("console_url"): settings.console_url,
    }


def describe(settings: Settings, binaries: Binaries | None) -> StackDescription:
    """The whole stack in starting order; `binaries` is None when the engine runs elsewhere.

    Embedded servers replaced by a setting are left out, and so are vendors that are not the
    sandbox.
    """
    children = [
        *([] if settings.database_url else [postgres_child(settings)]),
        *(engine_children(settings, binaries) if binaries else []),
        *(vendor_child(settings, vendor) for vendor in VENDORS if is_sandbox(settings, vendor)),
        *([] if settings.oidc_issuer else [identity_child(settings)]),
        *application_children(settings),
        console_child(settings),
        watcher_child(settings),
    ]
    return StackDescription(children=tuple(children))


def postgres_child(settings: Settings) -> Child:
    """The embedded database server."""
    url = cluster(settings).url()
    return Child(
        name="postgres",
        title="PostgreSQL",
        stage=SERVERS,
        command=tuple(postgres.command(cluster(settings))),
        ports=(("THROUGHLINE_POSTGRES_PORT", settings.postgres_port),),
        address=f"{LOOPBACK}:{settings.postgres_port}",
        ready_url=url,
        alive_url=url,
        stop_signal="INT",  # ends sessions and stops cleanly
        last_signal="QUIT",  # stops at once and takes its own children along
        user=postgres.system_user(),
    )


def engine_ports(settings: Settings) -> EnginePorts:
    """The embedded engine's ports."""
    return EnginePorts.consecutive(
        settings.temporal_port, settings.temporal_metrics_port, settings.temporal_internal_port
    )


def engine_children(settings: Settings, binaries: Binaries) -> list[Child]:
    """The embedded engine and its own pages; writes their configuration files."""
    folder = StatePaths(settings.state_dir).temporal
    ports = engine_ports(settings)
    server = temporal.write_server_config(folder, ports, time_skipping=False)
    web = temporal.write_web_config(
        folder / "web",
        settings.temporal_target,
        settings.temporal_namespace,
        settings.temporal_web_port,
    )
    health = f"http://{LOOPBACK}:{ports.frontend_http}/api/v1/system-info"
    return [
        Child(
            name="temporal",
            title="Temporal",
            stage=SERVERS,
            command=tuple(temporal.server_command(binaries, server)),
            ports=(
                ("THROUGHLINE_TEMPORAL_PORT", ports.frontend),
                ("THROUGHLINE_TEMPORAL_METRICS_PORT", ports.metrics),
                *(("THROUGHLINE_TEMPORAL_INTERNAL_PORT", port) for port in ports.internal),
            ),
            address=settings.temporal_target,
            ready_url=health,
            alive_url=health,
        ),
        http_child(
            "temporal-web",
            "Temporal Web",
            stage=SERVERS,
            command=tuple(temporal.web_command(binaries, web)),
            port=("THROUGHLINE_TEMPORAL_WEB_PORT", settings.temporal_web_port),
            ready="/healthz",
        ),
    ]


def vendor_child(settings: Settings, vendor: str) -> Child:
    """One sandbox vendor, with its own secrets and nobody else's."""
    title, variables = VENDORS[vendor]
    port: int = getattr(settings, f"{vendor}_port")
    values = {name: getattr(settings, field) for name, field in variables.items()}
    return http_child(
        vendor,
        title,
        stage=SERVERS,
        command=python(
            "sandbox",
            vendor,
            *("--port", str(port)),
            *("--state-dir", str(StatePaths(settings.state_dir).vendors / vendor)),
            *("--webhook-url", f"{settings.api_base_url}/v1/webhooks/{vendor}"),
        ),
        port=(variable(f"{vendor}_port"), port),
        ready="/_control/health",
        env={
            name: value if isinstance(value, str) else value.get_secret_value()
            for name, value in values.items()
        },
    )


PEOPLE: Final = {
    "support": Role.SUPPORT,
    "operator": Role.OPERATOR,
    "second_operator": Role.OPERATOR,
    "admin": Role.ADMIN,
    "second_admin": Role.ADMIN,
}
"""Whom the embedded sign-in knows. The names are those of the keys: one person, one name."""


def identity_child(settings: Settings) -> Child:
    """The embedded OpenID provider, which the console alone may use."""
    return http_child(
        "identity",
        "Sign-in service",
        stage=SERVERS,
        command=python("stack.sign_in"),
        env=identity_env(settings),
        port=("THROUGHLINE_OIDC_PORT", settings.oidc_port),
        ready="/.well-known/openid-configuration",
    )


def application_children(settings: Settings) -> list[Child]:
    """Relay, worker and API."""
    env = application_env(settings)
    relay_port = ("THROUGHLINE_RELAY_METRICS_PORT", settings.relay_metrics_port)
    worker_port = ("THROUGHLINE_WORKER_METRICS_PORT", settings.worker_metrics_port)
    return [
        http_child(
            "relay",
            "Relay",
            stage=APPLICATION,
            command=python("worker.relay"),
            port=relay_port,
            ready="/health",
            env=env,
            stop_seconds=20,
        ),
        http_child(
            "worker",
            "Worker",
            stage=APPLICATION,
            command=python("worker.main"),
            port=worker_port,
            ready="/health",
            env=env,
            stop_seconds=30,  # activities in progress may end
        ),
        http_child(
            "api",
            "API",
            stage=APPLICATION,
            command=python("api"),
            port=("THROUGHLINE_API_PORT", settings.api_port),
            ready="/health/ready",
            alive="/health/live",
            env=env,
            stop_seconds=20,
        ),
    ]


def console_child(settings: Settings) -> Child:
    """The support console."""
    return http_child(
        "console",
        "Support console",
        stage=CONSOLE,
        command=python("support_ui"),
        port=("THROUGHLINE_CONSOLE_PORT", settings.console_port),
        ready="/_stcore/health",
        env=console_env(settings),
    )


def watcher_child(settings: Settings) -> Child:
    """The watcher of all others; supervisord alone watches it."""
    return Child(
        name="watcher",
        title="Watcher",
        stage=WATCHER,
        command=python("stack.watcher"),
        env={variable("state_dir"): str(settings.state_dir)},
    )


def http_child(
    name: str,
    title: str,
    *,
    stage: int,
    command: tuple[str, ...],
    port: tuple[str, int],
    ready: str,
    alive: str | None = None,
    env: dict[str, str] | None = None,
    stop_seconds: int = 10,
) -> Child:
    """A child that answers HTTP on one port; `alive` defaults to the `ready` path."""
    base = f"http://{LOOPBACK}:{port[1]}"
    return Child(
        name=name,
        title=title,
        stage=stage,
        command=command,
        env=env or {},
        ports=(port,),
        address=base,
        ready_url=base + ready,
        alive_url=base + (alive or ready),
        stop_seconds=stop_seconds,
    )
