"""What a document is, judged by its bytes. A name or a header proves nothing."""

import hashlib
from typing import BinaryIO, Final

import filetype

MEDIA_TYPES: Final = {
    "application/pdf": "pdf",
    "image/png": "png",
    "image/jpeg": "jpeg",
}
_HEAD_BYTES: Final = 8192
_PIECE_BYTES: Final = 1024 * 1024


def media_type_of(content: BinaryIO) -> str | None:
    """The accepted media type the bytes are of; None for any other."""
    content.seek(0)
    kind = filetype.guess(content.read(_HEAD_BYTES))
    return kind.mime if kind is not None and kind.mime in MEDIA_TYPES else None


def sha256_of(content: BinaryIO) -> str:
    """SHA-256 (hex) of all the bytes."""
    content.seek(0)
    digest = hashlib.sha256()
    while piece := content.read(_PIECE_BYTES):
        digest.update(piece)
    return digest.hexdigest()
