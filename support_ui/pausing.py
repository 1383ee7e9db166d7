"""Stopping and letting go on: what stands paused, and the form that pauses."""

from collections.abc import Iterable, Mapping
from functools import partial

import streamlit as st

from domain.contracts_operations import PauseView
from domain.rights import PAUSE
from support_ui import asking, session, ui
from support_ui.view_models import pauses

_NOT_YOURS = "Operators and admins pause and let go on."


def standing(found: Iterable[PauseView]) -> None:
    """Each pause with its reason, and the button that ends it."""
    now = session.now()
    for paused in found:
        with st.container(horizontal=True, vertical_alignment="center"):
            with st.container(width="stretch"):
                ui.rich(pauses.sentence(paused.scope, paused.actor, paused.at, paused.reason, now))
            st.button(
                "End this pause",
                key=f"resume.{paused.scope}",
                icon=":material/play_arrow:",
                disabled=not paused.may_resume,
                help=None if paused.may_resume else _NOT_YOURS,
                on_click=partial(_resume, paused.scope),
            )


def offer(label: str, scopes: Mapping[str, str], about: str) -> None:
    """A button that opens the form.

    `scopes`: what can be paused, and its name. `about`: what that means.
    """
    me = session.me()
    may = me is not None and PAUSE in me.rights
    form = f"pause.{label}"
    with st.popover(
        label,
        icon=":material/pause_circle:",
        disabled=not may,
        help=None if may else _NOT_YOURS,
        key=f"{form}.{st.session_state.get(f'{form}.done', 0)}",
    ):
        st.markdown(about)
        with st.form(form, border=False, enter_to_submit=False, clear_on_submit=True):
            scope = next(iter(scopes))
            if len(scopes) > 1:
                st.selectbox("What", list(scopes), format_func=scopes.__getitem__, key=f"{form}.of")
            st.text_area(
                "Reason",
                key=f"{form}.why",
                max_chars=1000,
                placeholder="Why, in a sentence. Whoever meets the pause reads it.",
            )
            st.form_submit_button("Pause it", type="primary", on_click=partial(_pause, form, scope))


def _pause(form: str, only: str) -> None:
    scope = str(st.session_state.get(f"{form}.of", only))
    reason = str(st.session_state[f"{form}.why"])
    paused = asking.ask(
        partial(session.api().pause, scope, reason),
        lambda _: f"{pauses.scope(scope)}: paused. What waits goes on once it ends.",
    )
    if paused:
        # A popover under another key is a closed one.
        st.session_state[f"{form}.done"] = st.session_state.get(f"{form}.done", 0) + 1


def _resume(scope: str) -> None:
    asking.ask(
        partial(session.api().resume, scope),
        lambda _: f"{pauses.scope(scope)} goes on; what waited is woken.",
    )
