"""What a change is related to: duplicates, retries by kind, corrections, revisions, replays."""

from collections.abc import Sequence
from typing import Final

import streamlit as st

from domain.contracts import ServiceChangeView, TimelineEntry
from support_ui import paging, session, ui
from support_ui.change import opening
from support_ui.view_models import lineage
from support_ui.view_models.evidence import Section

_LIST: Final = "lineage"


def show(change: ServiceChangeView, entries: Sequence[TimelineEntry]) -> None:
    """The relations in the order of time."""
    with ui.guarded():
        page = session.api().lineage(change.id, cursor=paging.cursor(_LIST, change.id))
        st.caption(lineage.RETRIES)
        if not page.items:
            ui.nothing_here(
                "No relations",
                "It was never repeated, retried, corrected, revised or replayed.",
                "account_tree",
            )
            return
        for number, each in enumerate(lineage.relations(page.items, entries, session.now())):
            with st.container(border=True, gap="xxsmall"):
                st.markdown(each.line)
                st.caption(each.detail)
                with st.container(horizontal=True, gap="small"):
                    if each.change_id:
                        ui.change_link(each.change_id, f"Open {each.change_id}")
                    for proof in each.proofs:
                        if proof.section is not Section.LINEAGE:
                            opening.proof_button(proof, f"lineage.{number}")
        paging.controls(_LIST, change.id, page.next_cursor, len(page.items))
