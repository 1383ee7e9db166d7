"""Credentials: what each system is shown to let us in, what is due, and a new secret's way."""

import streamlit as st

from domain.contracts_credentials import CredentialView
from domain.credentials import SecretAction
from domain.service_change import Role
from support_ui import asking, credential_forms, session, ui
from support_ui.view_models import credentials, text, words

_SYSTEM = "system"
_CHECKS = "credentials.preflight"
_MAY_ASK = (Role.OPERATOR, Role.ADMIN)
_WIDTHS = {
    "System": 110,
    "State": 150,
    "Kind": 160,
    "In use": 190,
    "Last use": 100,
    "Last refresh": 110,
    "Expires": 90,
    "Next rotation": 120,
    "Overlap ends": 110,
}


def _ask_everybody() -> None:
    """Runs once per click."""
    st.session_state[_CHECKS] = asking.ask(session.api().preflight, lambda _: None)


def _preflight() -> None:
    caller = session.me()
    may = caller is not None and caller.role in _MAY_ASK
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Ask every system now",
            key="preflight",
            icon=":material/fact_check:",
            on_click=_ask_everybody,
            disabled=not may,
        )
        st.caption(
            "A harmless call to each, as before every scheduled job: it names who would refuse. "
            + ("" if may else "It needs the role operator or admin."),
            width="stretch",
        )
    told = st.session_state.get(_CHECKS)
    if told is not None:
        ui.static_table(
            credentials.preflight_rows(told), empty="", alt="What each system said just now"
        )


def _board(board: list[CredentialView]) -> CredentialView:
    found = {str(each.system): each for each in board}
    chosen = ui.chosen_row(
        [credentials.board_row(each, session.now()) for each in board],
        list(found),
        st.query_params.get(_SYSTEM),
        name="credentials",
        alt="Systems and their credentials",
        columns=_WIDTHS,
    )
    st.query_params[_SYSTEM] = chosen
    return found[chosen]


def _detail(credential: CredentialView) -> None:
    look = credentials.STATE[credential.state]
    with st.container(border=True, gap="small"):
        st.markdown(f"##### {words.SYSTEM[credential.system]} {look.badge}", anchors=False)
        st.markdown(text.plain(credential.sentence))
        if credential.next_action:
            st.info(text.plain(credential.next_action), icon=":material/arrow_forward:")
        ui.static_table(
            credentials.version_rows(credential, session.now()),
            empty="No version is kept.",
            alt="Versions of the secret, the newest first",
        )
    waits = credentials.candidate(credential)
    if waits is not None:
        with st.container(border=True, gap="small"):
            badge = credentials.VERSION[waits.state].badge
            st.markdown(f"##### Version {waits.version} is to follow {badge}", anchors=False)
            for line in credentials.seen(waits, session.now()):
                st.markdown(line)
            credential_forms.act(
                credential, waits, (SecretAction.TRY, SecretAction.PROMOTE, SecretAction.RETIRE)
            )
    for previous in credentials.can_be_retired(credential):
        with st.expander(f"Version {previous.version}, the one before", icon=":material/history:"):
            credential_forms.act(credential, previous, (SecretAction.TRY, SecretAction.RETIRE))
    credential_forms.stage(credential)


ui.title("Credentials", "What each system is shown to let us in, and when it has to be replaced.")
board = session.api().credentials()
if not board:
    ui.nothing_here("No system", "The API listed no system that is called.", "key_off")
else:
    due = credentials.alerts(board)
    if due:
        st.warning(due, icon=":material/notification_important:")
    _preflight()
    _detail(_board(board))
