"""Audit: who did what, when and why, including what was refused."""

import streamlit as st

from support_ui import paging, session, tables, ui
from support_ui.view_models import lists

_LIST = "audit"
_ROWS = 100
_FILTERS = {
    "change_id": ("Change id", "chg_…"),
    "account_id": ("Account", "7590-VHVEG"),
    "actor": ("Who", "operator"),
    "action": ("Did", "approve"),
}

st.caption("Who did what, when and why, including what was refused. The newest first.")
with st.grid(4, min_column_width=165):
    typed = {
        name: st.text_input(label, key=name, type="search", bind="query-params", placeholder=hint)
        for name, (label, hint) in _FILTERS.items()
    }
filters = {name: value.strip() for name, value in typed.items() if value and value.strip()}
narrowed = tuple(sorted(filters.items()))
page = session.api().audit(filters=filters, cursor=paging.cursor(_LIST, narrowed), limit=_ROWS)
if page.items:
    tables.audit_table([lists.audit_row(entry, session.now()) for entry in page.items])
else:
    ui.nothing_here(
        "No entries",
        "Nothing fits these filters. They match whole values; loosen them to see more.",
        "policy",
    )
paging.controls(_LIST, narrowed, page.next_cursor, len(page.items))
