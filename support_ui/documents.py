"""Document versions: what they are, their bytes on demand, a picture where there is one, upload."""

import io
from datetime import datetime
from typing import BinaryIO, Final

import streamlit as st

from domain.contracts import DocumentVersionView, ServiceChangeView
from domain.service_change import DocumentState
from support_ui import session, ui
from support_ui.calls.transport import ApiError
from support_ui.view_models import change as change_view
from support_ui.view_models import problems, words

_COUNTS_OR_MAY: Final = frozenset({DocumentState.CURRENT, DocumentState.PENDING_REVIEW})
_TYPES: Final = ["pdf", "png", "jpg", "jpeg"]


def current(change: ServiceChangeView, now: datetime) -> None:
    """The version the change is judged by, and any that waits for review."""
    counting = [
        document for document in change.document_versions if document.state in _COUNTS_OR_MAY
    ]
    if not counting:
        st.caption("No document was submitted.")
    for document in reversed(counting):
        _version(change.id, document, now)


def every_version(change: ServiceChangeView, now: datetime) -> None:
    """All versions, the newest first."""
    if not change.document_versions:
        st.caption("No document was submitted yet.")
    for document in reversed(change.document_versions):
        with st.container(border=True):
            _version(change.id, document, now)


def _version(change_id: str, document: DocumentVersionView, now: datetime) -> None:
    st.markdown(change_view.document_line(document, now))
    st.caption(f"SHA-256 `{document.sha256}`")
    api = session.api()  # bound now: the download runs outside a script run

    def content() -> BinaryIO:
        return io.BytesIO(api.document(change_id, document.version))

    name = f"{change_id}.{document.version}"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.download_button(
            "Download",
            content,
            file_name=document.filename,
            mime=document.media_type,
            key=f"download.{name}",
            icon=":material/download:",
            on_click="ignore",
        )
        pictured = document.media_type.startswith("image/") and st.toggle(
            "Show it here", key=f"preview.{name}"
        )
    if pictured:
        with ui.guarded():
            st.image(
                api.document(change_id, document.version),
                width="stretch",
                alt=f"Document version {document.version}: {document.filename}",
            )


def upload(change: ServiceChangeView) -> None:
    """A form for a further version; the API decides whether it counts."""
    field = f"upload.{change.id}"
    with st.form(f"upload_form.{change.id}", clear_on_submit=True):
        st.file_uploader(
            "Upload a further version (PDF, PNG or JPEG, up to 20 MiB)", type=_TYPES, key=field
        )
        st.form_submit_button(
            "Send this version",
            key="send_document",
            icon=":material/send:",
            on_click=_upload,
            args=(change.id, field),
        )


def _upload(change_id: str, field: str) -> None:
    chosen = st.session_state.get(field)
    if chosen is None:
        session.flash("warning", "Choose a file first.")
        return
    try:
        accepted = session.api().upload_document(
            change_id,
            filename=chosen.name,
            content=chosen.getvalue(),
            media_type=chosen.type or "application/octet-stream",
        )
    except ApiError as error:
        session.flash("error", problems.told(error.problem, error.retry_after))
    else:
        state = words.DOCUMENT[accepted.state].label.lower()
        session.flash("success", f"Version {accepted.version} was taken; it is {state}.")
