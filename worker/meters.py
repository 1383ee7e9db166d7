"""The readings alerts go by, as Prometheus metrics on the relay's loopback port."""

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from domain.alert_turns import Readings
from domain.alerts import FIRING_METRIC, RULES, THRESHOLD_METRIC, RuleName


class Meters:
    """One gauge for each rule, with system and subject as labels; nothing personal in either."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._readings = {
            rule.name: Gauge(
                rule.metric, rule.measures, ["system", "subject"], registry=self._registry
            )
            for rule in RULES
        }
        self._threshold = Gauge(
            THRESHOLD_METRIC, "Threshold in force of each rule.", ["rule"], registry=self._registry
        )
        self._firing = Gauge(
            FIRING_METRIC,
            "Alerts that fire and are not silenced, by rule.",
            ["rule", "severity"],
            registry=self._registry,
        )

    def show(
        self,
        readings: Readings,
        thresholds: dict[RuleName, float],
        firing: dict[RuleName, int],
    ) -> None:
        """Replace what was shown before; what could not be measured is not shown."""
        for name, gauge in self._readings.items():
            gauge.clear()
            for subject, value in readings.get(name, {}).items():
                gauge.labels(str(subject.system), subject.detail).set(value)
        for rule in RULES:
            self._threshold.labels(rule.name).set(thresholds[rule.name])
            self._firing.labels(rule.name, rule.severity).set(firing.get(rule.name, 0))

    def page(self) -> bytes:
        """What a scrape is answered."""
        return generate_latest(self._registry)
