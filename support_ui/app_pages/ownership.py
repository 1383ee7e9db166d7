"""Field ownership: which system owns each field, and who else may change it how."""

import streamlit as st

from support_ui import session, ui
from support_ui.view_models import ownership

st.caption("Every field has one owner. A write to a field that another system owns is refused.")
rows = ownership.ownership_rows(session.api().field_ownership())
if rows:
    ui.static_table(rows, empty="", alt="Fields, their owners and who else may change them")
else:
    ui.nothing_here("No fields", "The API listed no field.", "key_off")
