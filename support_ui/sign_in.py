"""The sign-in form: an API key is shown to the API once and then kept in this session alone."""

from http import HTTPStatus

import streamlit as st

from support_ui import session, ui
from support_ui.calls.transport import ApiError

_HELP = (
    "On this machine, `./throughline up` writes one key per role to "
    "`.throughline/credentials.json`. Open the file, copy the value of your role "
    "(`support`, `operator`, …) without its quotes, and paste it here. "
    "Elsewhere, ask your administrator for a key."
)


def show() -> None:
    """Ask for a key until the API knows it. The address stays, so links lead on."""
    with st.container(horizontal_alignment="center"), st.container(width=460, gap="small"):
        st.space("medium")
        st.title("Sign in", anchor=False)
        st.caption("Service changes across CRM, billing, scheduling and ticketing.")
        ui.flash()
        with st.form("sign_in"):
            typed = st.text_input("API key", type="password", autocomplete="off")
            asked = st.form_submit_button("Sign in", type="primary", width="stretch")
        if asked:
            _try(typed.strip())
        st.caption(_HELP)


def _try(api_key: str) -> None:
    if not api_key:
        st.warning("Paste a key first.", icon=":material/key:")
        return
    if not api_key.isascii() or not api_key.isprintable() or " " in api_key:
        st.warning(
            "That does not look like a key. Copy the value alone, without quotes or spaces.",
            icon=":material/key_off:",
        )
        return
    try:
        caller = session.client_for(api_key).me()
    except ApiError as error:
        if error.status == HTTPStatus.UNAUTHORIZED:
            st.warning(
                "The API does not know this key. Copy it again from "
                "`.throughline/credentials.json`; a new set-up makes new keys.",
                icon=":material/key_off:",
            )
            return
        ui.problem(error)
        return
    session.sign_in(api_key, caller)
    st.rerun()
