"""Ownership: which system owns each field, who may change it how, and who may do what."""

import streamlit as st

from support_ui import session, ui
from support_ui.view_models import ownership

st.caption(
    "Every field has one owner. A write by anybody the table does not name is refused, "
    "with the owner's name: ask for it there."
)
fields, rights = st.tabs(["Fields", "Rights"], key="tab", bind="query-params")
with fields, ui.guarded():
    rows = ownership.ownership_rows(session.api().field_ownership())
    if rows:
        ui.static_table(rows, empty="", alt="Fields, their owners and who else may change them")
    else:
        ui.nothing_here("No fields", "The API listed no field.", "key_off")
with rights, ui.guarded():
    caller = session.me()
    told = session.api().permissions()
    if told and caller:
        st.caption(ownership.own_rights(told, caller.role))
        ui.static_table(
            ownership.right_rows(told, caller.role), empty="", alt="Who may do what, role by role"
        )
    else:
        ui.nothing_here("No rights", "The API listed no right.", "key_off")
