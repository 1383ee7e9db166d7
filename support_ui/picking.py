"""A list of which one row is looked at, or several are taken at once."""

from collections.abc import Mapping, Sequence
from typing import Final

import streamlit as st

from support_ui import ui
from support_ui.view_models import lists

_ROWS_AT_ONCE: Final = 10
"""With a detail below; more are reached by scrolling."""


def picked_rows(
    rows: Sequence[lists.Row],
    ids: Sequence[str],
    wanted: str | None,
    *,
    name: str,
    alt: str,
    columns: Mapping[str, int],
) -> list[str]:
    """The ids of the rows that are ticked; at first the wanted one, or else the topmost.

    A click into a row takes that row alone. `columns` are widths in pixels.
    """
    key = f"{name}.{hash(tuple(ids))}"

    def whole_row() -> None:
        cells = st.session_state[key]["selection"]["cells"]
        if cells:
            st.session_state[key] = {"selection": {"rows": [cells[0][0]]}}

    state = st.dataframe(
        rows,
        key=key,
        hide_index=True,
        row_height=36,
        height="content" if len(rows) <= _ROWS_AT_ONCE else 400,
        on_select=whole_row,
        selection_mode=["multi-row", "single-cell"],
        selection_default={"selection": {"rows": [ids.index(wanted) if wanted in ids else 0]}},
        alt=alt,
        column_config={label: ui.wide(pixels) for label, pixels in columns.items()},
    )
    return [ids[row] for row in state["selection"]["rows"] if row < len(ids)]
