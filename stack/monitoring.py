"""What Prometheus and Grafana are given: written from the one table of alert rules."""

import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import yaml

from domain.alerts import (
    FIRING_METRIC,
    QUIET,
    RULES,
    THRESHOLD_METRIC,
    AlertRule,
    Severity,
    Unit,
    spoken,
)

RULES_FILE: Final = Path("prometheus/alerts.yml")
DASHBOARD_FILE: Final = Path("grafana/throughline.json")
_HEAD: Final = "# Written by `./throughline alert-rules` from domain/alerts.py; do not edit.\n"
_SOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}
_PER_ROW: Final = 3
_WIDTH, _HEIGHT, _STATS_HEIGHT = 8, 8, 5


def write_ops(folder: Path) -> list[Path]:
    """Write both files under a folder; where they are."""
    written = []
    for name, text in ((RULES_FILE, prometheus_rules()), (DASHBOARD_FILE, dashboard())):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        written.append(path)
    return written


def alert_name(rule: AlertRule) -> str:
    """A rule as Prometheus calls it."""
    return "Throughline" + "".join(word.capitalize() for word in rule.name.split("_"))


def threshold_of(rule: AlertRule) -> str:
    """The threshold in force, as an expression."""
    return f'scalar(max({THRESHOLD_METRIC}{{rule="{rule.name}"}}))'


def prometheus_rules() -> str:
    """Alert rules as YAML: each reading against the threshold in force."""
    rules = [_rule(rule) for rule in RULES]
    rules.append(
        {
            "alert": "ThroughlineNobodyMeasures",
            "expr": f"absent({THRESHOLD_METRIC})",
            "for": _prometheus(timedelta(minutes=2)),
            "labels": {"severity": str(Severity.CRITICAL), "owner": "integration engineers"},
            "annotations": {
                "summary": "No relay shows its readings",
                "description": "Alerts are judged by the relay: none fires while none runs.",
                "runbook": "docs/runbooks/machinery.md",
            },
        }
    )
    groups = {"groups": [{"name": "throughline", "rules": rules}]}
    return _HEAD + yaml.safe_dump(groups, sort_keys=False, width=100, allow_unicode=True)


def _rule(rule: AlertRule) -> Mapping[str, Any]:
    over = "<" if rule.below else ">"
    labels = {"severity": str(rule.severity)}
    if rule.owner:
        labels["owner"] = rule.owner
    unit = "{{ $value | humanizeDuration }}" if rule.unit is Unit.SECONDS else "{{ $value }}"
    return {
        "alert": alert_name(rule),
        "expr": f"max by (system, subject) ({rule.metric}) {over} {threshold_of(rule)}",
        "for": _prometheus(rule.holds),
        "keep_firing_for": _prometheus(QUIET),
        "labels": labels,
        "annotations": {
            "summary": f"{rule.title}: {{{{ $labels.system }}}} {{{{ $labels.subject }}}}",
            "description": f"{rule.measures} Now {unit}. {rule.held_back}",
            "runbook": f"docs/runbooks/{rule.runbook}",
        },
    }


def _prometheus(span: timedelta) -> str:
    return f"{span.total_seconds():.0f}s"


def dashboard() -> str:
    """The dashboard as JSON: what fires, then each reading with its threshold."""
    panels = [*_stats(), *(_reading(rule, place) for place, rule in enumerate(RULES))]
    source = {
        "name": "datasource",
        "label": "Data source",
        "type": "datasource",
        "query": "prometheus",
    }
    told = {
        "uid": "throughline",
        "title": "Throughline",
        "description": "What alerts go by: each reading with the threshold in force.",
        "tags": ["throughline"],
        "timezone": "browser",
        "schemaVersion": 39,
        "editable": True,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {"list": [source]},
        "panels": [{"id": number, **panel} for number, panel in enumerate(panels, 1)],
    }
    return json.dumps(told, indent=2, ensure_ascii=False) + "\n"


def _stats() -> list[dict[str, Any]]:
    colours = {Severity.CRITICAL: "red", Severity.WARNING: "orange", Severity.INFO: "blue"}
    return [
        {
            "type": "stat",
            "title": f"Firing: {severity}",
            "datasource": _SOURCE,
            "gridPos": {"x": place * _WIDTH, "y": 0, "w": _WIDTH, "h": _STATS_HEIGHT},
            "targets": [
                _query("A", f'sum(max by (rule) ({FIRING_METRIC}{{severity="{severity}"}}))')
            ],
            "fieldConfig": {
                "defaults": {
                    "unit": "short",
                    "thresholds": {
                        "mode": "absolute",
                        "steps": [
                            {"color": "green", "value": None},
                            {"color": colours[severity], "value": 1},
                        ],
                    },
                },
                "overrides": [],
            },
        }
        for place, severity in enumerate(Severity)
    ]


def _reading(rule: AlertRule, place: int) -> dict[str, Any]:
    row, column = divmod(place, _PER_ROW)
    holds = f" for {spoken(rule.holds.total_seconds(), Unit.SECONDS)}" if rule.holds else ""
    where = "under" if rule.below else "over"
    return {
        "type": "timeseries",
        "title": rule.title,
        "description": f"{rule.measures} Fires {where} the dashed line{holds}. {rule.held_back}",
        "datasource": _SOURCE,
        "gridPos": {
            "x": column * _WIDTH,
            "y": _STATS_HEIGHT + row * _HEIGHT,
            "w": _WIDTH,
            "h": _HEIGHT,
        },
        "targets": [
            _query("A", f"max by (system, subject) ({rule.metric})", "{{system}} {{subject}}"),
            _query("B", f'max({THRESHOLD_METRIC}{{rule="{rule.name}"}})', "threshold"),
        ],
        "fieldConfig": {
            "defaults": {"unit": "s" if rule.unit is Unit.SECONDS else "short", "min": 0},
            "overrides": [
                {
                    "matcher": {"id": "byName", "options": "threshold"},
                    "properties": [
                        {
                            "id": "custom.lineStyle",
                            "value": {"fill": "dash", "dash": [10, 10]},
                        },
                        {"id": "color", "value": {"mode": "fixed", "fixedColor": "red"}},
                    ],
                }
            ],
        },
    }


def _query(name: str, expression: str, legend: str = "") -> dict[str, Any]:
    return {"refId": name, "expr": expression, "legendFormat": legend, "datasource": _SOURCE}
