"""How the vendors are, a card each: a word, a sentence, what to do, and the way to more."""

from collections.abc import Sequence

import streamlit as st

from domain.identifiers import System
from support_ui import ui
from support_ui.view_models import places, text, words
from support_ui.view_models.health import Glance


def cards(vendors: Sequence[Glance], *, shown: System | None = None) -> None:
    """A card per vendor. `shown`: the one whose details stand below."""
    if not vendors:
        st.caption("No system of record is connected.")
        return
    with st.grid(4, min_column_width=290):
        for vendor in vendors:
            with st.container(border=True, height="stretch", gap="xsmall"):
                with st.container(horizontal=True, vertical_alignment="center"):
                    name = words.SYSTEM[vendor.system]
                    if vendor.system == shown:
                        st.markdown(f"**{name}**, shown below", width="stretch")
                    else:
                        with st.container(width="stretch"):
                            ui.link(places.vendor(vendor.system), name, "monitor_heart")
                    st.markdown(words.HEALTH[vendor.state].badge, width="content")
                st.markdown(text.plain(vendor.sentence))
                if vendor.next_action:
                    st.caption(f":material/arrow_forward: {text.plain(vendor.next_action)}")
