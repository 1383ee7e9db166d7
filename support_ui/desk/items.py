"""What became of each change of a replay, narrowed to a state if wished."""

import streamlit as st

from domain.contracts_desk import ReplayView
from domain.replays import ItemState
from support_ui import session, ui
from support_ui.view_models import replays, words


def wanted(replay_id: str) -> list[ItemState]:
    """The states the items of a replay are narrowed to."""
    return list(st.session_state.get(_key(replay_id)) or [])


def show(replay: ReplayView) -> None:
    """A row for each, what needs somebody first; the change id leads to the change."""
    st.pills(
        "Show only",
        replays.states(replay),
        key=_key(replay.id),
        selection_mode="multi",
        format_func=lambda state: replays.counted(state, replay),
    )
    now = session.now()
    rows = [replays.item_row(item, now) for item in replays.in_order(replay.items)]
    if not rows:
        st.caption("None of them is in that state.")
        return
    ui.link_table(
        rows,
        key=f"items.{replay.id}",
        alt="What became of each change of the retry",
        columns={
            "Became": st.column_config.MultiselectColumn(
                width=130,
                options=[look.label for look in words.REPLAY_ITEM.values()],
                color=[look.colour for look in words.REPLAY_ITEM.values()],
            ),
            "Stage": ui.wide(70),
            "Told": ui.wide(420),
            "Ended": ui.wide(100),
        },
    )
    if told := replays.cut_short(rows, replay):
        st.caption(told)


def _key(replay_id: str) -> str:
    return f"items.states.{replay_id}"
