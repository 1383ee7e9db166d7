"""Small real files that go with a change: a PDF, a PNG and a JPEG, the same bytes every time."""

import base64
import struct
import zlib
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Final


class DocumentType(StrEnum):
    """The file types the API takes; the value is the file name's ending."""

    PDF = "pdf"
    PNG = "png"
    JPEG = "jpeg"


MEDIA_TYPE: Final[Mapping[DocumentType, str]] = {
    DocumentType.PDF: "application/pdf",
    DocumentType.PNG: "image/png",
    DocumentType.JPEG: "image/jpeg",
}


def document(kind: DocumentType, text: str) -> bytes:
    """A file of that type which carries the text (ASCII); the PDF shows it on its one page."""
    return _MAKERS[kind](text)


def _pdf(text: str) -> bytes:
    """ISO 32000-1, 7.5: header, six objects, cross-reference table, trailer."""
    shown = text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
    stream = f"BT /F1 18 Tf 72 720 Td ({shown}) Tj ET"
    objects = (
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources 6 0 R >>",
        f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        "<< /Font << /F1 5 0 R >> >>",
    )
    body, offsets = "%PDF-1.4\n", []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(body))
        body += f"{number} 0 obj\n{content}\nendobj\n"
    entries = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    count = len(objects) + 1
    end = (
        f"xref\n0 {count}\n0000000000 65535 f \n{entries}"
        f"trailer\n<< /Size {count} /Root 1 0 R >>\nstartxref\n{len(body)}\n%%EOF\n"
    )
    return (body + end).encode("ascii")


def _png(text: str) -> bytes:
    """One white pixel, and the text in a `tEXt` chunk."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", header),
            chunk(b"tEXt", b"Comment\x00" + text.encode("ascii")),
            chunk(b"IDAT", zlib.compress(b"\x00\xff")),
            chunk(b"IEND", b""),
        )
    )


def _jpeg(text: str) -> bytes:
    """One white pixel, and the text in a comment segment behind the start marker."""
    comment = text.encode("ascii")
    start, rest = _WHITE_PIXEL[:2], _WHITE_PIXEL[2:]
    return start + b"\xff\xfe" + struct.pack(">H", len(comment) + 2) + comment + rest


_WHITE_PIXEL: Final = base64.b64decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAgGBgcGBQgHBwcJCQgKDBQNDAsLDBkSEw8UHRofHh0aHBwgJC4nICIs"
    "IxwcKDcpLDAxNDQ0Hyc5PTgyPC4zNDL/wAALCAABAAEBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAAB//EABQQAQAA"
    "AAAAAAAAAAAAAAAAAAD/2gAIAQEAAD8Af3//2Q=="
)
"""A baseline JPEG of one white pixel."""

_MAKERS: Final[Mapping[DocumentType, Callable[[str], bytes]]] = {
    DocumentType.PDF: _pdf,
    DocumentType.PNG: _png,
    DocumentType.JPEG: _jpeg,
}
