"""What would become of a change if it was submitted now; nothing is recorded."""

import math
from datetime import datetime
from typing import Final

from fastapi import APIRouter, Request

from adapters.postgres.acceptance import twin_of
from adapters.postgres.mapping import plan_view
from adapters.postgres.traffic import read_traffic
from api.dependencies import Caller, CorrelationId, Parts, System_, require_role
from api.errors import ApiError
from api.routes.service_changes import SUBMISSION_BODY
from api.uploads import judge_document, submission_in
from domain.catalogue import Product
from domain.contracts import CheckView, WaitingOn
from domain.contracts_approvals import PreviewView
from domain.errors import FailureCode
from domain.failure_policy import cause_of
from domain.identifiers import VENDORS
from domain.messages import FailureDetails
from domain.plan import Plan, build_plan, summary_of
from domain.previewing import PreviewCheck, PreviewInput, PreviewResult, missing, would_be
from domain.service_change import MAY_SUBMIT, READS_EVERYTHING, ChangeStatus, CheckName
from domain.submission import CheckedSubmission, check_submission, wish_of

router = APIRouter(prefix="/v1/service-changes", tags=["service changes"])

PAUSED_FOR: Final = 60
"""Seconds. A person lifts a pause, and nobody knows when; so often a script may ask."""


@router.post("/preview", openapi_extra={"requestBody": SUBMISSION_BODY})
async def preview(
    request: Request, caller: Caller, parts: System_, correlation_id: CorrelationId
) -> PreviewView:
    """The checks, the price before and after and the planned effects of a change, as if submitted.

    The body is that of a submission. Nothing is recorded: no change, no ticket, no key; the
    document is judged and not kept. A system that cannot be asked answers 503 with Retry-After and
    is named. A caller may have four previews under way.
    """
    require_role(caller, *MAY_SUBMIT, *READS_EVERYTHING)
    async with submission_in(request, parts.document_max_bytes) as (raw, upload):
        submission = check_submission(raw)
        document = await judge_document(upload, parts.document_max_bytes) if upload else None
    sha256 = document.sha256 if document else None
    details = submission.details.model_dump(mode="json")
    async with parts.sessions() as session:
        twin = await twin_of(session, submission.account_id, submission.kind, details)
    what = PreviewInput(
        account_id=submission.account_id,
        wish=wish_of(submission.kind, submission.details),
        requested_date=submission.requested_date,
        correlation_id=correlation_id,
        duplicate_of=twin,
        document_version=1 if document else 0,
    )
    result = await parts.engine.preview(caller.name, what)
    if result.failure is not None:
        raise await _cannot_ask(parts, what, result.failure)
    return _view(
        what, result, _plan(submission, sha256, result), parts.clock(),
        with_facts=caller.role in READS_EVERYTHING,
    )  # fmt: skip


def _plan(
    submission: CheckedSubmission, document_sha256: str | None, result: PreviewResult
) -> Plan | None:
    """What an approval would be about; built here, since details may hold an address."""
    if would_be([check.result for check in result.checks]) is not ChangeStatus.AWAITING_APPROVAL:
        return None
    facts = {check.result.name: check.facts for check in result.checks}
    return build_plan(
        wish=wish_of(submission.kind, submission.details),
        details=submission.details.model_dump(mode="json"),
        requested_date=submission.requested_date,
        document_version=1 if document_sha256 else 0,
        document_sha256=document_sha256,
        held=frozenset(Product(each) for each in facts[CheckName.ENTITLEMENT]["products"]),
        recurring_minor=facts[CheckName.STANDING]["recurring_minor"],
        ticket=None,
    )


def _view(
    what: PreviewInput, result: PreviewResult, plan: Plan | None, at: datetime, *, with_facts: bool
) -> PreviewView:
    checks = [check.result for check in result.checks]
    return PreviewView(
        would_be=would_be(checks),
        summary=summary_of(what.wish),
        checks=[_check(check, at, with_facts=with_facts) for check in result.checks],
        missing=[WaitingOn(party=each.party, what=each.what) for each in missing(checks)],
        plan=plan_view(plan, plan.sha256) if plan else None,
        correlation_id=what.correlation_id,
    )


def _check(check: PreviewCheck, at: datetime, *, with_facts: bool) -> CheckView:
    told = check.result
    return CheckView(
        name=told.name,
        system=told.system,
        outcome=told.outcome,
        code=told.code,
        detail=told.sentence,
        at=at,
        facts=check.facts if with_facts else {},
    )


async def _cannot_ask(parts: Parts, what: PreviewInput, failure: FailureDetails) -> ApiError:
    """Which system could not be asked, why, and when it may be asked again."""
    system = failure.system
    cause = cause_of(failure.code, failure.step, system)
    if failure.code is FailureCode.INTERNAL or system not in VENDORS:
        return ApiError("internal", f"{cause}.")
    async with parts.sessions() as session:
        traffic, now = await read_traffic(session, what.wish.kind)
    pause = traffic.pause_of(system)
    if pause is not None:
        why = f"{pause.actor} paused {pause.scope}: {pause.reason}"
        return ApiError("vendor_unavailable", f"{cause}. {why}", retry_after=PAUSED_FOR)
    gate = traffic.gates.get(system)
    if gate is None or gate.closed_until is None or gate.closed_until <= now:
        return ApiError("vendor_unavailable", f"{cause}.")
    left = math.ceil((gate.closed_until - now).total_seconds())
    detail = f"{cause}; nobody calls it before {gate.closed_until:%H:%M:%S} UTC."
    return ApiError("vendor_unavailable", detail, retry_after=left)
