"""Find: changes by any identifier or words, narrowed by filters that stand in the address."""

from typing import Final

import streamlit as st

from domain.filters import ListPage
from domain.identifiers import VENDORS
from support_ui import narrowing, paging, session, tables, ui
from support_ui.view_models import lists, words
from support_ui.view_models.narrowing import DUE, Query

_LIST: Final = "changes"
_ROWS: Final = 50
_AHEAD: Final = frozenset({"q", "status", "kind"})
_PARTIES: Final = {"customer": "Customer", "portal": "Portal", "operations": "Operations"}


def _fields() -> None:
    narrowing.words(
        "Search", "q", "Any identifier, or words: change, account, ticket, hash, note, file name…"
    )
    with st.grid(2, min_column_width=300):
        narrowing.choices(
            "Status", "status", {s: look.label for s, look in words.STATUS.items()}, "Any status"
        )
        narrowing.choices("Kind", "kind", dict(words.KIND.items()), "Any kind")
    with (
        st.expander(
            "More filters",
            icon=":material/filter_list:",
            expanded=narrowing.further(ListPage.CHANGES, _AHEAD),
        ),
        st.grid(4, min_column_width=210),
    ):
        _further()


def _further() -> None:
    systems: dict[str, str] = {system: words.SYSTEM[system] for system in VENDORS}
    narrowing.choices("Done at", "system", systems, "Any system")
    narrowing.choices("Waits for", "waiting_on", _PARTIES | systems, "Anybody")
    people = [person.principal for person in session.allowed(session.people) or ()]
    narrowing.choices("Taken by", "assigned_to", dict(zip(people, people, strict=True)), "Anybody")
    st.selectbox(
        "Due", list(DUE), index=None, key="due", bind="query-params", placeholder="Any time"
    )
    narrowing.day("Submitted from", "submitted_from")
    narrowing.day("Submitted to", "submitted_to")
    narrowing.day("Requested from", "requested_from")
    narrowing.day("Requested to", "requested_to")
    narrowing.day("Updated from", "updated_from")
    narrowing.number("Tried at least", "tried", min_value=1, max_value=1000, step=1)
    narrowing.number("Price difference from ($)", "price_from", step=1.0, format="%.2f")
    narrowing.number("Price difference to ($)", "price_to", step=1.0, format="%.2f")
    narrowing.also("submitted_at=gte:now-7d & attempts=lt:5")


def _rows(query: Query) -> tuple[list[lists.Row], str | None]:
    now, at = session.now(), paging.cursor(_LIST, _hashable(query))
    if "q" in query:
        hits = session.api().found(query, cursor=at, limit=_ROWS)
        return [lists.hit_row(hit, now) for hit in hits.items], hits.next_cursor
    page = session.api().narrowed(query, cursor=at, limit=_ROWS)
    return [lists.change_row(item, now) for item in page.items], page.next_cursor


def _hashable(query: Query) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return tuple(sorted((name, tuple(values)) for name, values in query.items()))


def _nothing(query: Query) -> None:
    if "q" in query:
        ui.nothing_here(
            "Nothing found",
            "Search takes an identifier or its first letters, at least four: change, account, "
            "invoice, order, appointment, ticket, document hash, correlation id, idempotency key. "
            "It also takes words of notes, failures, file names, tickets and reasons.",
            "search_off",
        )
    elif query:
        ui.nothing_here(
            "No changes here",
            "No change fits these filters. Loosen them to see more.",
            "filter_list_off",
        )
    else:
        ui.nothing_here(
            "No changes here", "Submit one with ./throughline submit; it appears here.", "inbox"
        )


st.caption("Find a change by any identifier or by words, and narrow the list.")
views = narrowing.opened(ListPage.CHANGES)
_fields()
query = narrowing.asked(ListPage.CHANGES)
narrowing.bar(ListPage.CHANGES, views, query)
rows, following = _rows(query)
if rows:
    narrowing.counted(ListPage.CHANGES, query, "change")
    tables.change_table(
        rows,
        key="hits" if "q" in query else "listed",
        alt="Service changes that fit, the newest first",
    )
else:
    _nothing(query)
paging.controls(_LIST, _hashable(query), following, len(rows))
