"""The morning report: whether it is complete, exceptions first, then how changes stood."""

from datetime import date
from functools import partial
from typing import Final

import streamlit as st

from domain.contracts_reports import MorningReport, MorningReportView
from support_ui import asking, narrowing, session, tables, ui
from support_ui.asking import Flash
from support_ui.view_models import report

_DAY: Final = "day"
_DAYS_SHOWN: Final = 14


def _build(day: date) -> None:
    def tells(view: MorningReportView) -> Flash:
        return Flash("warning" if view.equal is False else "success", report.built(view))

    asking.ask(partial(session.api().build_morning_report, day), tells)


def _acts(view: MorningReportView) -> None:
    api = session.api()
    st.download_button(
        "Download CSV",
        data=lambda: api.morning_report_file(view.day),
        file_name=f"morning-report-{view.day.isoformat()}.csv",
        mime="text/csv",
        key="report.csv",
        icon=":material/download:",
    )
    if view.may_build:
        st.button(
            "Compare with the record" if view.kept else "Build now",
            key="report.build",
            icon=":material/fact_check:" if view.kept else ":material/build:",
            on_click=_build,
            args=(view.day,),
            help="Told anew from the record as of its cut. A report that is kept stays as it is.",
        )


def _completeness(found: MorningReport) -> None:
    banner, icon = (
        (st.success, report.COMPLETE.icon) if found.complete else (st.error, report.INCOMPLETE.icon)
    )
    banner(report.headline(found), icon=f":material/{icon}:")
    if found.missing:
        ui.static_table(report.missing_rows(found.missing), empty="", alt="Inputs that are missing")


def _figures(found: MorningReport) -> None:
    figures = report.figures(found)
    with st.grid(len(figures), min_column_width=190):
        for title, value, what in figures:
            with st.container(border=True, height="stretch", gap="xsmall"):
                st.metric(title, value)
                st.caption(what)


def _exceptions(found: MorningReport) -> None:
    st.subheader("Exceptions", anchor=False)
    if not found.exceptions:
        ui.nothing_here(
            "No exceptions", "Nothing stood still, was late or in doubt at the cut.", "task_alt"
        )
        return
    tables.exception_table(
        [report.exception_row(each, found.cut) for each in found.exceptions],
        [report.exception_place(each) for each in found.exceptions],
    )


def _rest(found: MorningReport) -> None:
    now = session.now()
    st.subheader("Not recognised since the cut before", anchor=False)
    ui.static_table(
        report.unrecognised_rows(found.unrecognised, now),
        empty="Everything that came was understood.",
        alt="What came and was not understood",
    )
    st.subheader("Jobs", anchor=False)
    ui.static_table(
        report.job_rows(found.jobs, now), empty="No job is known.", alt="How each job went"
    )
    st.subheader("Changes at the cut, by status and kind", anchor=False)
    st.caption("Active are those that were approved and of which every effect was applied.")
    ui.static_table(
        report.count_rows(found), empty="", alt="Changes at the cut, by status and kind"
    )
    st.subheader(f"Became active: {found.became_active_count:,}", anchor=False)
    if found.became_active:
        tables.became_active_table(report.became_rows(found, now))
        if len(found.became_active) < found.became_active_count:
            st.caption(f"The first {len(found.became_active)} are shown.")
    else:
        st.caption("None did since the cut before.")
    st.subheader("Ended otherwise", anchor=False)
    ui.static_table(
        report.ended_rows(found),
        empty="None did since the cut before.",
        alt="Changes that ended otherwise, by how and kind",
    )


def _days() -> None:
    st.subheader("Reports that were kept", anchor=False)
    kept = session.api().report_days(_DAYS_SHOWN)
    if not kept:
        st.caption("None yet. The schedule keeps one each morning.")
        return
    tables.report_day_table(
        [report.day_row(each, session.now()) for each in kept],
        [report.day_place(each) for each in kept],
    )


st.caption("What the business reads at the start of its day: exceptions first. It never changes.")
with st.container(horizontal=True, vertical_alignment="bottom"):
    with st.container(width=200):
        narrowing.day("Day", _DAY)
    acts = st.container(horizontal=True)
with ui.guarded():
    wanted = st.session_state.get(_DAY)
    view = session.api().morning_report(wanted if isinstance(wanted, date) else None)
    with acts:
        _acts(view)
    ui.rich(report.about(view, session.now()))
    _completeness(view.report)
    _figures(view.report)
    _exceptions(view.report)
    _rest(view.report)
    _days()
