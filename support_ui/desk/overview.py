"""The desk in total: how it fills and empties, and what is held back just now."""

from collections.abc import Sequence

import streamlit as st

from domain.contracts_desk import DeadLetterGroupView
from domain.contracts_operations import PauseView
from domain.contracts_trend import TrendView
from support_ui import pausing, session, ui
from support_ui.desk.chart import filling_and_emptying
from support_ui.view_models import dead_letters, desk_trend, pauses

UNIT = "trend"
"""The part of the address that says by which stretch of time the trend is told."""


def unit() -> str:
    """Which trend is asked for."""
    chosen = str(st.session_state.get(UNIT) or st.query_params.get(UNIT))
    return chosen if chosen in desk_trend.UNITS else next(iter(desk_trend.UNITS))


def trend(told: TrendView) -> None:
    """Three figures and the picture behind them; nothing where nothing stood still."""
    if desk_trend.is_quiet(told):
        return
    with st.container(border=True, horizontal=True, gap="large"):
        with st.container(width=170, gap="small"):
            st.metric("Stand still now", f"{told.total.standing[-1]:,}")
            st.metric("Of these overdue", f"{told.overdue:,}")
        with st.container(width="stretch", gap="small"):
            with st.container(horizontal=True, vertical_alignment="center"):
                st.caption(desk_trend.summary(told), width="stretch")
                st.segmented_control(
                    "Trend",
                    list(desk_trend.UNITS),
                    key=UNIT,
                    bind="query-params",
                    default=next(iter(desk_trend.UNITS)),
                    required=True,
                    label_visibility="collapsed",
                )
            st.altair_chart(
                filling_and_emptying(
                    desk_trend.points(told, session.now()), desk_trend.labels(told, session.now())
                ),
                width="stretch",
            )


def held_back(groups: Sequence[DeadLetterGroupView], paused: Sequence[PauseView]) -> None:
    """What people paused and which gates are closed; a pause can be ended where that is allowed."""
    wide = [each for each in paused if pauses.is_wide(each)]
    gates = dead_letters.closed_gates(groups)
    if not wide and not gates:
        return
    now = session.now()
    with st.container(border=True, gap="small"):
        pausing.standing(wide)
        for gate in gates:
            ui.rich(dead_letters.hold(gate, now))
        single = len(paused) - len(wide)
        if single:
            st.caption(f"{single:,} single changes are paused as well; each says so itself.")
