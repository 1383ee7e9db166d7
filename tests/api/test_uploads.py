"""Documents on the wire: judged by their bytes, capped while they stream, named harmlessly."""

import hashlib
import json
import tracemalloc
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.support.api import CHANGE, JPEG, PDF, PNG, ApiUnderTest, as_parts, new_key

ROUTE = "/v1/service-changes"
MIB = 1024 * 1024
LIMIT = 20 * MIB


def multipart(*parts: tuple[str, bytes], end: bool = True) -> tuple[bytes, dict[str, str]]:
    """A hand-made body of (Content-Disposition value, bytes) parts, with its headers."""
    body = b"".join(
        b"--cut\r\nContent-Disposition: " + disposition.encode() + b"\r\n\r\n" + content + b"\r\n"
        for disposition, content in parts
    )
    headers = new_key() | {"Content-Type": "multipart/form-data; boundary=cut"}
    return body + (b"--cut--\r\n" if end else b""), headers


def change_part() -> tuple[str, bytes]:
    return 'form-data; name="change"', json.dumps(CHANGE).encode()


@pytest.mark.parametrize(
    ("content", "media_type"),
    [(PDF, "application/pdf"), (PNG, "image/png"), (JPEG, "image/jpeg")],
    ids=["pdf", "png", "jpeg"],
)
async def test_a_document_is_kept_with_its_hash_whatever_it_is_called(
    api: ApiUnderTest, content: bytes, media_type: str
) -> None:
    answer = await api.portal.post(
        ROUTE, files=as_parts(CHANGE, content, "holiday.txt"), headers=new_key()
    )

    (version,) = answer.json()["document_versions"]
    assert answer.status_code == 202
    assert version["sha256"] == hashlib.sha256(content).hexdigest()
    assert (version["media_type"], version["size_bytes"]) == (media_type, len(content))
    assert (version["version"], version["state"], version["filename"]) == (
        1,
        "current",
        "holiday.txt",
    )


@pytest.mark.parametrize(
    "content",
    [b"", b"hello", b"MZ\x90\x00" + b"\x00" * 60, b"PK\x03\x04", b"GIF89a", b"<svg/>", b"%PD"],
    ids=["empty", "text", "program", "zip", "gif", "svg", "almost"],
)
async def test_other_bytes_are_refused_though_the_name_says_pdf(
    api: ApiUnderTest, content: bytes
) -> None:
    answer = await api.submit(document=content)

    assert answer.status_code == 415
    assert answer.json()["code"] == "document_type"
    assert (await api.portal.get(ROUTE)).json()["items"] == []


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\order.pdf", "order.pdf"),
        ("Vertrag für Müller.pdf", "Vertrag für Müller.pdf"),
        ("合同.pdf", "合同.pdf"),
        ("a\u202efdp.exe", "afdp.exe"),
        ("line\tbreak.pdf", "linebreak.pdf"),
        ("x" * 300 + ".pdf", "x" * 120),
        ("..", ".."),
        ("/", "document"),
        ("<script>alert(1)</script>.pdf", "script>.pdf"),
    ],
)
async def test_a_hostile_name_becomes_a_harmless_one(
    api: ApiUnderTest, given: str, kept: str
) -> None:
    body, headers = multipart(
        change_part(), (f'form-data; name="document"; filename="{given}"', PDF)
    )

    change = (await api.portal.post(ROUTE, content=body, headers=headers)).json()
    (version,) = change["document_versions"]
    read = await api.portal.get(f"{ROUTE}/{change['id']}/documents/1")

    assert version["filename"] == kept
    assert read.content == PDF
    disposition = read.headers["content-disposition"]
    assert disposition.startswith("inline; filename*=UTF-8''")
    assert disposition.isascii()
    assert not set(disposition) & {'"', "\\", "\r", "\n", "<"}


async def test_the_change_may_be_sent_as_a_file_part(api: ApiUnderTest) -> None:
    files: dict[str, tuple[str, str | bytes, str]] = {
        "change": ("change.json", json.dumps(CHANGE), "application/json"),
        "document": ("order.pdf", PDF, "application/pdf"),
    }

    answer = await api.portal.post(ROUTE, files=files, headers=new_key())

    assert answer.status_code == 202
    assert len(answer.json()["document_versions"]) == 1


async def test_a_multipart_body_without_document_is_accepted(api: ApiUnderTest) -> None:
    body, headers = multipart(change_part())

    answer = await api.portal.post(ROUTE, content=body, headers=headers)

    assert answer.status_code == 202
    assert answer.json()["document_versions"] == []


