"""How secrets are handed in, tried, promoted and retired. What was shown is what is sent.

A secret stays in its field until the form is sent, and is taken out of it in the same moment.
"""

from functools import partial
from typing import Final

import streamlit as st

from domain.contracts_credentials import CredentialView, SecretVersionView
from domain.credentials import OVERLAP, SecretAction
from support_ui import asking, session
from support_ui.asking import Flash
from support_ui.view_models import credentials, text, words

_WHY: Final = "Why, in a sentence. It is kept with the version and in the audit trail."
_HOURS: Final = OVERLAP.total_seconds() / 3600
_ICONS: Final = {
    SecretAction.TRY: "science",
    SecretAction.PROMOTE: "verified_user",
    SecretAction.RETIRE: "key_off",
}


def stage(credential: CredentialView) -> None:
    """The form for a new secret; only its reason where the reader may not."""
    if not credential.may_stage:
        st.caption(f"**You cannot stage a secret:** {text.plain(credential.why_not_stage or '')}")
        return
    name = f"stage.{credential.system}"
    with st.form(name, border=True, enter_to_submit=False):
        st.markdown(f"##### Stage a new {credentials.KIND[credential.kind]}", anchors=False)
        st.caption(
            "It is sealed at once and shown to nobody again; it is in use nowhere until it was "
            "tried and another admin has promoted it."
        )
        with st.grid(2, min_column_width=260, gap="small"):
            st.text_input(
                "Secret", type="password", key=f"{name}.secret", autocomplete="new-password"
            )
            st.text_input(
                "Its own client id or user name",
                key=f"{name}.login",
                placeholder="Only if it is not the usual one",
            )
            st.date_input("Good from", value=None, key=f"{name}.not_before")
            st.date_input("Expires on", value=None, key=f"{name}.expires")
        st.text_area("Reason", key=f"{name}.reason", placeholder=_WHY, height=80)
        st.form_submit_button(
            "Stage it",
            key=f"submit.{name}",
            icon=":material/inventory:",
            type="primary",
            on_click=_stage,
            args=(credential, name, asking.request_key(name)),
        )


def act(
    credential: CredentialView, version: SecretVersionView, actions: tuple[SecretAction, ...]
) -> None:
    """One form with one reason for what may be done with a version."""
    name = f"secret.{credential.system}.{version.version}"
    rights = [credentials.right(version, action) for action in actions]
    with st.form(name, border=False, enter_to_submit=False):
        nobody = not any(right.allowed for right in rights)
        st.text_area("Reason", key=f"{name}.reason", placeholder=_WHY, height=80, disabled=nobody)
        if SecretAction.PROMOTE in actions:
            st.number_input(
                "Hours for which the secret before stays good",
                min_value=0.0,
                max_value=720.0,
                value=_HOURS,
                step=1.0,
                format="%g",
                key=f"{name}.overlap",
                width=320,
                disabled=nobody,
            )
        with st.container(horizontal=True):
            for right in rights:
                form = f"{right.action}.{name}"
                st.form_submit_button(
                    credentials.DOES[right.action],
                    key=f"submit.{form}",
                    icon=f":material/{_ICONS[right.action]}:",
                    type="primary" if right.action is SecretAction.PROMOTE else "secondary",
                    disabled=not right.allowed,
                    on_click=_act,
                    args=(credential, version, right.action, name, asking.request_key(form)),
                )
    for right in rights:
        if not right.allowed:
            does = credentials.DOES[right.action]
            st.caption(f"**{does}:** {text.plain(right.reason or '')}")


def _stage(credential: CredentialView, name: str, idempotency_key: str) -> None:
    secret = str(st.session_state.get(f"{name}.secret") or "")
    st.session_state[f"{name}.secret"] = ""
    reason = asking.entered(f"{name}.reason")
    missing = credentials.missing_of_stage(secret, reason)
    if missing:
        asking.flash("warning", missing)
        return
    body = credentials.stage_body(
        secret=secret,
        login=asking.entered(f"{name}.login"),
        not_before=st.session_state.get(f"{name}.not_before"),
        expires=st.session_state.get(f"{name}.expires"),
        reason=reason,
        now=session.now(),
    )

    def tells(staged: CredentialView) -> str:
        kept = credentials.candidate(staged)
        number = f"version {kept.version}" if kept else "a new version"
        return text.plain(f"Staged as {number} of {words.SYSTEM[staged.system]}: try it next.")

    stage = session.api().stage_secret
    send = partial(stage, credential.system, idempotency_key=idempotency_key, body=body)
    if asking.ask(send, tells, form=name):
        for field in ("login", "reason"):
            st.session_state[f"{name}.{field}"] = ""


def _act(
    credential: CredentialView,
    version: SecretVersionView,
    action: SecretAction,
    name: str,
    idempotency_key: str,
) -> None:
    reason = asking.entered(f"{name}.reason")
    if not reason:
        asking.flash("warning", f"Say in a sentence why you {action} it.")
        return
    body: dict[str, object] = {"reason": reason}
    if action is SecretAction.PROMOTE:
        hours = st.session_state.get(f"{name}.overlap", _HOURS)
        body |= {"seen_sha256": version.seen_sha256, "overlap_hours": hours}

    act, number = session.api().act_on_secret, version.version

    def tells(after: CredentialView) -> Flash:
        tone, sentence = credentials.after(action, number, after)
        return Flash(tone, text.plain(sentence))

    asking.ask(
        partial(act, credential.system, number, action, idempotency_key=idempotency_key, body=body),
        tells,
        form=f"{action}.{name}",
    )
