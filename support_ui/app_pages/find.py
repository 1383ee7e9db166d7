"""Changes: find one by any identifier, or list them by status and kind."""

import streamlit as st

from domain.service_change import ChangeKind, ChangeStatus
from support_ui import paging, session, tables, ui
from support_ui.view_models import lists, words

_LIST = "changes"
_ROWS = 50


def _found(q: str, narrowed: lists.ChangeFilter) -> None:
    hits = [hit for hit in session.api().search(q) if narrowed.passes(hit.change)]
    if not hits:
        ui.nothing_here(
            "Nothing found",
            "Search takes an identifier or its first letters, at least four: change, account, "
            "invoice, order, appointment, ticket, document hash, correlation id, idempotency key.",
            "search_off",
        )
        return
    now = session.now()
    tables.change_table(
        [lists.hit_row(hit, now) for hit in hits], key="hits", alt="Changes found by the search"
    )
    st.caption(f"{len(hits)} found")


def _listed(narrowed: lists.ChangeFilter) -> None:
    page = session.api().changes(
        statuses=narrowed.statuses,
        kind=narrowed.kind,
        cursor=paging.cursor(_LIST, narrowed),
        limit=_ROWS,
    )
    if not page.items:
        ui.nothing_here(
            "No changes here",
            "Submit one with ./throughline submit, or loosen the filters."
            if narrowed == lists.ChangeFilter()
            else "No change fits these filters. Loosen them to see more.",
            "inbox",
        )
    else:
        now = session.now()
        tables.change_table(
            [lists.change_row(item, now) for item in page.items],
            key="listed",
            alt="Service changes, the newest first",
        )
    paging.controls(_LIST, narrowed, page.next_cursor, len(page.items))


st.caption("Find a change by any identifier, or list changes by status and kind.")
with st.grid(3, min_column_width=230):
    q = st.text_input(
        "Search",
        key="q",
        type="search",
        bind="query-params",
        placeholder="Any identifier: change, account, ticket, hash…",
    )
    statuses = st.multiselect(
        "Status",
        [status.value for status in ChangeStatus],
        key="status",
        bind="query-params",
        format_func=lambda value: words.STATUS[ChangeStatus(value)].label,
        placeholder="Any status",
    )
    kind = st.selectbox(
        "Kind",
        [kind.value for kind in ChangeKind],
        index=None,
        key="kind",
        bind="query-params",
        format_func=lambda value: words.KIND[ChangeKind(value)],
        placeholder="Any kind",
    )
narrowed = lists.ChangeFilter(
    tuple(ChangeStatus(value) for value in statuses), ChangeKind(kind) if kind else None
)
if q and q.strip():
    _found(q.strip(), narrowed)
else:
    _listed(narrowed)
