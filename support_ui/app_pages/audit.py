"""Audit: who did what, when and why, including what was refused and what was read."""

from typing import Final

import streamlit as st

from domain.filters import ListPage
from support_ui import narrowing, paging, session, tables, ui
from support_ui.view_models import lists

_LIST: Final = "audit"
_ROWS: Final = 100
_AHEAD: Final = frozenset({"q", "account_id", "actor", "action", "outcome", "since", "until"})
_OUTCOMES: Final = {"done": "Done", "refused": "Refused"}


def _fields() -> None:
    with st.grid(4, min_column_width=190):
        narrowing.words("Any identifier", "q", "Change, account, ticket, hash…")
        narrowing.words("Account", "account_id", "7590-VHVEG")
        narrowing.words("Who", "actor", "operator, portal")
        narrowing.words("Did", "action", "approve, read_personal")
        narrowing.choices("Outcome", "outcome", _OUTCOMES, "Any outcome")
        narrowing.day("From", "since")
        narrowing.day("To", "until")
    with (
        st.expander(
            "More filters",
            icon=":material/filter_list:",
            expanded=narrowing.further(ListPage.AUDIT, _AHEAD),
        ),
        st.grid(4, min_column_width=190),
    ):
        narrowing.words("Invoice", "invoice", "in_…")
        narrowing.words("Order", "order", "ORD-…")
        narrowing.words("Appointment", "appointment", "apt_…")
        narrowing.words("Ticket", "ticket", "T-…")
        narrowing.words("Document hash", "document", "SHA-256")
        narrowing.words("Change id", "change_id", "chg_…")
        narrowing.words("Correlation id", "correlation_id")
        narrowing.also("at=gte:now-1h")


st.caption(
    "Who did what, when and why, including what was refused, and who read or exported what is "
    "personal. The newest first."
)
views = narrowing.opened(ListPage.AUDIT)
_fields()
query = narrowing.asked(ListPage.AUDIT)
narrowing.bar(ListPage.AUDIT, views, query)
place = tuple(sorted((name, tuple(values)) for name, values in query.items()))
page = session.api().audit(query, cursor=paging.cursor(_LIST, place), limit=_ROWS)
if page.items:
    narrowing.counted(ListPage.AUDIT, query, "entry")
    tables.audit_table([lists.audit_row(entry, session.now()) for entry in page.items])
else:
    ui.nothing_here(
        "No entries",
        "Nothing fits these filters. All but the identifier match whole values; loosen them to "
        "see more.",
        "policy",
    )
paging.controls(_LIST, place, page.next_cursor, len(page.items))
