"""What a run found out, as JSON and as Markdown. Judges nothing."""

import json
import os
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

from tests.faults.desk import DeadLetter
from tests.faults.evidence import Violation


@dataclass(frozen=True, slots=True)
class FaultReport:
    """A planned fault and how often it really struck."""

    at: float
    title: str
    hits: int


@dataclass(frozen=True, slots=True)
class Recovery:
    """Seconds from the end of a process to the next progress; None if there was none to make."""

    component: str
    at: datetime
    seconds: float | None


@dataclass(frozen=True, slots=True)
class RunReport:
    """One run."""

    title: str
    seed: int
    begun: datetime
    faults_ended: datetime
    quiet: datetime
    ended: datetime
    wanted: int
    accepted: int
    ends: Mapping[str, int]
    plays: Mapping[str, int]
    faults: Sequence[FaultReport]
    letters: Sequence[DeadLetter]
    recoveries: Sequence[Recovery]
    statuses: Mapping[int, int]
    unasked: Sequence[str]
    remarks: Sequence[str]
    samples: int
    call_log: Mapping[str, Sequence[Mapping[str, Any]]] = field(repr=False)
    """Vendor -> its calls, as it logged them."""
    violations: Sequence[Violation]
    notes: list[str] = field(default_factory=list)

    @property
    def unreached(self) -> list[str]:
        """Planned faults that never struck: without them the run proves less than it says."""
        return [each.title for each in self.faults if not each.hits]

    @property
    def unfinished(self) -> int:
        """Changes that had not come to an end."""
        return sum(n for status, n in self.ends.items() if status not in _ENDS)

    @property
    def passed(self) -> bool:
        """Whether everything held, and everything that was meant to happen did."""
        complete = self.accepted == self.wanted and not self.unfinished
        return complete and not (self.violations or self.unreached or self.unasked)

    def objections(self) -> str:
        """Why it did not pass, for an assertion."""
        return json.dumps(
            {
                "violations": [asdict(each) for each in self.violations],
                "unreached": self.unreached,
                "unasked": self.unasked,
                "unfinished": self.unfinished,
                "accepted": f"{self.accepted} of {self.wanted}",
                "ends": self.ends,
                "remarks": self.remarks,
                "letters": [asdict(letter) for letter in self.letters],
            },
            default=str,
            indent=1,
        )

    def as_json(self) -> dict[str, Any]:
        """Everything."""
        counts = {vendor: len(log) for vendor, log in self.call_log.items()}
        told = {**asdict(replace(self, call_log={})), "calls": counts}
        return {**told, "passed": self.passed, "unreached": self.unreached}

    def write(self, file: Path) -> None:
        """`file` as Markdown, and the same as JSON beside it."""
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(self.markdown(), encoding="utf-8")
        text = json.dumps(self.as_json(), default=str, indent=1)
        file.with_suffix(".json").write_text(text + "\n", encoding="utf-8")

    def markdown(self) -> str:
        """The report for people."""
        verdict = "passed" if self.passed else "failed"
        where = f"begun {self.begun:%Y-%m-%d %H:%M} UTC, {os.cpu_count()} cores"
        return "\n".join(
            [
                f"# {self.title}",
                "",
                f"Seed {self.seed}, {where}: **{verdict}**.",
                "",
                *_table(self._facts(), "fact", "figure"),
                *_table(sorted(self.ends.items()), "end", "changes"),
                *_table(_by_title(self.faults), "fault", "planned", "struck"),
                *_table(recovery_rows(self.recoveries), *RECOVERY_COLUMNS),
                *_table(_letters(self.letters), "cause", "changes", "what was done", "end"),
                *[f"- {note}" for note in self.notes],
                *self._breaches(),
            ]
        )

    def _facts(self) -> list[tuple[str, Any]]:
        statuses = ", ".join(f"{status}: {n}" for status, n in sorted(self.statuses.items()))
        calls = ", ".join(f"{vendor}: {len(log)}" for vendor, log in self.call_log.items())
        return [
            ("changes submitted and accepted", f"{self.accepted} of {self.wanted}"),
            ("load and faults", f"{(self.faults_ended - self.begun).total_seconds():.0f} s"),
            ("then quiet after", f"{(self.quiet - self.faults_ended).total_seconds():.0f} s"),
            ("whole run", f"{(self.ended - self.begun).total_seconds():.0f} s"),
            ("looks at open + finished + parked", self.samples),
            ("answers of the API", statuses),
            ("calls at the vendors", calls),
            ("violations", len(self.violations)),
        ]

    def _breaches(self) -> list[str]:
        said = [
            *(f"- never struck: {title}" for title in self.unreached),
            *(f"- must never be answered: {words}" for words in self.unasked),
            *(f"- remark: {remark}" for remark in self.remarks),
            *(
                f"- **{each.invariant}** {each.change_id or ''} {each.sentence}"
                for each in self.violations
            ),
        ]
        return ["## What did not hold", "", *(said or ["Nothing."]), ""]


_ENDS = frozenset({"active", "rejected", "cancelled", "expired"})
RECOVERY_COLUMNS = ("killed", "times", "median seconds to progress", "longest")


def recovery_rows(recoveries: Sequence[Recovery]) -> list[tuple[str, int, str, str]]:
    """Per component: how often, and how long until something moved again."""
    seconds: dict[str, list[float]] = defaultdict(list)
    for each in recoveries:
        if each.seconds is not None:
            seconds[each.component].append(each.seconds)
    return [
        (component, len(times), f"{median(times):.1f}", f"{max(times):.1f}")
        for component, times in sorted(seconds.items())
    ]


def _by_title(faults: Sequence[FaultReport]) -> list[tuple[str, int, int]]:
    planned = Counter(fault.title for fault in faults)
    struck = {fault.title: fault.hits for fault in faults}
    return [(title, count, struck[title]) for title, count in sorted(planned.items())]


def _letters(letters: Sequence[DeadLetter]) -> list[tuple[str, int, str, str]]:
    groups = Counter((each.cause, "; ".join(each.actions), each.end) for each in letters)
    return [(cause, count, actions, end) for (cause, actions, end), count in sorted(groups.items())]


def _table(rows: Sequence[Sequence[Any]], *columns: str) -> list[str]:
    if not rows:
        return []
    lines = [columns, ["---"] * len(columns), *rows]
    return [*(f"| {' | '.join(map(str, line))} |" for line in lines), ""]
