"""Saved views and exports in words."""

from datetime import datetime

from domain.contracts import MatchCount
from domain.contracts_views import SavedViewView
from support_ui.view_models import text

MOST_ROWS = 50_000
"""As the API exports them; it says so itself with each file."""


def name(view: SavedViewView, me: str) -> str:
    """A view in the list of views."""
    if view.owner == me:
        return f"{view.name} (shared)" if view.shared else view.name
    return f"{view.name} (by {view.owner})"


def alert(view: SavedViewView, now: datetime) -> str | None:
    """How its alert stands, as Markdown; None where there is none."""
    if view.alert_above is None:
        return None
    limit = f"more than {view.alert_above:,}"
    if view.alert and view.alert.resolved_at is None:
        since = text.age(view.alert.opened_at, now)
        return (
            f":red-badge[:material/notifications_active: Too many] Holds {limit}, first seen "
            f"{since}. Operations have been told."
        )
    looked = f", looked at {text.age(view.looked_at, now)}" if view.looked_at else ""
    held = "" if view.held is None else f" It holds {view.held:,}{looked}."
    return (
        f":gray-badge[:material/notifications: Alert set] Operations are told once it holds "
        f"{limit}.{held}"
    )


def count(total: MatchCount, what: str) -> str:
    """`327 changes fit`, or `More than 1,000 changes fit`."""
    if total.count == 1 and not total.more:
        return f"One {what} fits"
    return f"{'More than ' if total.more else ''}{total.count:,} {_PLURAL[what]} fit"


_PLURAL = {"change": "changes", "entry": "entries"}


def export(total: MatchCount) -> str:
    """What a file would hold, before it is asked for."""
    rows = (
        f"the newest {MOST_ROWS:,} of them at most"
        if total.more
        else f"exactly {'this one' if total.count == 1 else f'these {total.count:,}'}"
    )
    return f"The file holds {rows}, with personal fields masked. The export is put on record."