DOCUMENT = ('form-data; name="document"; filename="a.pdf"', PDF)
MALFORMED: dict[str, tuple[bytes, str]] = {
    "no change": (multipart(DOCUMENT)[0], "change"),
    "document as text": (
        multipart(change_part(), ('form-data; name="document"', b"hello"))[0],
        "document",
    ),
    "two documents": (multipart(DOCUMENT, change_part(), DOCUMENT)[0], "document"),
    "three files": (multipart(DOCUMENT, DOCUMENT, DOCUMENT, change_part())[0], "body"),
    "many fields": (multipart(*[('form-data; name="x"', b"")] * 9, change_part())[0], "body"),
    "nameless part": (multipart(change_part(), ("form-data", PDF))[0], "body"),
    "change not json": (multipart(('form-data; name="change"', b"{"))[0], "change"),
    "huge change": (multipart(('form-data; name="change"', b" " * 300_000))[0], "body"),
    "nothing": (b"", "body"),
    "another boundary": (b"--other\r\n\r\n", "body"),
    "garbage": (b"\x00\xff" * 40, "body"),
}


@pytest.mark.parametrize("name", MALFORMED)
async def test_a_malformed_form_is_refused_in_words(api: ApiUnderTest, name: str) -> None:
    body, field = MALFORMED[name]
    headers = new_key() | {"Content-Type": "multipart/form-data; boundary=cut"}

    answer = await api.portal.post(ROUTE, content=body, headers=headers)

    assert answer.status_code == 422, answer.text
    assert [problem["field"] for problem in answer.json()["errors"]] == [field]


@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        f"multipart/form-data; boundary={'x' * 500}",
        "multipart/form-data; boundary=cut; charset=no-such-thing",
    ],
)
async def test_a_form_with_an_odd_content_type_is_no_failure_of_ours(
    api: ApiUnderTest, content_type: str
) -> None:
    body, headers = multipart(change_part())

    answer = await api.portal.post(
        ROUTE, content=body, headers=headers | {"Content-Type": content_type}
    )

    assert answer.status_code in {202, 422}


async def test_a_cut_body_is_refused_and_nothing_is_kept(api: ApiUnderTest) -> None:
    body, headers = multipart(change_part(), DOCUMENT, end=False)

    answer = await api.portal.post(ROUTE, content=body[:-20], headers=headers)

    assert answer.status_code == 422
    assert (await api.portal.get(ROUTE)).json()["items"] == []


def document_of(size: int, sent: list[int]) -> AsyncIterator[bytes]:
    """A streamed form, without a Content-Length, whose document has `size` bytes."""
    piece = 64 * 1024

    async def stream() -> AsyncIterator[bytes]:
        head, _ = multipart(change_part(), DOCUMENT, end=False)
        yield head[: -len(b"\r\n")]
        left = size - len(PDF)
        while left > 0:
            sent.append(min(piece, left))
            yield b"\n" * sent[-1]
            left -= sent[-1]
        yield b"\r\n--cut--\r\n"

    return stream()


async def post_stream(api: ApiUnderTest, size: int, sent: list[int]) -> tuple[int, dict[str, Any]]:
    headers = new_key() | {"Content-Type": "multipart/form-data; boundary=cut"}
    answer = await api.portal.post(ROUTE, content=document_of(size, sent), headers=headers)
    return answer.status_code, answer.json()


async def test_twenty_mebibytes_are_taken_without_filling_the_memory(api: ApiUnderTest) -> None:
    await api.accepted()  # so that only the upload is measured, not what is loaded on first use
    tracemalloc.start()
    try:
        status, body = await post_stream(api, LIMIT, [])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert (status, body["document_versions"][0]["size_bytes"]) == (202, LIMIT)
    assert peak < 12 * MIB


async def test_one_byte_more_is_refused(api: ApiUnderTest) -> None:
    status, body = await post_stream(api, LIMIT + 1, [])

    assert (status, body["code"]) == (413, "document_too_large")
    assert "20 MiB" in body["detail"]


async def test_an_endless_document_is_refused_while_it_streams(api: ApiUnderTest) -> None:
    sent: list[int] = []
    status, body = await post_stream(api, 1024 * MIB, sent)

    assert (status, body["code"]) == (413, "document_too_large")
    assert sum(sent) < LIMIT + MIB


async def test_a_declared_length_beyond_the_limit_is_refused_unread(api: ApiUnderTest) -> None:
    sent: list[int] = []
    headers = new_key() | {
        "Content-Type": "multipart/form-data; boundary=cut",
        "Content-Length": str(30 * MIB),
    }

    answer = await api.portal.post(ROUTE, content=document_of(MIB, sent), headers=headers)

    assert answer.status_code == 413
    assert sum(sent) == 0
