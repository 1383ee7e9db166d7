"""Reads a submission off the wire: streamed, capped while it streams, judged by its bytes."""

import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, BinaryIO, Final

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from adapters.documents.content import media_type_of, sha256_of
from adapters.documents.store import DocumentStore
from adapters.postgres.documents import StoredDocument
from api.errors import ApiError
from domain.errors import FieldProblem, InvalidChangeError

_FIELDS_BYTES: Final = 256 * 1024
"""Room for the JSON part and the multipart framing beside the document."""

_JSON_BYTES: Final = 512 * 1024


async def _capped(request: Request, limit: int, too_large: ApiError) -> AsyncGenerator[bytes, None]:
    seen = 0
    async for piece in request.stream():
        seen += len(piece)
        if seen > limit:
            raise too_large
        yield piece


def _document_too_large(limit: int) -> ApiError:
    return ApiError("document_too_large", f"A document may have {limit // 1024 // 1024} MiB.")


def _json_too_large(limit: int) -> ApiError:
    return ApiError("body_too_large", f"The JSON of a change may have {limit // 1024} KiB.")


def _decoded(text: str | bytes) -> Any:  # noqa: ANN401 - any JSON
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidChangeError([FieldProblem("change", "is not valid JSON")]) from error


class _WholeFormParser(MultiPartParser):
    """Insists on the closing boundary: without it the last part is dropped in silence."""

    closed = False

    def on_end(self) -> None:
        """The closing boundary came."""
        self.closed = True

    async def parse(self) -> FormData:
        """The parts. Raises MultiPartException."""
        form = await super().parse()
        if not self.closed:
            for file in self._files_to_close_on_error:
                file.close()
            raise MultiPartException("The closing boundary is missing.")
        return form


@asynccontextmanager
async def _form(request: Request, document_max_bytes: int) -> AsyncIterator[FormData]:
    """The parts of a multipart body; their temporary files are gone after the block."""
    limit = document_max_bytes + _FIELDS_BYTES
    too_large = _document_too_large(document_max_bytes)
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limit:
        raise too_large
    parser = _WholeFormParser(
        request.headers,
        _capped(request, limit, too_large),
        max_files=2,  # many clients send the JSON part as a file, too
        max_fields=8,
        max_part_size=_FIELDS_BYTES,
    )
    try:
        form = await parser.parse()
    except MultiPartException as error:
        problem = FieldProblem("body", f"is not the multipart/form-data we take: {error.message}")
        raise InvalidChangeError([problem]) from error
    try:
        yield form
    finally:
        await form.close()


@asynccontextmanager
async def submission_in(
    request: Request, document_max_bytes: int
) -> AsyncIterator[tuple[Any, UploadFile | None]]:
    """The decoded change and the document, if one came. Raises ApiError, InvalidChangeError."""
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type == "application/json":
        pieces = _capped(request, _JSON_BYTES, _json_too_large(_JSON_BYTES))
        yield _decoded(b"".join([piece async for piece in pieces])), None
        return
    if content_type != "multipart/form-data":
        raise ApiError("unsupported_body", f"The body is {content_type or 'of no stated type'}.")
    async with _form(request, document_max_bytes) as form:
        yield _decoded(await _change_text(form)), _document(form)


@asynccontextmanager
async def document_in(request: Request, document_max_bytes: int) -> AsyncIterator[UploadFile]:
    """The document of a multipart body. Raises ApiError, InvalidChangeError."""
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise ApiError("unsupported_body", "The body is not multipart/form-data.")
    async with _form(request, document_max_bytes) as form:
        document = _document(form)
        if document is None:
            raise InvalidChangeError([FieldProblem("document", "is required, as a file")])
        yield document


async def _change_text(form: FormData) -> str | bytes:
    change = form.get("change")
    if change is None:
        raise InvalidChangeError([FieldProblem("change", "is required")])
    if isinstance(change, str):
        return change
    if (change.size or 0) > _FIELDS_BYTES:
        raise _json_too_large(_FIELDS_BYTES)
    return await change.read()


def _document(form: FormData) -> UploadFile | None:
    parts = form.getlist("document")
    if len(parts) > 1:
        raise InvalidChangeError([FieldProblem("document", "may be sent once; send the others on")])
    part = parts[0] if parts else None
    if isinstance(part, str):
        raise InvalidChangeError([FieldProblem("document", "must be sent as a file")])
    return part


@dataclass(frozen=True, slots=True)
class JudgedDocument:
    """What a document is, by its bytes."""

    sha256: str
    media_type: str
    size_bytes: int


async def judge_document(upload: UploadFile, document_max_bytes: int) -> JudgedDocument:
    """Judge a document by its bytes; it is not kept. Raises ApiError."""
    size = upload.size or 0
    if size > document_max_bytes:
        raise _document_too_large(document_max_bytes)
    content: BinaryIO = upload.file
    media_type = await run_in_threadpool(media_type_of, content)
    if size == 0 or media_type is None:
        raise ApiError("document_type", "The bytes are not those of a PDF, PNG or JPEG.")
    sha256 = await run_in_threadpool(sha256_of, content)
    return JudgedDocument(sha256, media_type, size)


async def keep_document(
    store: DocumentStore, upload: UploadFile, document_max_bytes: int
) -> StoredDocument:
    """Judge a document by its bytes and put it in the store, under its hash. Safe to repeat."""
    judged = await judge_document(upload, document_max_bytes)
    return StoredDocument(
        sha256=judged.sha256,
        filename=_file_name(upload.filename),
        media_type=judged.media_type,
        size_bytes=judged.size_bytes,
        storage_key=await store.put(upload.file, judged.sha256),
    )


def _file_name(given: str | None) -> str:
    """The bare name, without folders or control characters, for display only."""
    name = PurePosixPath((given or "").replace("\\", "/")).name
    return "".join(letter for letter in name if letter.isprintable())[:120] or "document"
