"""Vendors' credentials: how they are, and a new secret's way to being the current one.

A secret comes in and never goes out: answers, audit and logs know it by its fingerprint.
"""

from datetime import timedelta
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from fastapi.responses import Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, SecretStr, StringConstraints
from pydantic import field_validator as checks
from sqlalchemy.ext.asyncio import AsyncSession

from adapters.postgres.credential_board import Reader, read_board
from adapters.postgres.tables_credentials import VendorSecretRow
from adapters.postgres.vendor_secrets import (
    By,
    NewSecret,
    alone_with,
    candidate_of,
    kept,
    promote,
    retire,
    seen_sha256,
    stage,
)
from api.dependencies import Caller, CorrelationId, Parts, Principal, System_, require_role
from api.errors import ApiError
from api.idempotency import Repeatable, repeatable
from api.refusals import note_refusal, require_role_on_record
from api.routes.actions import Reason, Sha256
from api.routes.service_changes import IdempotencyKey
from domain.contracts_credentials import CredentialCheckView, CredentialView, PreflightView
from domain.credential_messages import PreflightInput, TrialInput
from domain.credentials import (
    LONGEST_OVERLAP,
    MANAGES_SECRETS,
    MAY_PREFLIGHT,
    OVERLAP,
    SecretAction,
    SecretState,
    may,
)
from domain.errors import FieldProblem, InvalidChangeError
from domain.identifiers import VENDORS, System
from domain.service_change import READS_EVERYTHING
from domain.submission import STORABLE

router = APIRouter(prefix="/v1/credentials", tags=["credentials"], max_body_size=16 * 1024)

_HOUR = 3600
Version = Annotated[int, Path(ge=1, le=1_000_000)]
Login = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), STORABLE
]


class StageRequest(BaseModel):
    """The secret that system gave out, and when it may be used.

    `login`: the client id or user name that belongs to it, if it is not the usual one.
    """

    model_config = ConfigDict(extra="forbid")

    secret: Annotated[
        SecretStr, Field(min_length=8, max_length=4096, json_schema_extra={"writeOnly": True})
    ]
    login: Login | None = None
    not_before: AwareDatetime | None = None
    expires_at: AwareDatetime | None = None
    reason: Reason

    @checks("secret")
    @classmethod
    def _can_be_sent(cls, secret: SecretStr) -> SecretStr:
        value = secret.get_secret_value()
        if value != value.strip() or not value.isascii() or not value.isprintable():
            raise ValueError("has to be printable ASCII, without spaces around it")
        return secret


class VersionActionRequest(BaseModel):
    """Why; for a promotion also what was looked at, and how long the one before stays good."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason
    seen_sha256: Sha256 | None = None
    overlap_hours: Annotated[float, Field(ge=0, le=LONGEST_OVERLAP.total_seconds() / _HOUR)] = (
        OVERLAP.total_seconds() / _HOUR
    )


@router.get("")
async def read_credentials(caller: Caller, parts: System_) -> list[CredentialView]:
    """How each system's credential is: in use, expiring, refused, being replaced. For staff."""
    require_role(caller, *READS_EVERYTHING)
    async with parts.sessions() as session:
        return await read_board(session, _reader(caller), parts.clock())


@router.post("/preflight")
async def preflight(caller: Caller, parts: System_, correlation_id: CorrelationId) -> PreflightView:
    """Ask every system by a harmless call whether it would let a job in; operators and admins.

    Safe to repeat. A system that refuses is called by nobody until it accepts a secret.
    """
    await require_role_on_record(
        parts, caller, MAY_PREFLIGHT, "preflight_credentials", correlation_id
    )
    found = await parts.engine.trials.preflight(PreflightInput(systems=VENDORS))
    return PreflightView(
        checks=[CredentialCheckView(**each.model_dump()) for each in found.checks],
        refusing=found.refusing(),
    )


@router.post("/{system}/stage", status_code=HTTPStatus.CREATED, response_model=CredentialView)
async def stage_secret(
    system: System,
    body: StageRequest,
    request: Request,
    caller: Caller,
    parts: System_,
    correlation_id: CorrelationId,
    key: IdempotencyKey,
) -> Response:
    """Keep a new secret, in use nowhere until it was tried and promoted. For admins.

    Repeating under the same key gives the same answer. The secret is sealed and never answered.
    """
    facts: dict[str, Any] = {"system": system}
    await require_role_on_record(
        parts, caller, (MANAGES_SECRETS,), "stage_secret", correlation_id, facts=facts
    )
    _require_vendor(system)
    _require_sense(parts, body)
    value = body.secret.get_secret_value()
    told = body.model_dump(mode="json", exclude={"secret"})
    told["secret"] = parts.keyring.fingerprint(value)
    same = repeatable(request, caller, key, told)
    async with parts.sessions.begin() as session:
        await alone_with(session, system)
        replay = await same.replay(session)
        if replay is not None:
            return replay
        candidate = candidate_of(await kept(session, system))
        if candidate is None:
            new = NewSecret(
                system, value, body.login, body.not_before, body.expires_at, body.reason
            )
            by = By(caller.name, parts.clock(), correlation_id)
            await stage(session, parts.keyring, new, by)
            return await _answer(session, parts, system, caller, same, HTTPStatus.CREATED)
    why = f"Version {candidate.version} is {candidate.state}: promote it or retire it first."
    await note_refusal(parts, caller, "stage_secret", correlation_id, why, facts=facts)
    raise ApiError("not_applicable", why)


