"""Taking work, handing it over and putting it off: a line and a form that several pages show."""

from datetime import datetime, time, timedelta
from functools import partial

import streamlit as st

from domain.contracts_assignments import AssignmentView
from support_ui import asking, session, ui
from support_ui.view_models import assignments as view

_NOBODY = "Nobody"
_LATER = {
    "Not put off": None,
    "In 4 hours": timedelta(hours=4),
    "Tomorrow": timedelta(days=1),
    "In 3 days": timedelta(days=3),
    "In a week": timedelta(days=7),
}


def of(*subjects: str) -> dict[str, AssignmentView]:
    """Whose work these are, by subject; one read for a whole list."""
    return view.by_subject(session.api().assignments(subjects=subjects)) if subjects else {}


def show(subject: str, assignment: AssignmentView | None = None) -> None:
    """Who has it, and the form that changes that. `assignment` as `of` gave it."""
    with st.container(horizontal=True, vertical_alignment="center"):
        with st.container(width="stretch"):
            ui.rich(f":material/person: {view.standing(assignment, session.now())}")
        with st.popover("Take, hand over, put off", icon=":material/assignment_ind:"):
            _form(subject, assignment)


def _form(subject: str, assignment: AssignmentView | None) -> None:
    caller = session.me()
    mine = caller.principal if caller else ""
    names = [person.principal for person in session.people()]
    choices = [mine, *(name for name in names if name != mine), _NOBODY]
    with st.form(f"assign.{subject}", border=False, enter_to_submit=False):
        st.selectbox(
            "Whose work it is",
            choices,
            key=f"assign.who.{subject}",
            format_func=lambda name: f"{name} (you)" if name == mine else name,
        )
        st.selectbox("Look again", list(_LATER), key=f"assign.later.{subject}")
        st.text_area("Reason", key=f"assign.why.{subject}", height=80)
        if subject.startswith("cause:"):
            st.caption("A cause comes back at once when it stops a further change.")
        st.form_submit_button(
            "Keep this",
            key=f"assign.keep.{subject}",
            type="primary",
            icon=":material/assignment_turned_in:",
            on_click=_keep,
            args=(subject,),
        )
    if assignment is not None:
        st.caption(view.cell(assignment, session.now()) or "Nobody has it now.")


def _keep(subject: str) -> None:
    who = st.session_state[f"assign.who.{subject}"]
    why = asking.entered(f"assign.why.{subject}")
    if not why:
        asking.flash("warning", "Say why first; whoever takes over reads it.")
        return
    later = _LATER[st.session_state[f"assign.later.{subject}"]]
    body = {
        "assignee": None if who == _NOBODY else who,
        "follow_up_at": _to_the_minute(session.now() + later).isoformat() if later else None,
        "reason": why,
    }
    now = session.now()
    asking.ask(
        partial(session.api().assign, subject, body),
        lambda kept: view.cell(kept, now) or "Nobody has it now.",
    )


def _to_the_minute(at: datetime) -> datetime:
    """A double click is the same request; seconds would make it another."""
    return datetime.combine(at.date(), time(at.hour, at.minute), at.tzinfo)
