"""Dead letters: what stands still, by cause."""

import streamlit as st

from domain.contracts_desk import DeadLetterGroupView
from domain.drift import is_drift_id
from support_ui import paging, session, tables, ui
from support_ui.view_models import dead_letters, text

_LIST = "causes"
_ROWS = 25
_CAUSE = "cause"
_CHOSEN = "dead_letters.chosen"
"""The cause the list itself put into the address; any other comes from a link somebody sent."""


def _standing_still() -> None:
    st.subheader("Stands still, by cause", anchor=False)
    page = session.api().causes(cursor=paging.cursor(_LIST, None), limit=_ROWS)
    wanted = st.query_params.get(_CAUSE)
    if not page.items and wanted in {None, st.session_state.get(_CHOSEN)}:
        ui.nothing_here(
            "Nothing stands still",
            "A change appears here once it cannot go on by itself and a person has to look.",
            "task_alt",
        )
        return
    found = {group.fingerprint: group for group in page.items}
    if wanted in found or wanted == st.session_state.get(_CHOSEN) or not wanted:
        chosen = _choose(page.items, wanted)
        st.session_state[_CHOSEN] = st.query_params[_CAUSE] = chosen
        paging.controls(_LIST, None, page.next_cursor, len(page.items))
    else:
        chosen = wanted
    _cause(chosen, found.get(chosen))


def _choose(groups: list[DeadLetterGroupView], wanted: str | None) -> str:
    return ui.chosen_row(
        [dead_letters.cause_row(group, session.now()) for group in groups],
        [group.fingerprint for group in groups],
        wanted,
        name=_LIST,
        alt="Causes for which changes stand still, the oldest first",
        columns={"Changes": 80, "Cause": 360, "System": 100, "Whose work": 160,
                 "What to do": 360, "Oldest": 90},
    )  # fmt: skip


def _cause(fingerprint: str, group: DeadLetterGroupView | None) -> None:
    letters = session.api().dead_letters(fingerprint)
    with st.container(border=True, gap="small"):
        if group:
            st.markdown(f"##### {text.plain(group.cause)}", anchors=False)
            st.markdown(dead_letters.cause_standing(group, session.now()))
            if is_drift_id(group.reason):
                ui.drift_link(group.reason)
            elif group.reason:
                st.markdown(text.plain(group.reason))
            st.info(text.plain(group.next_action), icon=":material/arrow_forward:")
        else:
            st.caption(f"Cause `{fingerprint}`")
            st.button("Back to all causes", on_click=st.query_params.clear)
        if not letters.items:
            st.caption("Nothing stands still for this cause any more.")
            return
        tables.letter_table(
            [dead_letters.letter_row(item, session.now()) for item in letters.items]
        )
        if letters.next_cursor:
            st.caption(dead_letters.cut_short(len(letters.items), group))


ui.title("Dead letters", "Changes that cannot go on by themselves, and what would move them.")
_standing_still()
