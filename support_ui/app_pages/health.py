"""Health: how each vendor answers now and over time, what is paused, and our own machinery."""

from datetime import datetime
from typing import Final

import streamlit as st

from domain.contracts_health import HealthHistoryView, SystemHealthView
from domain.contracts_operations import IntegrationHealthView
from domain.identifiers import System
from support_ui import pausing, session, time_charts, ui, vendors
from support_ui.view_models import health, pauses, places, text, words

_SYSTEM: Final = "system"
"""The part of the address that names the vendor whose details are shown."""

_STRETCHES: Final = {"6 hours": 6, "24 hours": 24, "2 days": 48, "7 days": 168}
_CALLS: Final = "Calls over time, answered and failed; shaded where the vendor was left alone."
_LATENCY: Final = "How long calls took over time; shaded where the vendor was left alone."
_TABLE_ROWS: Final = 12


@st.fragment(run_every=10.0)
def _live() -> None:
    now = session.now()
    with ui.guarded():
        machinery = session.api().machinery()  # answers also while the record is away
        with ui.guarded():
            _vendors(now)
        _machinery(machinery, now)
    st.caption(f"As of {text.moment(now, now)}. Looks again every 10 s.")


def _vendors(now: datetime) -> None:
    stopped = [each for each in session.api().pauses() if pauses.is_wide(each)]
    if stopped:
        with st.container(border=True, gap="small"):
            pausing.standing(stopped)
    found = session.api().integrations()
    chosen = _chosen(found)
    vendors.cards(found, shown=chosen.system if chosen else None)
    if chosen:
        _vendor(chosen, now)


def _chosen(found: list[IntegrationHealthView]) -> IntegrationHealthView | None:
    """The vendor the address names, or else the one that needs a look most."""
    by_system = {str(each.system): each for each in found}
    return by_system.get(st.query_params.get(_SYSTEM, "")) or health.worst_first(found)


def _vendor(vendor: IntegrationHealthView, now: datetime) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.subheader(words.SYSTEM[vendor.system], anchor=False, width="stretch")
        told = st.segmented_control(
            "Over the last",
            list(_STRETCHES),
            default="24 hours",
            required=True,
            key="over",
            bind="query-params",
            width="content",
        )
    with st.container(border=True), st.grid(4, min_column_width=225, gap="medium"):
        for fact in health.facts(vendor, now):
            with st.container(gap="xxsmall"):
                st.caption(f":material/{fact.icon}: {fact.label}")
                for line in fact.lines:
                    ui.rich(f":small[{line}]")
                if fact.place:
                    ui.link(fact.place, fact.link)
    _history(vendor.system, _STRETCHES[told or "24 hours"], now)


def _history(system: System, hours: int, now: datetime) -> None:
    told = health.stretches(_read_history(system, hours, now), now)
    rows = health.stretch_rows(told)
    if not rows:
        ui.nothing_here(
            "No calls in this time", "Choose a longer one, or wait for a change.", "bar_chart_off"
        )
        return
    with st.grid(2, min_column_width=380):
        with st.container(border=True):
            st.markdown("**Calls**")
            st.altair_chart(time_charts.calls(told), alt=_CALLS)
        with st.container(border=True):
            st.markdown("**How long they took**")
            st.altair_chart(time_charts.latency(told), alt=_LATENCY)
    with st.expander("The same as a table"):
        st.dataframe(
            rows,
            hide_index=True,
            height="content" if len(rows) <= _TABLE_ROWS else 440,
            alt="Calls over time, the newest first",
            column_config={"When": ui.wide(250)},
        )


def _read_history(system: System, hours: int, now: datetime) -> HealthHistoryView:
    """Once a minute: the longest stretch is a week, and only its end ever changes."""
    key = (system, hours, now.replace(second=0, microsecond=0))
    held: tuple[object, HealthHistoryView] | None = st.session_state.get(session.HISTORY)
    if held is None or held[0] != key:
        held = key, session.api().health_history(system, hours)
        st.session_state[session.HISTORY] = held
    return held[1]


def _machinery(told: SystemHealthView, now: datetime) -> None:
    st.subheader("Our own machinery", anchor=False)
    ui.static_table(health.part_rows(told.parts), empty="No part is known.", alt="Machinery")
    with st.expander(f"Processes ({len(told.processes)})"):
        ui.static_table(
            health.process_rows(told.processes, now),
            empty="No process has shown itself; start the stack with ./throughline up.",
            alt="Processes and what they do",
        )
    ui.link(places.Place(places.OWNERSHIP_PAGE), "Which system owns which field", "account_tree")


with st.container(horizontal=True, vertical_alignment="center"):
    st.caption(
        "How the vendors answer, what people have paused, and how our own machinery is.",
        width="stretch",
    )
    pausing.offer(
        "Pause",
        pauses.WIDE,
        "No call is made meanwhile, nothing is lost, and no step counts as failed.",
    )
_live()
