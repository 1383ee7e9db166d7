"""Documents of a change: add a version, read one."""

from http import HTTPStatus

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from adapters.postgres.acceptance import Upload, add_document
from adapters.postgres.tables import DocumentVersionRow
from api.dependencies import Caller, System_, require_role, visible_change
from api.errors import ApiError
from api.uploads import keep_document, read_document
from domain.contracts import DocumentAccepted
from domain.service_change import FINAL, MAY_SUBMIT, DocumentState

router = APIRouter(prefix="/v1/service-changes/{change_id}/documents", tags=["documents"])


@router.post(
    "",
    status_code=HTTPStatus.CREATED,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "multipart/form-data": {
                    "schema": {
                        "type": "object",
                        "required": ["document"],
                        "properties": {"document": {"type": "string", "format": "binary"}},
                    }
                }
            },
        }
    },
)
async def add(change_id: str, request: Request, caller: Caller, parts: System_) -> DocumentAccepted:
    """Add a version. Before the approval it becomes current and the checks run again.

    The same bytes as the latest version change nothing, so repeating is harmless.
    """
    require_role(caller, *MAY_SUBMIT)
    async with parts.sessions() as session:
        row = await visible_change(session, change_id, caller)
        if row.status in FINAL - {"active"}:
            raise ApiError("not_applicable", f"The change is {row.status}; submit a new one.")
    upload = await read_document(request, parts.document_max_bytes)
    document = await keep_document(parts.documents, upload, parts.document_max_bytes)
    async with parts.sessions.begin() as session:
        version = await add_document(
            session, Upload(change_id, document, caller.name, parts.clock())
        )
        return DocumentAccepted(
            version=version.version, sha256=version.sha256, state=DocumentState(version.state)
        )


@router.get("/{version}", response_class=StreamingResponse)
async def read(change_id: str, version: int, caller: Caller, parts: System_) -> StreamingResponse:
    """The bytes of a version, as they came."""
    async with parts.sessions() as session:
        await visible_change(session, change_id, caller)
        row = await session.get(DocumentVersionRow, (change_id, version))
    if row is None:
        raise ApiError("not_found", f"The change has no document version {version}.")
    safe = row.filename.encode("ascii", "replace").decode().replace('"', "'")
    return StreamingResponse(
        parts.documents.read(row.storage_key),
        media_type=row.media_type,
        headers={
            "Content-Disposition": f'inline; filename="{safe}"',
            "Content-Length": str(row.size_bytes),
            "X-Content-Type-Options": "nosniff",
            "ETag": f'"{row.sha256}"',
        },
    )
