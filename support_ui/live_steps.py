"""Steps that failed and are tried again by themselves: when, how often still, and trying now."""

from collections.abc import Collection
from functools import partial
from http import HTTPStatus

import streamlit as st

from domain.contracts import ServiceChangeView
from domain.contracts_live_steps import LiveAction, LiveStepView
from support_ui import asking, session, ui
from support_ui.calls.transport import ApiError
from support_ui.view_models import live_steps as view
from support_ui.view_models import text

_DONE = {
    LiveAction.TRY_NOW: "It is tried now",
    LiveAction.CHANGE_TRIES: "Its further tries are limited",
}


def show(change: ServiceChangeView) -> None:
    """A card per step that backs off; nothing where none does, or nobody may see it."""
    try:
        told = session.api().live_steps(change.id)
    except ApiError as error:
        if error.status == HTTPStatus.FORBIDDEN:
            return
        ui.problem(error)
        return
    for step in view.backing_off(told.steps):
        with st.container(border=True, gap="small"):
            st.markdown(f":orange[:material/autorenew:] {view.title(step)}")
            ui.rich(view.standing(step, session.now()))
            if step.last_failure:
                st.caption(f"Last failure: {text.plain(step.last_failure)} {view.interval(step)}")
            _form(change.id, step, told.may)


def _form(change_id: str, step: LiveStepView, may: Collection[LiveAction]) -> None:
    name = f"{change_id}.{step.step}"
    limits = LiveAction.CHANGE_TRIES in may
    with (
        st.popover("Try now or change the tries", icon=":material/bolt:"),
        st.form(f"live.{name}", border=False, enter_to_submit=False),
    ):
        st.caption("A vendor that asked us to wait is not called before its time.")
        st.text_area("Reason", key=f"live.reason.{name}", height=80)
        st.form_submit_button(
            "Try this step now",
            key=f"live.try_now.{name}",
            type="primary",
            icon=":material/bolt:",
            on_click=_send,
            args=(change_id, step.step, LiveAction.TRY_NOW, asking.request_key(f"try_now.{name}")),
        )
        st.number_input(
            "Further tries, then a person is asked", 1, 1000, None, key=f"live.left.{name}",
            disabled=not limits,
        )  # fmt: skip
        st.number_input(
            "Longest wait between tries, in seconds", 1, 3600, None, key=f"live.longest.{name}",
            disabled=not limits,
        )  # fmt: skip
        st.form_submit_button(
            "Limit the further tries",
            key=f"live.change_tries.{name}",
            icon=":material/tune:",
            disabled=not limits,
            on_click=_send,
            args=(
                change_id,
                step.step,
                LiveAction.CHANGE_TRIES,
                asking.request_key(f"change_tries.{name}"),
            ),
        )
        if not limits:
            st.caption("Your role does not limit tries; ask an operator.")


def _send(change_id: str, step: str, action: LiveAction, key: str) -> None:
    name = f"{change_id}.{step}"
    reason = asking.entered(f"live.reason.{name}")
    if not reason:
        asking.flash("warning", "Say why first; the reason is kept with the action.")
        return
    body: dict[str, object] = {"reason": reason}
    if action is LiveAction.CHANGE_TRIES:
        given = {
            "attempts_left": st.session_state.get(f"live.left.{name}"),
            "longest_interval_seconds": st.session_state.get(f"live.longest.{name}"),
        }
        body |= {field: value for field, value in given.items() if value is not None}
    act = session.api().act_on_live_step
    asking.ask(
        partial(act, change_id, step, action, idempotency_key=key, body=body),
        lambda _: f"{_DONE[action]}: {text.plain(text.humanise(step))}.",
        form=f"{action}.{name}",
    )
