"""The groups the batch consists of, as a table: how many, of which kinds, in whose way, how played.

The sentences are what the demo operator and the portal give as reasons.
"""

from dataclasses import dataclass
from typing import Final

from domain.service_change import ChangeKind, ChangeStatus
from stack.batch.days import DayRule
from stack.batch.rows import Act, Move, Submitter

_K = ChangeKind
_S = ChangeStatus

EVERY_KIND: Final = tuple(_K)
DOCUMENTED: Final = tuple(kind for kind in _K if kind is not _K.REMOVE_SERVICE)
"""Kinds that need a document; told here once more on purpose (see `expectations`)."""

_APPROVE = Move(when=_S.AWAITING_APPROVAL, do=Act.APPROVE, reason="Document and plan agree.")
_UPLOAD = Move(when=_S.INCOMPLETE, do=Act.UPLOAD)
_PAY = Move(when=_S.INCOMPLETE, do=Act.PAY)


def _rejected(when: ChangeStatus, reason: str) -> tuple[Move, ...]:
    return (Move(when=when, do=Act.REJECT, reason=reason),)


def _cancelled(when: ChangeStatus, reason: str) -> tuple[Move, ...]:
    return (Move(when=when, do=Act.CANCEL, reason=reason),)


@dataclass(frozen=True, slots=True)
class Group:
    """One line of the table.

    `findings`: exactly what must stand in the way. `lifecycle`: the accounts it takes; None is
    accounts nobody knows. `twice`: how many of its rows are sent twice.
    """

    name: str
    count: int
    ends: ChangeStatus
    kinds: tuple[ChangeKind, ...] = EVERY_KIND
    findings: frozenset[str] = frozenset()
    moves: tuple[Move, ...] = (_APPROVE,)
    lifecycle: str | None = "open"
    day: DayRule = DayRule.OPEN
    document: bool = True
    late: bool = False
    submitted_by: tuple[Submitter, ...] = (Submitter.PORTAL,)
    twice: int = 0
    repeats: str | None = None
    """The group whose first rows these repeat under another key."""


_BOTH_CHANNELS = (Submitter.PORTAL, Submitter.PORTAL, Submitter.PORTAL, Submitter.PARTNER)


def _smooth(name: str, count: int, kind: ChangeKind) -> Group:
    return Group(name, count, _S.ACTIVE, (kind,), submitted_by=_BOTH_CHANNELS, twice=2)


