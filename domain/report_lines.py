"""The morning report as lines of one table, for a spreadsheet. Pure."""

from collections.abc import Sequence
from typing import Any, Final

from domain.contracts_reports import MorningReport

COLUMNS: Final = ("section", "what", "state", "kind", "count", "overdue", "since", "owner", "next")
Line = Sequence[Any]


def lines(report: MorningReport) -> list[Line]:
    """Every part of the report, in the order it is read in."""
    return [
        _line("report", f"Morning report {report.day}", _word(report), since=report.cut),
        *(
            _line("missing", each.input, each.why, owner=each.owner, then=each.next_action)
            for each in report.missing
        ),
        *(
            _line(
                "exception",
                each.what,
                each.severity,
                each.kind,
                each.count,
                each.overdue,
                each.oldest_at,
                each.owner,
                each.next_action,
            )
            for each in report.exceptions
        ),
        *(
            _line(
                "unrecognised", each.what, each.system, each.kind, each.count, since=each.first_at
            )
            for each in report.unrecognised
        ),
        *(
            _line("job", each.job, each.state, since=each.last_at, owner=each.owner)
            for each in report.jobs
        ),
        *(_line("count", each.status, each.proof, each.kind, each.count) for each in report.counts),
        *(
            _line(
                "became_active",
                each.change_id,
                None,
                each.kind,
                1,
                since=each.active_at,
                owner=each.approved_by,
            )
            for each in report.became_active
        ),
        *(
            _line("ended_otherwise", each.status, None, each.kind, each.count)
            for each in report.ended_otherwise
        ),
    ]


def _word(report: MorningReport) -> str:
    return "complete" if report.complete else "incomplete"


def _line(
    section: str,
    what: str,
    state: Any = None,  # noqa: ANN401 - a word of one of several sets
    kind: Any = None,  # noqa: ANN401 - as above
    count: int | None = None,
    overdue: int | None = None,
    since: Any = None,  # noqa: ANN401 - a time, or none
    owner: str | None = None,
    then: str | None = None,
) -> Line:
    return section, what, state, kind, count, overdue, since, owner, then
