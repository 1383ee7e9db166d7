"""Messages: what vendors told us, and what we said to them, across changes."""

from collections.abc import Callable

import streamlit as st

from support_ui import received, sent, ui
from support_ui.view_models import places

_PARTS: dict[str, Callable[[], None]] = {
    places.RECEIVED: received.show,
    places.SENT: sent.show,
}
"""One tab each, named in the address; only the open one is read and drawn."""

st.caption("What vendors told us, and what we said to them, across changes. The newest first.")
for tab, show in zip(
    st.tabs(list(_PARTS), key="tab", bind="query-params"), _PARTS.values(), strict=True
):
    if tab.open:
        with tab, ui.guarded():
            show()
