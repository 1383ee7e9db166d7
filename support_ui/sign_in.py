"""Before anybody is signed in, or when the API does not take a sign-in: what to do next."""

from http import HTTPStatus

import streamlit as st

from support_ui import session, ui
from support_ui.calls.transport import ApiError
from support_ui.view_models import text

_HERE = (
    "The sign-in service of this machine asks for no password. Choose `support`, `operator`, "
    "`second_operator`, `admin` or `second_admin` there: the name is the role. Machines and "
    "scripts use the keys in `.throughline/credentials.json` instead."
)
_ELSEWHERE = "You are led to your organisation's sign-in and come back to the page you wanted."


def show(refused: ApiError | None, *, embedded: bool) -> None:
    """Lead to the provider; the address stays, so links lead on."""
    with st.container(horizontal_alignment="center"), st.container(width=460, gap="small"):
        st.space("medium")
        st.title("Sign in", anchor=False)
        st.caption("Service changes across CRM, billing, scheduling and ticketing.")
        ui.flash()
        if refused is None:
            _button("Sign in")
        elif refused.status == HTTPStatus.UNAUTHORIZED:
            st.warning(_ended(refused), icon=":material/schedule:")
            _button("Sign in again")
        else:
            ui.problem(refused)
            _another_way(refused)
        st.caption(_HERE if embedded else _ELSEWHERE)


def _ended(refused: ApiError) -> str:
    if refused.problem.code == "sign_in_ended":
        return "Your sign-in has ended. Sign in again; you come back to this page."
    return f"The API did not take your sign-in. {text.plain(refused.problem.detail)}"


def _button(label: str) -> None:
    if "is_logged_in" in st.user:  # absent where no provider is configured
        st.button(label, type="primary", width="stretch", on_click=st.login)
        return
    st.warning(
        "No sign-in service is configured. Start the console with `python -m support_ui`, and "
        "name your provider in `THROUGHLINE_OIDC_ISSUER`.",
        icon=":material/key_off:",
    )


def _another_way(refused: ApiError) -> None:
    if refused.status == HTTPStatus.FORBIDDEN:
        st.button("Sign out", key="leave", on_click=session.sign_out, width="stretch")
    else:
        st.button("Try again", key="again", on_click=session.forget, width="stretch")
