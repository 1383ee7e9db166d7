"""What Prometheus and Grafana are given, by Prometheus's own tool, and the page it scrapes."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from domain.alert_turns import Subject
from domain.alerts import RULES, THRESHOLD_METRIC, AlertRule, RuleName
from domain.identifiers import System
from http_client import AsyncClient
from stack.monitoring import DASHBOARD_FILE, RULES_FILE, alert_name, dashboard, prometheus_rules
from stack.ports import LOOPBACK, free_ports
from tests.support.prometheus import promtool as find_promtool
from tests.support.prometheus import run
from worker.meters import Meters
from worker.running import health_page

OPS = Path(__file__).resolve().parents[2] / "ops"
METRIC = re.compile(r"throughline_[a-z_]+")
LIMITS = {rule.name: rule.threshold for rule in RULES}


@pytest.fixture(scope="module")
def promtool() -> str:
    return find_promtool()


def test_the_files_are_as_the_table_of_rules_has_them() -> None:
    assert (OPS / RULES_FILE).read_text(encoding="utf-8") == prometheus_rules()
    assert (OPS / DASHBOARD_FILE).read_text(encoding="utf-8") == dashboard()


def test_prometheus_takes_the_rules(promtool: str) -> None:
    assert f"SUCCESS: {len(RULES) + 1} rules found" in run(
        promtool, "check", "rules", str(OPS / RULES_FILE)
    )


def case(rule: AlertRule, value: float, *, fires: bool) -> dict[str, Any]:
    """One reading for ten minutes, and whether the rule fires then."""
    labels = {"severity": str(rule.severity), "system": "billing"}
    if rule.owner:
        labels["owner"] = rule.owner
    return {
        "interval": "15s",
        "input_series": [
            {"series": f'{rule.metric}{{system="billing"}}', "values": f"{value}x40"},
            {
                "series": f'{THRESHOLD_METRIC}{{rule="{rule.name}"}}',
                "values": f"{rule.threshold}x40",
            },
        ],
        "promql_expr_test": [
            {
                "expr": f'count(ALERTS{{alertname="{alert_name(rule)}",alertstate="firing"}})',
                "eval_time": "10m",
                "exp_samples": [{"labels": "{}", "value": 1}] if fires else [],
            }
        ],
    }


def test_each_rule_fires_past_its_threshold_and_not_at_it(promtool: str, tmp_path: Path) -> None:
    step = {True: -1, False: 1}
    tests = [
        case(rule, value, fires=fires)
        for rule in RULES
        for value, fires in (
            (rule.threshold + step[rule.below], True),
            (rule.threshold, False),
        )
    ]
    told = {
        "rule_files": [str(OPS / RULES_FILE)],
        "evaluation_interval": "15s",
        "tests": tests,
    }
    path = tmp_path / "tests.yml"
    path.write_text(yaml.safe_dump(told), encoding="utf-8")
    run(promtool, "test", "rules", str(path))


async def scraped(meters: Meters) -> str:
    (port,) = free_ports(1)
    async with health_page(port, lambda: True, meters.page), AsyncClient(trust_env=False) as http:
        found = await http.get(f"http://{LOOPBACK}:{port}/metrics")
        assert found.headers["content-type"].startswith("text/plain; version=0.0.4")
        health = await http.get(f"http://{LOOPBACK}:{port}/")
        assert health.json() == {"status": "ok"}
    return found.text


def shown() -> Meters:
    meters = Meters()
    readings = {rule.name: {Subject(rule.name, System.BILLING, "detail"): 3.0} for rule in RULES}
    meters.show(readings, LIMITS, {RuleName.DRIFT: 2})
    return meters


async def test_every_metric_of_rules_and_dashboard_is_on_the_page() -> None:
    page = await scraped(shown())
    exported = {
        sample.name for family in text_string_to_metric_families(page) for sample in family.samples
    }
    for file in (RULES_FILE, DASHBOARD_FILE):
        wanted = set(METRIC.findall((OPS / file).read_text(encoding="utf-8")))
        assert wanted
        assert wanted <= exported
    assert 'throughline_drift_open{subject="detail",system="billing"} 3.0' in page
    assert 'throughline_alerts_firing{rule="drift",severity="warning"} 2.0' in page


def test_what_is_measured_no_more_is_shown_no_more() -> None:
    meters = shown()
    meters.show({RuleName.DRIFT: {}}, LIMITS, {})
    page = meters.page().decode()
    assert "throughline_drift_open{" not in page
    assert 'throughline_alerts_firing{rule="drift",severity="warning"} 0.0' in page


def test_the_page_passes_the_check_of_prometheus(promtool: str) -> None:
    done = subprocess.run(  # noqa: S603 - as above
        [promtool, "check", "metrics"], input=shown().page(), capture_output=True, timeout=60,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_dashboard_has_a_panel_for_each_rule_and_none_covers_another() -> None:
    told = json.loads((OPS / DASHBOARD_FILE).read_text(encoding="utf-8"))
    titles = [panel["title"] for panel in told["panels"]]
    assert set(titles) >= {rule.title for rule in RULES}
    places = {(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in told["panels"]}
    assert len(places) == len(titles)