GROUPS: Final[tuple[Group, ...]] = (
    _smooth("internet service changed", 33, _K.CHANGE_INTERNET_SERVICE),
    _smooth("service added", 40, _K.ADD_SERVICE),
    _smooth("service removed", 32, _K.REMOVE_SERVICE),
    _smooth("contract changed", 24, _K.CHANGE_CONTRACT),
    _smooth("payment method changed", 20, _K.CHANGE_PAYMENT_METHOD),
    _smooth("billing address changed", 15, _K.CHANGE_BILLING_ADDRESS),
    Group(
        "closing account removes a service",
        6,
        _S.ACTIVE,
        (_K.REMOVE_SERVICE,),
        lifecycle="closing",
    ),
    Group(
        "entered by an operator, approved by another",
        6,
        _S.ACTIVE,
        submitted_by=(Submitter.OPERATOR,),
    ),
    Group(
        "document comes late",
        14,
        _S.ACTIVE,
        DOCUMENTED,
        frozenset({"document_missing"}),
        (_UPLOAD, _APPROVE),
        document=False,
        late=True,
    ),
    Group(
        "past due, pays",
        10,
        _S.ACTIVE,
        findings=frozenset({"past_due"}),
        moves=(_PAY, _APPROVE),
    ),
    Group(
        "past due and document missing, both settled",
        4,
        _S.ACTIVE,
        DOCUMENTED,
        frozenset({"past_due", "document_missing"}),
        (_UPLOAD, _PAY, _APPROVE),
        document=False,
        late=True,
    ),
    Group(
        "past due, never pays",
        6,
        _S.REJECTED,
        findings=frozenset({"past_due"}),
        moves=_rejected(_S.INCOMPLETE, "The overdue invoice was not paid in time."),
    ),
    Group(
        "closing account may not add",
        5,
        _S.REJECTED,
        (_K.ADD_SERVICE, _K.CHANGE_INTERNET_SERVICE),
        frozenset({"closing_may_not_add"}),
        _rejected(_S.INCOMPLETE, "The account is closing; nothing can be added."),
        lifecycle="closing",
    ),
    Group(
        "nothing to change",
        5,
        _S.CANCELLED,
        (_K.ADD_SERVICE, _K.REMOVE_SERVICE, _K.CHANGE_CONTRACT, _K.CHANGE_INTERNET_SERVICE),
        frozenset({"nothing_to_change"}),
        _cancelled(_S.INCOMPLETE, "The customer has it already."),
    ),
    Group(
        "requirement missing",
        6,
        _S.REJECTED,
        (_K.ADD_SERVICE, _K.REMOVE_SERVICE, _K.CHANGE_INTERNET_SERVICE),
        frozenset({"requirement_missing"}),
        _rejected(_S.INCOMPLETE, "The service does not work without the one it needs."),
    ),
    Group(
        "fiber not available",
        5,
        _S.CANCELLED,
        (_K.CHANGE_INTERNET_SERVICE,),
        frozenset({"fiber_not_available"}),
        _cancelled(_S.INCOMPLETE, "The customer stays with what is available."),
    ),
    Group(
        "term forbids the removal",
        4,
        _S.REJECTED,
        (_K.REMOVE_SERVICE, _K.CHANGE_INTERNET_SERVICE),
        frozenset({"contract_term_runs"}),
        _rejected(_S.INCOMPLETE, "The contract term runs; ask again when it ends."),
    ),
    Group(
        "term forbids a shorter contract",
        4,
        _S.REJECTED,
        (_K.CHANGE_CONTRACT,),
        frozenset({"contract_term_runs"}),
        _rejected(_S.INCOMPLETE, "The contract term runs; ask again when it ends."),
    ),
    Group(
        "unknown account",
        4,
        _S.REJECTED,
        findings=frozenset({"account_unknown"}),
        moves=(),
        lifecycle=None,
    ),
    Group(
        "closed account",
        4,
        _S.REJECTED,
        findings=frozenset({"account_closed"}),
        moves=(),
        lifecycle="closed",
    ),
    Group(
        "date on a weekend",
        5,
        _S.REJECTED,
        findings=frozenset({"date_weekend"}),
        moves=_rejected(_S.INCOMPLETE, "Nobody works on that day and no other date came."),
        day=DayRule.WEEKEND,
    ),
    Group(
        "date on a holiday",
        4,
        _S.CANCELLED,
        findings=frozenset({"date_holiday"}),
        moves=_cancelled(_S.INCOMPLETE, "The customer will ask again for another date."),
        day=DayRule.HOLIDAY,
    ),
    Group(
        "date beyond the calendar",
        2,
        _S.CANCELLED,
        findings=frozenset({"date_too_far"}),
        moves=_cancelled(_S.INCOMPLETE, "The customer will ask again nearer the date."),
        day=DayRule.BEYOND,
    ),
    Group(
        "same request under another key",
        8,
        _S.REJECTED,
        findings=frozenset({"duplicate_request"}),
        moves=(),
        repeats="service added",
    ),
    Group(
        "portal cancels before approval",
        7,
        _S.CANCELLED,
        moves=_cancelled(_S.AWAITING_APPROVAL, "The customer changed their mind."),
    ),
    Group(
        "operator rejects",
        7,
        _S.REJECTED,
        moves=_rejected(_S.AWAITING_APPROVAL, "The signature on the document does not match."),
    ),
    Group("left for you to approve", 12, _S.AWAITING_APPROVAL, moves=()),
    Group(
        "left waiting for a document",
        5,
        _S.INCOMPLETE,
        DOCUMENTED,
        frozenset({"document_missing"}),
        (),
        document=False,
    ),
    Group(
        "left waiting for a payment",
        3,
        _S.INCOMPLETE,
        findings=frozenset({"past_due"}),
        moves=(),
    ),
)
