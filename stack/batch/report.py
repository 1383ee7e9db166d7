"""What the demo prints: progress, how each group ended, what deviates, prices. Decides nothing."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from domain.plan import money
from domain.service_change import ChangeStatus
from stack.batch.prices import Comparison, KindSummary, summarise
from stack.batch.verdict import Played

_COLOUR: Final = {
    ChangeStatus.ACTIVE: "green",
    ChangeStatus.NEEDS_ATTENTION: "red",
    ChangeStatus.INCOMPLETE: "yellow",
    ChangeStatus.AWAITING_APPROVAL: "cyan",
}


def progress(played: Sequence[Played]) -> RenderableType:
    """How far the batch is: a bar of what has settled, and how many stand in each status."""
    settled = sum(each.settled for each in played)
    counts = Counter(each.status for each in played if each.status)
    bar = Table.grid(padding=(0, 1))
    bar.add_row("Settled", ProgressBar(len(played), settled, width=40), f"{settled}/{len(played)}")
    statuses = [
        Text(f"{counts[status]} {status.replace('_', ' ')}", style=_COLOUR.get(status, ""))
        for status in ChangeStatus
        if counts[status]
    ]
    return Group(bar, Columns(statuses, padding=(0, 3)))


def progress_line(played: Sequence[Played]) -> str:
    """The same in one line, for a log."""
    counts = Counter(str(each.status) for each in played if each.status)
    told = ", ".join(f"{count} {status.replace('_', ' ')}" for status, count in counts.items())
    return f"{sum(each.settled for each in played)} of {len(played)} settled; {told}"


def groups_table(played: Sequence[Played]) -> Table:
    """A line per group: how many were to end how, and how many did."""
    table = Table("Group", "Changes", "Expected end", "Held up by", "As expected", "Otherwise")
    for name in dict.fromkeys(each.row.group for each in played):
        rows = [each for each in played if each.row.group == name]
        right = sum(not each.deviations() for each in rows)
        expected = rows[0].row.expected
        wrong = len(rows) - right
        table.add_row(
            name,
            str(len(rows)),
            expected.status.replace("_", " "),
            ", ".join(expected.codes).replace("_", " ") or "-",
            f"[green]{right}[/]",
            f"[red]{wrong}[/]" if wrong else "0",
        )
    return table


def deviation_text(each: Played, console_url: str) -> str:
    """One row that did not go as expected: which, what is otherwise, why, where to look at it."""
    lines = [
        f"{each.row.ref} {each.row.group}: account {each.row.account_id}, {each.change_id or '-'}",
        *(f"  {sentence}" for sentence in each.deviations()),
        f"  It stands so because: {each.words or 'nothing is said'}",
    ]
    if each.change_id:
        lines.append(f"  {console_url}/change?id={each.change_id}")
    return escape("\n".join(lines))


def prices_table(comparisons: Sequence[Comparison]) -> Table:
    """Per kind: how near the new charge is to what the same services cost others."""
    table = Table(
        "Kind",
        "Active accounts",
        "With peers",
        "Within $2.00",
        "Mean difference",
        "Worst difference",
        title="Monthly charge in billing, beside the median of customers with the same services",
        title_justify="left",
    )
    for each in summarise(comparisons):
        table.add_row(
            each.kind.replace("_", " "),
            str(each.accounts),
            str(each.compared),
            f"{each.near} ({_percent(each.near, each.compared)})",
            money(each.mean_difference_minor),
            _worst(each),
        )
    return table


def _worst(summary: KindSummary) -> str:
    worst = summary.worst
    if worst is None:
        return "-"
    return (
        f"{money(worst.difference_minor)}: account {worst.account_id} pays "
        f"{money(worst.charged_minor)}, {worst.peers} others {money(worst.median_minor or 0)}"
    )


def _percent(part: int, whole: int) -> str:
    return f"{100 * part // whole} %" if whole else "-"
