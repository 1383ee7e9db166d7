"""Documents of a change: add a version, read one."""

from http import HTTPStatus
from typing import Annotated, Final
from urllib.parse import quote

from fastapi import APIRouter, Path, Request
from fastapi.responses import StreamingResponse

from adapters.postgres.documents import Upload, add_document
from adapters.postgres.readings import Reading, record_reading
from adapters.postgres.tables import DocumentVersionRow, ServiceChangeRow
from api.dependencies import Caller, System_, require_role, visible_change
from api.errors import ApiError
from api.uploads import document_in, keep_document
from domain.contracts import DocumentAccepted
from domain.service_change import FINAL, MAY_SUBMIT, ChangeStatus, DocumentState

router = APIRouter(prefix="/v1/service-changes/{change_id}/documents", tags=["documents"])
_LAST_VERSION: Final = 10_000


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
        _require_revisable(await visible_change(session, change_id, caller))
    async with document_in(request, parts.document_max_bytes) as upload:
        document = await keep_document(parts.documents, upload, parts.document_max_bytes)
    async with parts.sessions.begin() as session:
        # Once more, on the locked row: it may have ended while the document was on its way.
        _require_revisable(await session.get_one(ServiceChangeRow, change_id, with_for_update=True))
        version = await add_document(
            session, Upload(change_id, document, caller.name, parts.clock())
        )
        return DocumentAccepted(
            version=version.version, sha256=version.sha256, state=DocumentState(version.state)
        )


def _require_revisable(change: ServiceChangeRow) -> None:
    if change.status in FINAL - {ChangeStatus.ACTIVE} | {ChangeStatus.COMPENSATING}:
        raise ApiError("not_applicable", f"The change is {change.status}; submit a new one.")


@router.get("/{version}", response_class=StreamingResponse)
async def read(
    change_id: str,
    version: Annotated[int, Path(ge=1, le=_LAST_VERSION)],
    caller: Caller,
    parts: System_,
) -> StreamingResponse:
    """The bytes of a version, as they came. A reader other than the submitter is on record."""
    async with parts.sessions() as session:
        change = await visible_change(session, change_id, caller)
        row = await session.get(DocumentVersionRow, (change_id, version))
        if row is None:
            raise ApiError("not_found", f"The change has no document version {version}.")
        # Opened before the answer begins, so that a store that is away becomes a 503.
        content = await parts.documents.open(row.storage_key)
        which = {"version": version, "document_sha256": row.sha256}
        await record_reading(
            session, caller, change, Reading.DOCUMENT, at=parts.clock(), facts=which
        )
        await session.commit()
    return StreamingResponse(
        content,
        media_type=row.media_type,
        headers={
            # RFC 6266: percent-encoded, so no name can end the header's quotes.
            "Content-Disposition": f"inline; filename*=UTF-8''{quote(row.filename, safe='')}",
            "Content-Length": str(row.size_bytes),
            "X-Content-Type-Options": "nosniff",
            "ETag": f'"{row.sha256}"',
        },
    )
