"""What is open on a change's page, as its address says it: a section, a record, personal fields."""

from typing import Final

import streamlit as st

from domain.contracts import ServiceChangeView
from domain.contracts_evidence import Personal
from support_ui.view_models.evidence import Proof, Section

TAB: Final = "tab"
OPEN: Final = "open"
_PERSONAL: Final = "personal"
_JUMPED: Final = "change.jumped"

_TO_THE_SECTIONS: Final = """<script>
const place = document.querySelector(".st-key-sections");
if (place) {
  place.scrollIntoView({behavior: "smooth", block: "start"});
  place.tabIndex = -1;
  place.focus({preventScroll: true});
}
</script>"""


def name() -> str:
    """The record that is open, such as `attempt:17`; empty if none is."""
    return st.query_params.get(OPEN, "")


def proof_button(proof: Proof, key: str) -> None:
    """A button that leads to a record an answer rests on."""
    st.button(
        proof.label,
        key=f"proof.{key}.{proof.name}",
        type="tertiary",
        icon=":material/link:",
        on_click=_open,
        args=(proof,),
    )


def _open(proof: Proof) -> None:
    st.session_state[TAB] = proof.section
    st.query_params[OPEN] = proof.name
    st.session_state[_JUMPED] = True


def jump() -> None:
    """Bring the sections into sight, once, after somebody has followed a link to one."""
    if st.session_state.pop(_JUMPED, False):
        st.html(_TO_THE_SECTIONS, unsafe_allow_javascript=True)


def close_button() -> None:
    """A button that closes the record that is open."""
    st.button("Close", key="open.close", type="tertiary", icon=":material/close:", on_click=_close)


def _close() -> None:
    st.query_params.pop(OPEN, None)


def personal() -> Personal:
    """Whether personal fields are asked for."""
    return Personal.SHOW if st.query_params.get(_PERSONAL) == Personal.SHOW else Personal.MASK


def personal_switch(change: ServiceChangeView, key: str) -> None:
    """What is said of masked fields, and the button that shows or masks them."""
    if personal() is Personal.SHOW:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(
                ":material/visibility: Personal fields are shown, and it is on record that you "
                "have read them.",
                width="stretch",
            )
            st.button("Mask them again", key=f"mask.{key}", type="tertiary", on_click=mask)
        return
    if not change.masked_fields:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        told = "Personal fields are masked."
        if not change.may_show_personal:
            told += " Operators and administrators may show them."
        st.caption(f":material/visibility_off: {told}", width="stretch")
        st.button(
            "Show personal fields",
            key=f"show.{key}",
            icon=":material/visibility:",
            help="It is recorded that you have read them.",
            disabled=not change.may_show_personal,
            on_click=_show,
        )


def mask() -> None:
    """Ask for no personal fields any more."""
    st.query_params.pop(_PERSONAL, None)


def _show() -> None:
    st.query_params[_PERSONAL] = str(Personal.SHOW)


def section_names() -> list[str]:
    """The sections in order."""
    return [str(section) for section in Section]
