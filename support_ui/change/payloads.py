"""Every payload of a change, and any two of them side by side."""

from collections.abc import Sequence

import streamlit as st

from domain.contracts import ServiceChangeView
from domain.contracts_evidence import PayloadView
from support_ui import session, ui
from support_ui.change import opening
from support_ui.view_models import payloads


def show(change: ServiceChangeView) -> None:
    """The versions as a table, then two of them compared."""
    opening.personal_switch(change, "payloads")
    with ui.guarded():
        found = session.api().payloads(change.id, opening.personal())
        ui.static_table(
            payloads.rows(found, session.now()),
            empty="Nothing was sent, and nothing is planned yet: the checks have to pass first.",
            alt="Every payload, in the order it went out; what is planned comes last",
        )
        if told := payloads.kept_not(found):
            st.caption(told)
        comparable = payloads.comparable(found)
        if comparable:
            _side_by_side(change, comparable)


def _side_by_side(change: ServiceChangeView, found: Sequence[PayloadView]) -> None:
    st.markdown("##### Two versions side by side", anchors=False)
    first, second = payloads.first_pair(found)
    names = {each.id: payloads.name(each) for each in found}
    with st.grid(2, min_column_width=340):
        left = st.selectbox(
            "Left", list(names), index=first, format_func=names.__getitem__, key="left"
        )
        right = st.selectbox(
            "Right", list(names), index=second, format_func=names.__getitem__, key="right"
        )
    every = st.toggle("Show fields that are the same, too", key="compare.every")
    told = session.api().compare(change.id, left, right, opening.personal())
    st.markdown(f"**{payloads.verdict(told)}**")
    ui.static_table(
        payloads.comparison_rows(told, every=every),
        empty="",
        alt="The fields of both versions; a sign and a word say how they differ",
    )
    with st.expander("Both as they were sent"), st.grid(2, min_column_width=340):
        for side in (told.left, told.right):
            with st.container(gap="xsmall"):
                ui.small(f"SHA-256 `{side.payload_sha256}`")
                st.json(side.payload)
