"""Reads a submission off the wire: streamed, capped while it streams, judged by its bytes."""

import json
from collections.abc import AsyncGenerator
from pathlib import PurePosixPath
from typing import Any, BinaryIO, Final

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from adapters.documents.content import media_type_of, sha256_of
from adapters.documents.store import DocumentStore
from adapters.postgres.acceptance import StoredDocument
from api.errors import ApiError
from domain.errors import FieldProblem, InvalidChangeError

_FIELDS_BYTES: Final = 256 * 1024
"""Room for the JSON part and the multipart framing beside the document."""


async def _capped(request: Request, limit: int) -> AsyncGenerator[bytes, None]:
    seen = 0
    async for piece in request.stream():
        seen += len(piece)
        if seen > limit:
            raise _too_large(limit - _FIELDS_BYTES)
        yield piece


def _too_large(limit: int) -> ApiError:
    return ApiError("document_too_large", f"A document may have {limit // 1024 // 1024} MiB.")


def _decoded(text: str | bytes) -> Any:  # noqa: ANN401 - any JSON
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidChangeError([FieldProblem("change", "is not valid JSON")]) from error


async def _form(request: Request, document_max_bytes: int) -> FormData:
    limit = document_max_bytes + _FIELDS_BYTES
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limit:
        raise _too_large(document_max_bytes)
    parser = MultiPartParser(
        request.headers,
        _capped(request, limit),
        max_files=1,
        max_fields=8,
        max_part_size=_FIELDS_BYTES,
    )
    try:
        return await parser.parse()
    except (MultiPartException, KeyError) as error:
        raise InvalidChangeError(
            [FieldProblem("body", "is not well-formed multipart/form-data")]
        ) from error


async def read_submission(
    request: Request, document_max_bytes: int
) -> tuple[Any, UploadFile | None]:
    """The decoded change and the document, if one came. Raises ApiError, InvalidChangeError."""
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type == "application/json":
        body = b"".join([piece async for piece in _capped(request, _FIELDS_BYTES * 2)])
        return _decoded(body), None
    if content_type != "multipart/form-data":
        raise ApiError("unsupported_body", f"The body is {content_type or 'of no stated type'}.")
    form = await _form(request, document_max_bytes)
    change = form.get("change")
    if change is None:
        raise InvalidChangeError([FieldProblem("change", "is required")])
    text = await change.read() if isinstance(change, UploadFile) else change
    document = form.get("document")
    return _decoded(text), _as_file(document)


async def read_document(request: Request, document_max_bytes: int) -> UploadFile:
    """The document of a multipart body. Raises ApiError, InvalidChangeError."""
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise ApiError("unsupported_body", "The body is not multipart/form-data.")
    form = await _form(request, document_max_bytes)
    document = _as_file(form.get("document"))
    if document is None:
        raise InvalidChangeError([FieldProblem("document", "is required, as a file")])
    return document


def _as_file(part: UploadFile | str | None) -> UploadFile | None:
    if isinstance(part, str):
        raise InvalidChangeError([FieldProblem("document", "must be sent as a file")])
    return part


async def keep_document(
    store: DocumentStore, upload: UploadFile, document_max_bytes: int
) -> StoredDocument:
    """Judge a document by its bytes and put it in the store, under its hash. Safe to repeat."""
    size = upload.size or 0
    if size > document_max_bytes:
        raise _too_large(document_max_bytes)
    content: BinaryIO = upload.file
    media_type = await run_in_threadpool(media_type_of, content)
    if size == 0 or media_type is None:
        raise ApiError("document_type", "The bytes are not those of a PDF, PNG or JPEG.")
    sha256 = await run_in_threadpool(sha256_of, content)
    return StoredDocument(
        sha256=sha256,
        filename=_file_name(upload.filename),
        media_type=media_type,
        size_bytes=size,
        storage_key=await store.put(content, sha256),
    )


def _file_name(given: str | None) -> str:
    """The bare name, without folders or control characters, for display only."""
    name = PurePosixPath((given or "").replace("\\", "/")).name
    return "".join(letter for letter in name if letter.isprintable())[:120] or "document"
