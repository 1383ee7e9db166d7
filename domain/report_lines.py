"""The morning report as lines of one table, for a spreadsheet. Pure."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from domain.contracts_reports import MorningReport

COLUMNS: Final = ("section", "what", "state", "kind", "count", "overdue", "since", "owner", "next")
Line = Sequence[Any]
_WORD: Final = {True: "complete", False: "incomplete"}


def lines(report: MorningReport) -> list[Line]:
    """Every part of the report, in the order it is read in."""
    title = f"Morning report {report.day}"
    found = [{"section": "report", "what": title, "state": _WORD[report.complete],
              "since": report.cut}]  # fmt: skip
    for section, items in _sections(report):
        found += [{"section": section, **item} for item in items]
    return [[line.get(column) for column in COLUMNS] for line in found]


def _sections(report: MorningReport) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    yield (
        "missing",
        [
            {"what": e.input, "state": e.why, "owner": e.owner, "next": e.next_action}
            for e in report.missing
        ],
    )
    yield "exception", [
        {"what": e.what, "state": e.severity, "kind": e.kind, "count": e.count,
         "overdue": e.overdue, "since": e.oldest_at, "owner": e.owner, "next": e.next_action}
        for e in report.exceptions
    ]  # fmt: skip
    yield (
        "unrecognised",
        [
            {
                "what": e.what,
                "state": e.system,
                "kind": e.kind,
                "count": e.count,
                "since": e.first_at,
            }
            for e in report.unrecognised
        ],
    )
    yield (
        "job",
        [
            {"what": e.job, "state": e.state, "since": e.last_at, "owner": e.owner}
            for e in report.jobs
        ],
    )
    yield (
        "count",
        [
            {"what": e.status, "state": e.proof, "kind": e.kind, "count": e.count}
            for e in report.counts
        ],
    )
    yield "became_active", [
        {"what": e.change_id, "state": "active", "kind": e.kind, "count": 1,
         "since": e.active_at, "owner": e.approved_by}
        for e in report.became_active
    ]  # fmt: skip
    yield (
        "ended_otherwise",
        [{"what": e.status, "kind": e.kind, "count": e.count} for e in report.ended_otherwise],
    )
