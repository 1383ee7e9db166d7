"""What happened to a change: statuses, picture, table, the event that is open; and notes."""

from collections.abc import Sequence
from functools import partial

import streamlit as st

from domain.contracts import ServiceChangeView, TimelineEntry
from support_ui import asking, charts, session, ui
from support_ui.change import opening
from support_ui.view_models import gantt, text, timeline

_PICTURE = (
    "The story of this change: a lane for its status, for people, and for each step; attempts as "
    "bars, waits as lines. The table below holds every event."
)


def show(entries: Sequence[TimelineEntry]) -> None:
    """The whole story."""
    if not entries:
        st.caption("Nothing has happened yet.")
        return
    now = session.now()
    if found := timeline.opened(entries, opening.name()):
        _opened(found)
    st.markdown(" :gray[→] ".join(phase.badge for phase in timeline.phases(entries)))
    picture = gantt.picture(entries, now)
    st.altair_chart(charts.timeline(picture), alt=_PICTURE)
    left_out = (
        f" The {picture.left_out} events before are in the table." if picture.left_out else ""
    )
    st.caption(
        "Time is compressed: a stretch is as wide as the logarithm of its length, which stands "
        f"above the longer ones.{left_out}"
    )
    st.dataframe(
        timeline.rows(entries, now),
        hide_index=True,
        height="content" if len(entries) <= 30 else 620,  # noqa: PLR2004 - about a screen
        alt="Everything that happened to this change, in order",
        column_config={
            "When": st.column_config.TextColumn(width=175),
            "Event": st.column_config.TextColumn(width=260),
            "Where": st.column_config.TextColumn(width=100),
            "Outcome": st.column_config.TextColumn(width=120),
            "Took": st.column_config.TextColumn(width=70),
            "Who": st.column_config.TextColumn(width=130),
            "Detail": st.column_config.TextColumn(width=360),
        },
    )
    with st.expander("Raw facts of each event"):
        for entry in entries:
            if entry.facts:
                at = text.moment(entry.at, now)
                ui.small(f"{at} {text.plain(entry.title)} (`{entry.id}`)")
                st.json(entry.facts, expanded=False)


def _opened(entry: TimelineEntry) -> None:
    with st.container(border=True, gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{text.plain(text.humanise(entry.title))}** `{entry.id}`")
            opening.close_button()
        at = text.moment_and_age(entry.at, session.now())
        st.markdown(f":small[{text.plain(at)}, {text.plain(entry.actor)}]")
        if entry.detail:
            st.markdown(text.plain(entry.detail))
        st.json(entry.facts, expanded=False)


def notes(change: ServiceChangeView, entries: Sequence[TimelineEntry]) -> None:
    """What people wrote about the change, and a field to write more."""
    field = f"note.{change.id}"
    with st.form(f"note_form.{change.id}", clear_on_submit=True):
        st.text_area(
            "Note",
            key=field,
            max_chars=2000,
            height=90,
            placeholder="It is kept with the change for good; the submitter can read it.",
        )
        st.form_submit_button(
            "Keep this note",
            key="send_note",
            icon=":material/edit_note:",
            on_click=_send,
            args=(change.id, field, asking.request_key(field)),
        )
    found = timeline.notes(entries)
    if not found:
        st.caption("Nobody has written a note yet.")
    for entry in found:
        with st.container(border=True, gap="xxsmall"):
            at = text.moment_and_age(entry.at, session.now())
            st.caption(f"{text.plain(entry.actor)}, {text.plain(at)}")
            st.markdown(text.plain(entry.detail))


def _send(change_id: str, field: str, idempotency_key: str) -> None:
    written = asking.entered(field)
    if not written:
        asking.flash("warning", "Write the note first, then keep it.")
        return
    asking.ask(
        partial(session.api().add_note, change_id, idempotency_key=idempotency_key, text=written),
        lambda _: "The note is kept with the change.",
        form=field,
    )
