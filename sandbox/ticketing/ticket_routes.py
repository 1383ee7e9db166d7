"""Routes about tickets: open, look up, comment, answer, close. No idempotency key, on purpose.

A second ticket under the same external reference is a second ticket: callers who lost an answer
must look up by their reference before they ask again. The same holds for comments.
"""

import sqlite3
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response

from sandbox._base.accounts import bundled_accounts
from sandbox._base.ledger import Entry
from sandbox._base.refusals import Refusal
from sandbox._base.vendor import Sandbox, SandboxDep
from sandbox.ticketing import tickets
from sandbox.ticketing.credentials import TokenRequired
from sandbox.ticketing.lifecycle import TicketAct, TicketStatus, status_after
from sandbox.ticketing.tickets import CUSTOMER, DESK, NewComment, Ticket

router = APIRouter(prefix="/api/tickets", tags=["tickets"], dependencies=[TokenRequired])

_ACCOUNT_IDS = frozenset(account.account_id for account in bundled_accounts())

Reference = Annotated[str, Field(min_length=1, max_length=255)]
Text = Annotated[str, Field(min_length=1, max_length=20_000)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class TicketFields(_Body):
    """A ticket to open. `external_reference` is the caller's own; it need not be unique."""

    subject: Annotated[str, Field(min_length=1, max_length=250)]
    body: Text
    account_id: str
    external_reference: Reference
    tags: list[str] = []


class CommentFields(_Body):
    """What the desk says; a public comment asks the customer."""

    body: Text
    public: bool = True
    external_reference: Reference | None = None


class AnswerFields(_Body):
    """What the customer says."""

    body: Text


class NewTicketBody(_Body):
    """`{"ticket": {…}}`."""

    ticket: TicketFields


class CommentBody(_Body):
    """`{"comment": {…}}`."""

    comment: CommentFields


class AnswerBody(_Body):
    """`{"answer": {…}}`."""

    answer: AnswerFields


class CloseBody(_Body):
    """How it ended."""

    resolution: Text


@router.post("", status_code=201)
async def open_ticket(new: NewTicketBody, sandbox: SandboxDep) -> Response:
    """Opens a ticket. Repeating opens another."""
    fields = new.ticket
    if fields.account_id not in _ACCOUNT_IDS:
        message = f"There is no account {fields.account_id}. Check the number."
        raise Refusal(422, "RecordInvalid", message)
    now = sandbox.clock()
    with sandbox.store.write() as db:
        ticket = tickets.open_ticket(
            db,
            account_id=fields.account_id,
            external_reference=fields.external_reference,
            subject=fields.subject,
            tags=tuple(fields.tags),
            now=now,
        )
        tickets.add_comment(db, ticket, NewComment(DESK, public=True, body=fields.body), now=now)
        _record(db, sandbox, "ticket_opened", ticket, detail=fields.subject)
    return _answer(ticket, 201)


@router.get("")
async def find_tickets(
    sandbox: SandboxDep,
    external_reference: Annotated[str | None, Query(min_length=1)] = None,
    account_id: str | None = None,
    page: Annotated[int, Query(ge=0)] = 0,
    page_size: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Response:
    """Tickets, oldest first: all under the caller's reference, else page by page.

    `next_page` is null at the end.
    """
    with sandbox.store.read() as db:
        if external_reference is not None:
            mine = tickets.by_external_reference(db, external_reference)
            told = [each.as_json() for each in mine]
            return JSONResponse({"tickets": told, "count": len(told)})
        found = tickets.page(db, page, page_size + 1, account_id)
    next_page = str(found[page_size - 1].seq) if len(found) > page_size else None
    told = [each.as_json() for each in found[:page_size]]
    return JSONResponse({"tickets": told, "count": len(told), "next_page": next_page})


@router.get("/{ticket_id}")
async def read_ticket(ticket_id: str, sandbox: SandboxDep) -> Response:
    """One ticket."""
    with sandbox.store.read() as db:
        return _answer(_known(db, ticket_id))


@router.get("/{ticket_id}/comments")
async def list_comments(ticket_id: str, sandbox: SandboxDep) -> Response:
    """The whole conversation, oldest first."""
    with sandbox.store.read() as db:
        found = tickets.comments_of(db, _known(db, ticket_id))
    return JSONResponse({"comments": found, "count": len(found)})


@router.post("/{ticket_id}/comments", status_code=201)
async def comment(ticket_id: str, body: CommentBody, sandbox: SandboxDep) -> Response:
    """Adds a comment of the desk; a public one waits for the customer. Repeating adds another."""
    said = body.comment
    act = TicketAct.ASK if said.public else TicketAct.NOTE
    new = NewComment(DESK, said.public, said.body, said.external_reference)
    with sandbox.store.write() as db:
        _, told = _say(db, sandbox, _known(db, ticket_id), act, new)
    return JSONResponse({"comment": told}, 201)


@router.post("/{ticket_id}/answers", status_code=201)
async def answer(ticket_id: str, body: AnswerBody, sandbox: SandboxDep) -> Response:
    """Adds what the customer answers, and tells the world (`ticket.answered`)."""
    new = NewComment(CUSTOMER, public=True, body=body.answer.body)
    with sandbox.store.write() as db:
        ticket, told = _say(db, sandbox, _known(db, ticket_id), TicketAct.ANSWER, new)
        _emit(db, sandbox, "ticket.answered", ticket)
    return JSONResponse({"comment": told}, 201)


@router.post("/{ticket_id}/close")
async def close(ticket_id: str, body: CloseBody, sandbox: SandboxDep) -> Response:
    """Closes a ticket and tells the world (`ticket.closed`); closing a closed one does nothing."""
    with sandbox.store.write() as db:
        ticket = _known(db, ticket_id)
        if ticket.status is not TicketStatus.CLOSED:
            ticket = tickets.move_on(
                db,
                ticket,
                _status_after(ticket, TicketAct.CLOSE),
                resolution=body.resolution,
                now=sandbox.clock(),
            )
            _record(db, sandbox, "ticket_closed", ticket, detail=body.resolution)
            _emit(db, sandbox, "ticket.closed", ticket)
    return _answer(ticket)


def _say(
    db: sqlite3.Connection, sandbox: Sandbox, ticket: Ticket, act: TicketAct, new: NewComment
) -> tuple[Ticket, dict[str, Any]]:
    now = sandbox.clock()
    ticket = tickets.move_on(db, ticket, _status_after(ticket, act), now=now)
    told = tickets.add_comment(db, ticket, new, now=now)
    what = "ticket_answered" if act is TicketAct.ANSWER else "ticket_commented"
    _record(db, sandbox, what, ticket, detail=told["id"], reference=new.external_reference)
    return ticket, told


def _status_after(ticket: Ticket, act: TicketAct) -> TicketStatus:
    status = status_after(ticket.status, act)
    if status is None:
        message = f"Ticket {ticket.ticket_id} is closed. Open another one."
        raise Refusal(422, "TicketClosed", message)
    return status


def _known(db: sqlite3.Connection, ticket_id: str) -> Ticket:
    ticket = tickets.by_id(db, ticket_id)
    if ticket is None:
        message = f"There is no ticket {ticket_id}. Look it up by external_reference."
        raise Refusal(404, "RecordNotFound", message)
    return ticket


def _answer(ticket: Ticket, status: int = 200) -> Response:
    return JSONResponse({"ticket": ticket.as_json()}, status)


def _record(
    db: sqlite3.Connection,
    sandbox: Sandbox,
    what: str,
    ticket: Ticket,
    *,
    detail: str,
    reference: str | None = None,
) -> None:
    sandbox.record(
        db,
        Entry(
            account_id=ticket.account_id,
            what=what,
            detail=detail,
            client_reference=reference or ticket.external_reference,
            vendor_reference=ticket.ticket_id,
        ),
    )


def _emit(db: sqlite3.Connection, sandbox: Sandbox, event_type: str, ticket: Ticket) -> None:
    sandbox.emit(
        db,
        event_type,
        {
            "ticket_id": ticket.ticket_id,
            "external_reference": ticket.external_reference,
            "account_id": ticket.account_id,
            "status": ticket.status,
            "version": ticket.version,
        },
    )
