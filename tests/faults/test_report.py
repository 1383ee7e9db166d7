"""What a run reports, and when it has failed though nothing was broken."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.faults.desk import DeadLetter
from tests.faults.evidence import AuditEntry, Evidence, Invariant, Kill, Violation
from tests.faults.report import FaultReport, Recovery, RunReport
from tests.faults.run import recoveries

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
GOOD = RunReport(
    title="A run",
    seed=7,
    begun=NOW,
    faults_ended=NOW,
    quiet=NOW,
    ended=NOW,
    wanted=2,
    accepted=2,
    ends={"active": 1, "rejected": 1},
    plays={"approve": 2},
    faults=[FaultReport(1.0, "kill worker", 1)],
    letters=[DeadLetter("chg_a", "billing outcome_unknown", ["retry: 200"], "active")],
    recoveries=[Recovery("worker", NOW, 2.5), Recovery("worker", NOW, 4.5)],
    statuses={200: 3, 503: 1},
    unasked=[],
    remarks=[],
    samples=5,
    call_log={"crm": [{}], "billing": []},
    violations=[],
)


def test_a_run_that_held_and_reached_everything_passes(tmp_path: Path) -> None:
    assert GOOD.passed
    GOOD.write(tmp_path / "run.md")
    text = (tmp_path / "run.md").read_text()
    assert "Seed 7" in text
    assert "| worker | 2 | 3.5 | 4.5 |" in text
    assert "| billing outcome_unknown | 1 | retry: 200 | active |" in text
    assert json.loads((tmp_path / "run.json").read_text())["calls"] == {"crm": 1, "billing": 0}


def test_a_planned_fault_that_never_struck_makes_the_run_fail_as_empty() -> None:
    empty = replace(GOOD, faults=[*GOOD.faults, FaultReport(2.0, "kill relay", 0)])
    assert not empty.passed
    assert empty.unreached == ["kill relay"]
    assert "never struck: kill relay" in empty.markdown()


def test_a_violation_an_unfinished_change_and_a_500_each_make_it_fail() -> None:
    violation = Violation(Invariant.I2, "billed twice", "chg_a")
    assert not replace(GOOD, violations=[violation]).passed
    assert not replace(GOOD, ends={"active": 1, "needs_attention": 1}).passed
    assert not replace(GOOD, accepted=1).passed
    assert not replace(GOOD, unasked=["POST /v1/service-changes: 500"]).passed


def move(number: int, seconds: float, change_id: str) -> AuditEntry:
    at = NOW + timedelta(seconds=seconds)
    return AuditEntry(
        number, at, change_id, "throughline", "transition", "done", "pending", "checking", "So."
    )


def test_recovery_of_the_engine_counts_only_what_needed_the_engine() -> None:
    evidence = Evidence(
        accepted={},
        repeated={},
        changes={},
        audit=(move(1, 0.1, "a"), move(2, 4, "b"), move(3, 6, "b")),
        kills=(Kill(NOW, "temporal"), Kill(NOW, "worker"), Kill(NOW, "api")),
    )
    answered = [NOW - timedelta(seconds=1), NOW + timedelta(seconds=3)]
    assert [each.seconds for each in recoveries(evidence, answered)] == [6, 0.1, 3]
