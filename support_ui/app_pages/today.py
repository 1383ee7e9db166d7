"""Today: what waits for whom, what is late, what broke, how the vendors are, what was done."""

from datetime import datetime

import streamlit as st

from domain.contracts_today import TodayView
from domain.service_change import READS_EVERYTHING
from support_ui import session, tables, time_charts, ui, vendors
from support_ui.view_models import places, text, today, words

_HOURS = (
    "Changes {what} today, a bar for each hour, and a dash for what is usual at that hour. The "
    "table below the charts holds the same numbers."
)


@st.fragment(run_every=10.0)
def _live() -> None:
    now = session.now()
    with ui.guarded():
        day = session.api().today(str(now.tzinfo))
        _figures(today.figures(day))
        _late(day, now)
        if session.role() in READS_EVERYTHING:
            _for_staff(day, now)
        else:
            st.caption(
                "You see the changes you submitted. What broke, and how the vendors are, is for "
                "staff; ask support if one of yours does not move."
            )
        _throughput(day, now)
        st.subheader("Where changes stand", anchor=False)
        _counts(today.status_groups(day))
        _oldest(day, now)
    st.caption(f"As of {text.moment(now, now)}. Looks again every 10 s.")


def _figures(figures: list[today.Figure]) -> None:
    with st.grid(len(figures), min_column_width=200):
        for figure in figures:
            with st.container(border=True, height="stretch", gap="xsmall"):
                st.metric(figure.title, figure.value)
                ui.link(figure.place, figure.link)
                if figure.look:
                    st.markdown(figure.look.badge)


def _late(day: TodayView, now: datetime) -> None:
    if not day.late:
        return
    st.subheader("Past their time, the latest first", anchor=False)
    tables.change_table(
        [today.late_row(change, now) for change in day.late],
        key="late",
        alt="Open changes that are past their time, the latest first",
    )
    if len(day.late) < day.overdue.changes:
        st.caption(f"The {len(day.late)} latest of {day.overdue.changes:,} are shown.")


def _for_staff(day: TodayView, now: datetime) -> None:
    _assigned(day, now)
    since = text.moment(day.broken_since, now)
    st.subheader("Broke since yesterday, by cause", anchor=False, help=f"Since {since}.")
    if day.broken:
        tables.broken_table(
            [today.cause_row(cause, now) for cause in day.broken],
            [places.cause(cause.fingerprint) for cause in day.broken],
        )
    else:
        ui.nothing_here(
            "Nothing broke since yesterday",
            "A cause appears here once a change cannot go on by itself because of it.",
            "task_alt",
        )
    st.subheader("Systems of record", anchor=False)
    vendors.cards(day.vendors)


def _assigned(day: TodayView, now: datetime) -> None:
    count = day.waits_for_me.assigned or 0
    st.subheader(f"Assigned to you: {count:,}", anchor=False)
    if not day.assigned:
        st.caption("Nothing. What you take, or a colleague hands to you, is listed here.")
        return
    tables.assigned_table(
        [today.assigned_row(each, now) for each in day.assigned],
        [today.assigned_place(each) for each in day.assigned],
    )
    if len(day.assigned) < count:
        st.caption(f"The {len(day.assigned)} you have had longest are shown.")


def _throughput(day: TodayView, now: datetime) -> None:
    st.subheader("Throughput today", anchor=False)
    st.caption(today.throughput_sentence(day))
    with st.grid(2, min_column_width=380):
        for bars, what in (
            (today.submitted_bars(day.hours, now), "submitted"),
            (today.ended_bars(day.hours, now), "that ended"),
        ):
            with st.container(border=True):
                st.altair_chart(time_charts.hours(bars), alt=_HOURS.format(what=what))
    with st.expander("The hours as a table"):
        ui.static_table(
            today.hour_rows(day.hours, now), empty="The day begins now.", alt="Today, by hour"
        )


def _counts(groups: list[today.StatusGroup]) -> None:
    with st.grid(3, min_column_width=225):
        for group in groups:
            with st.container(border=True, height="stretch", gap="xsmall"):
                st.metric(group.title, f"{group.total:,}")
                for item in group.counts:
                    _count_line(item)


def _count_line(item: today.StatusCount) -> None:
    to = places.in_status([item.status])
    with st.container(horizontal=True, vertical_alignment="center"):
        st.page_link(to.page, label=words.STATUS[item.status].badge, icon="", query_params=to.query)
        st.markdown(f"**{item.count:,}**", width="stretch", text_alignment="right")


def _oldest(day: TodayView, now: datetime) -> None:
    st.subheader("Open, the oldest first", anchor=False)
    if not day.oldest:
        ui.nothing_here(
            "No change is open", "Each appears here from its submission to its end.", "task_alt"
        )
        return
    tables.change_table(
        [today.oldest_row(change, now) for change in day.oldest],
        key="oldest",
        alt="The open changes submitted longest ago",
    )


st.caption("What waits for you, what is late, what broke, how the vendors are, what was done.")
_live()
