"""The embedded Temporal engine and Temporal Web: their configuration and command lines.

What differs from the server's own SQLite template is said with its reason; figures were taken
on two cores with a workflow of four activities.
"""

from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import yaml

from stack.build import Binaries
from stack.paths import ENGINE_SOURCE
from stack.ports import LOOPBACK

DYNAMIC_CONFIG = ENGINE_SOURCE / "dynamic.yaml"
HISTORY_SHARDS = 16
"""Fixed for the life of the SQLite file. One shard, the dev server's choice, costs 50 ms a hop."""


@dataclass(frozen=True)
class EnginePorts:
    """Every port the engine listens on, all on the loopback address."""

    frontend: int
    metrics: int
    frontend_http: int
    frontend_membership: int
    history: int
    history_membership: int
    matching: int
    matching_membership: int
    worker: int
    worker_membership: int

    INTERNAL = 8  # all but frontend and metrics

    @classmethod
    def consecutive(cls, frontend: int, metrics: int, first_internal: int) -> "EnginePorts":
        """The internal ones in a row from `first_internal`."""
        return cls(frontend, metrics, *range(first_internal, first_internal + cls.INTERNAL))

    @property
    def internal(self) -> list[int]:
        """The ports only the engine itself uses."""
        return [port for port in astuple(self) if port not in {self.frontend, self.metrics}]


def server_config(folder: Path, ports: EnginePorts) -> dict[str, Any]:
    """The server's configuration file as data."""
    store = {
        "sql": {
            "pluginName": "sqlite",
            "databaseName": str(folder / "temporal.db"),
            "connectAddr": "localhost",
            "connectProtocol": "tcp",
            "connectAttributes": {
                "mode": "rwc",
                "setup": "true",
                "journal_mode": "WAL",
                "synchronous": "NORMAL",
            },
            "maxConns": 1,
            "maxIdleConns": 1,
            "maxConnLifetime": "1h",
        }
    }
    services = {
        name: {
            "rpc": {
                "grpcPort": getattr(ports, name),
                "membershipPort": getattr(ports, f"{name}_membership"),
                "bindOnIP": LOOPBACK,
            }
        }
        for name in ("frontend", "history", "matching", "worker")
    }
    services["frontend"]["rpc"]["httpPort"] = ports.frontend_http
    return {
        "log": {"stdout": True, "level": "warn", "format": "json"},
        "persistence": {
            "defaultStore": "default",
            "visibilityStore": "visibility",
            "numHistoryShards": HISTORY_SHARDS,
            "datastores": {"default": store, "visibility": store},
        },
        "global": {
            "membership": {"maxJoinDuration": "30s", "broadcastAddress": LOOPBACK},
            "metrics": {
                "prometheus": {
                    "framework": "tally",
                    "timerType": "histogram",
                    "listenAddress": f"{LOOPBACK}:{ports.metrics}",
                }
            },
        },
        "services": services,
        "clusterMetadata": {
            "enableGlobalNamespace": False,
            "failoverVersionIncrement": 10,
            "masterClusterName": "active",
            "currentClusterName": "active",
            "clusterInformation": {
                "active": {
                    "enabled": True,
                    "initialFailoverVersion": 1,
                    "rpcName": "frontend",
                    "rpcAddress": f"{LOOPBACK}:{ports.frontend}",
                    "httpAddress": f"{LOOPBACK}:{ports.frontend_http}",
                }
            },
        },
        "dcRedirectionPolicy": {"policy": "noop"},
        "dynamicConfigClient": {
            "filepath": str(folder / "dynamic.yaml"),
            "pollInterval": "10s",
        },
    }


def dynamic_config(*, time_skipping: bool) -> dict[str, Any]:
    """The switches the server reads while it runs; time can be skipped only where asked for."""
    switches: dict[str, Any] = yaml.safe_load(DYNAMIC_CONFIG.read_text(encoding="utf-8"))
    if time_skipping:
        switches["frontend.WorkflowTimeSkippingEnabled"] = [{"value": True}]
    return switches


def web_config(target: str, namespace: str, port: int) -> dict[str, Any]:
    """Temporal Web's configuration file as data."""
    return {
        "temporalGrpcAddress": target,
        "host": LOOPBACK,
        "port": port,
        "enableUi": True,
        "defaultNamespace": namespace,
        "disableNewsFetch": True,  # nothing here calls outside
    }


def write_server_config(folder: Path, ports: EnginePorts, *, time_skipping: bool) -> Path:
    """Writes the engine's files; returns the one to start it with. Safe to repeat."""
    folder.mkdir(parents=True, exist_ok=True)
    dynamic = yaml.safe_dump(dynamic_config(time_skipping=time_skipping))
    (folder / "dynamic.yaml").write_text(dynamic, encoding="utf-8")
    config = folder / "server.yaml"
    config.write_text(yaml.safe_dump(server_config(folder, ports)), encoding="utf-8")
    return config


def write_web_config(folder: Path, target: str, namespace: str, port: int) -> Path:
    """Writes Temporal Web's file; returns its folder, which is what the program wants."""
    folder.mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump(web_config(target, namespace, port))
    (folder / "base.yaml").write_text(text, encoding="utf-8")
    return folder


def server_command(binaries: Binaries, config: Path) -> list[str]:
    """The engine's command line."""
    return [str(binaries.server), "--config-file", str(config), "--allow-no-auth", "start"]


def web_command(binaries: Binaries, folder: Path) -> list[str]:
    """Temporal Web's command line; it takes its configuration folder relative to a root."""
    root = ["--root", str(folder.parent), "--config", folder.name]
    return [str(binaries.ui_server), *root, "--env", "base", "start"]
