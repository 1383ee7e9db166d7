"""What was said to vendors: every attempt across changes, each leading to its evidence."""

from typing import Final

import streamlit as st

from domain.identifiers import VENDORS
from support_ui import paging, session, tables, ui
from support_ui.view_models import messages, places, words

_LIST: Final = "sent"
_ROWS: Final = 50


def show() -> None:
    """The tab."""
    filters = _filters()
    narrowed = tuple(sorted((name, str(value)) for name, value in filters.items() if value))
    page = session.api().outgoing(filters, cursor=paging.cursor(_LIST, narrowed), limit=_ROWS)
    if page.items:
        tables.sent_table(
            messages.sent_rows(page.items, session.now()),
            [places.attempt(each) for each in page.items],
        )
    else:
        ui.nothing_here(
            "No attempt here",
            "No attempt fits these filters. They match whole values; loosen them to see more."
            if narrowed
            else "Every call to a vendor appears here, once a change is checked or applied.",
            "outbox",
        )
    paging.controls(_LIST, narrowed, page.next_cursor, len(page.items))


def _filters() -> dict[str, str | list[str] | None]:
    with st.grid(4, min_column_width=200):
        system = st.selectbox(
            "To",
            [str(each) for each in VENDORS],
            index=None,
            key="to",
            bind="query-params",
            format_func=lambda value: _VENDORS[value],
            placeholder="Any system",
        )
        outcomes = st.multiselect(
            "Outcome",
            list(messages.OUTCOMES),
            key="outcome",
            bind="query-params",
            placeholder="Any outcome",
        )
        step = st.text_input(
            "Step", key="step", bind="query-params", placeholder="post_billing_change"
        )
        change = st.text_input("Change id", key="of", bind="query-params", placeholder="chg_…")
    return {
        "system": system,
        "outcome": [messages.OUTCOMES[each] for each in outcomes],
        "step": (step or "").strip() or None,
        "change_id": (change or "").strip() or None,
    }


_VENDORS: Final = {str(each): words.SYSTEM[each] for each in VENDORS}
