"""Pages of a cursor list, with the place in the URL so that a link leads to the same rows."""

from collections.abc import Hashable
from typing import Final

import streamlit as st

PARAMETER: Final = "cursor"


def cursor(list_name: str, narrowed_to: Hashable) -> str | None:
    """Where the list stands. A changed filter starts it from the top."""
    trail = _trail(list_name, narrowed_to)
    if trail:
        st.query_params[PARAMETER] = trail[-1]
        return trail[-1]
    st.query_params.pop(PARAMETER, None)
    return None


def controls(list_name: str, narrowed_to: Hashable, next_cursor: str | None, count: int) -> None:
    """Back and forward, and how many rows are shown."""
    trail = _trail(list_name, narrowed_to)
    with st.container(horizontal=True, vertical_alignment="center"):
        place = f"Page {len(trail) + 1}, " if trail or next_cursor else ""
        st.caption(f"{place}{count} shown", width="stretch")
        if trail or next_cursor:
            st.button(
                "Previous",
                key=f"{list_name}.previous",
                icon=":material/chevron_left:",
                disabled=not trail,
                on_click=_back,
                args=(trail,),
            )
            st.button(
                "Next",
                key=f"{list_name}.next",
                icon=":material/chevron_right:",
                icon_position="right",
                disabled=next_cursor is None,
                on_click=trail.append,
                args=(next_cursor,),
            )


def _back(trail: list[str]) -> None:
    trail.pop()


def _trail(list_name: str, narrowed_to: Hashable) -> list[str]:
    """The cursors of the pages passed so far; the last one is where the list stands."""
    name = f"paging.{list_name}"
    held = st.session_state.get(name)
    if held is None:
        mailed = st.query_params.get(PARAMETER)
        held = (narrowed_to, [mailed] if mailed else [])
    elif held[0] != narrowed_to:
        held = (narrowed_to, [])
    st.session_state[name] = held
    trail: list[str] = held[1]
    return trail