@router.post("/{system}/versions/{version}/actions/{action}", response_model=CredentialView)
async def act_on_version(
    system: System,
    version: Version,
    action: SecretAction,
    body: VersionActionRequest,
    request: Request,
    caller: Caller,
    parts: System_,
    correlation_id: CorrelationId,
    key: IdempotencyKey,
) -> Response:
    """Try a version with a harmless call, promote it as a second person, or retire it. For admins.

    A promotion names `seen_sha256` of the version as it was looked at; the one before stays good
    for `overlap_hours`. Repeating under the same key gives the same answer.
    """
    facts = {"system": system, "version": version}
    audited = f"{action}_secret"
    await require_role_on_record(
        parts, caller, (MANAGES_SECRETS,), audited, correlation_id, facts=facts
    )
    same = repeatable(request, caller, key, body.model_dump(mode="json"))
    if action is SecretAction.TRY:
        async with parts.sessions() as session:
            replay = await same.replay(session)
            if replay is not None:
                return replay
            row = await session.get(VendorSecretRow, (system, version))
            refusal = _objection(caller, row, action, body)
        if refusal is None:
            trial = TrialInput(
                system=system, version=version, actor=caller.name, correlation_id=correlation_id
            )
            await parts.engine.trials.one(trial)
            async with parts.sessions.begin() as session:
                return await _answer(session, parts, system, caller, same, HTTPStatus.OK)
    else:
        async with parts.sessions.begin() as session:
            await alone_with(session, system)
            replay = await same.replay(session)
            if replay is not None:
                return replay
            rows = await kept(session, system)
            row = next((each for each in rows if each.version == version), None)
            row = row or await session.get(VendorSecretRow, (system, version))
            refusal = _objection(caller, row, action, body)
            if refusal is None and row is not None:
                by = By(caller.name, parts.clock(), correlation_id)
                if action is SecretAction.PROMOTE:
                    overlap = timedelta(hours=body.overlap_hours)
                    promote(session, rows, row, by, reason=body.reason, overlap=overlap)
                else:
                    retire(session, row, by, body.reason)
                return await _answer(session, parts, system, caller, same, HTTPStatus.OK)
    await note_refusal(parts, caller, audited, correlation_id, str(refusal), facts=facts)
    raise refusal or ApiError("internal", "Nothing was done.")


def _objection(
    caller: Principal,
    row: VendorSecretRow | None,
    action: SecretAction,
    body: VersionActionRequest,
) -> ApiError | None:
    if row is None:
        return ApiError("not_found", "There is no such version of this system's secret.")
    mine = may(
        action,
        SecretState(row.state),
        role=caller.role,
        principal=caller.name,
        staged_by=row.staged_by,
    )
    if not mine.allowed:
        return ApiError(mine.refusal or "forbidden", mine.reason or "")
    if action is SecretAction.PROMOTE and body.seen_sha256 != seen_sha256(row):
        return ApiError("stale_approval", "The version was tried anew since you looked at it.")
    return None


def _require_vendor(system: System) -> None:
    if system not in VENDORS:
        raise ApiError("not_found", f"{system} is not a system that is called.")


def _require_sense(parts: Parts, body: StageRequest) -> None:
    now = parts.clock()
    if body.expires_at is not None and body.expires_at <= max(now, body.not_before or now):
        why = "has to be later than now and than not_before"
        raise InvalidChangeError([FieldProblem("expires_at", why)])


async def _answer(
    session: AsyncSession,
    parts: Parts,
    system: System,
    caller: Principal,
    same: Repeatable,
    status: HTTPStatus,
) -> Response:
    """The credential as it is now, kept as the answer under the caller's key."""
    await session.flush()
    (view,) = await read_board(session, _reader(caller), parts.clock(), (system,))
    return await same.keep(session, view, parts.clock(), status)


def _reader(caller: Principal) -> Reader:
    return Reader(caller.name, caller.role)
