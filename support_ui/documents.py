"""Document versions: what they are, the page or picture itself, their bytes on demand, upload."""

import io
from datetime import datetime
from functools import partial
from typing import BinaryIO, Final

import streamlit as st

from domain.contracts import DocumentVersionView, ServiceChangeView
from domain.service_change import DocumentState
from support_ui import asking, session, ui
from support_ui.view_models import change as change_view
from support_ui.view_models import text, words

_COUNTS_OR_MAY: Final = frozenset({DocumentState.CURRENT, DocumentState.PENDING_REVIEW})
_PDF: Final = "application/pdf"
_SHOWN_BYTES: Final = 10 * 1024 * 1024
"""What a browser shows without a wait that is felt; a larger document is downloaded."""

_TYPES: Final = ["pdf", "png", "jpg", "jpeg"]


def shown(change: ServiceChangeView, now: datetime) -> None:
    """The version the change is judged by, to be read here, and any that waits for review."""
    counting = [
        document for document in change.document_versions if document.state in _COUNTS_OR_MAY
    ]
    if not counting:
        st.caption("No document was submitted; this kind of change needs none.")
    for document in reversed(counting):
        _version(change.id, document, now)
        with ui.guarded():
            _read_here(change.id, document)


def _read_here(change_id: str, document: DocumentVersionView) -> None:
    """The document itself; one too large to be sent to every reader is downloaded instead."""
    if document.size_bytes > _SHOWN_BYTES:
        limit = text.size(_SHOWN_BYTES)
        st.info(f"It is larger than {limit}: download it to read it.", icon=":material/download:")
        return
    named = f"Document version {document.version}: {document.filename}"
    content = session.held(
        document.sha256, lambda: session.api().document(change_id, document.version)
    )
    if document.media_type == _PDF:
        st.pdf(content, height=560, key=f"pdf.{change_id}.{document.version}", alt=named)
        return
    try:
        st.image(content, width="content", alt=named)
    except (OSError, ValueError):  # the bytes begin like a picture's and are none
        st.warning(
            "This picture cannot be shown: its bytes are damaged. Download it to look closer, or "
            "reject the change and ask for the document once more.",
            icon=":material/broken_image:",
        )


def every_version(change: ServiceChangeView, now: datetime) -> None:
    """All versions, the newest first."""
    if not change.document_versions:
        st.caption("No document was submitted yet.")
    for document in reversed(change.document_versions):
        with st.container(border=True):
            _version(change.id, document, now)
            if st.toggle("Show it here", key=f"preview.{change.id}.{document.version}"):
                with ui.guarded():
                    _read_here(change.id, document)


def _version(change_id: str, document: DocumentVersionView, now: datetime) -> None:
    st.markdown(change_view.document_line(document, now))
    ui.small(f"SHA-256 `{document.sha256}`")
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
        asking.flash("warning", "Choose a file first.")
        return
    send = partial(
        session.api().upload_document,
        change_id,
        filename=chosen.name,
        content=chosen.getvalue(),
        media_type=chosen.type or "application/octet-stream",
    )
    asking.ask(
        send,
        lambda accepted: (
            f"Version {accepted.version} was taken; "
            f"it is {words.DOCUMENT[accepted.state].label.lower()}."
        ),
    )
