"""When a played row counts as settled, and what is told when it went otherwise than expected."""

from collections import Counter
from datetime import UTC, date, datetime

from domain.contracts import CheckView, ServiceChangeView, WaitingOn
from domain.identifiers import System
from domain.service_change import ChangeKind, ChangeStatus, CheckName, CheckOutcome
from stack.batch.days import DayRule, RequestedDay
from stack.batch.ledgers import object_to
from stack.batch.rows import Act, BatchRow, Expected, Move
from stack.batch.verdict import Played

S = ChangeStatus
AT = datetime(2026, 11, 24, tzinfo=UTC)
UPLOAD = Move(when=S.INCOMPLETE, do=Act.UPLOAD)
APPROVE = Move(when=S.AWAITING_APPROVAL, do=Act.APPROVE)
REJECT = Move(when=S.INCOMPLETE, do=Act.REJECT, reason="No.")


def row(
    *moves: Move,
    status: ChangeStatus = S.ACTIVE,
    codes: tuple[str, ...] = (),
    parties: tuple[str, ...] = (),
) -> BatchRow:
    return BatchRow(
        ref="B001",
        group="a group",
        account_id="7590-VHVEG",
        kind=ChangeKind.ADD_SERVICE,
        details={"service": "tech_support"},
        requested_day=RequestedDay(rule=DayRule.OPEN, nth=1),
        document=None,
        moves=moves,
        expected=Expected(status=status, codes=codes, parties=parties),
    )


def change(status: ChangeStatus, *codes: str, party: str = "") -> ServiceChangeView:
    return ServiceChangeView(
        id="chg_1",
        account_id="7590-VHVEG",
        kind=ChangeKind.ADD_SERVICE,
        status=status,
        requested_date=date(2026, 12, 1),
        submitted_by="portal",
        submitted_at=AT,
        updated_at=AT,
        due_at=None,
        waiting_on=[WaitingOn(party=party, what="something")] if party else [],
        next_action=None,
        summary="",
        recurring_before_minor=None,
        recurring_after_minor=None,
        details={},
        note="",
        correlation_id="c",
        workflow_id="service-change/chg_1",
        duplicate_of=None,
        document_versions=[],
        checks=[
            CheckView(
                name=CheckName.COMPLETENESS,
                system=System.THROUGHLINE,
                outcome=CheckOutcome.BLOCKED,
                code=code,
                detail=f"{code} stands in the way.",
                at=AT,
            )
            for code in codes
        ],
        plan=None,
        effects=[],
        tickets=[],
        failure=None,
    )


def played(row_: BatchRow, *seen: ServiceChangeView) -> Played:
    each = Played(row_)
    for view in seen:
        each.look(view)
        for move in each.due():
            each.made(move)
    return each


def test_a_row_that_ended_as_expected_has_nothing_to_tell() -> None:
    each = played(row(APPROVE), change(S.AWAITING_APPROVAL), change(S.ACTIVE))
    assert each.settled
    assert each.deviations() == []


def test_another_end_is_told() -> None:
    each = played(row(APPROVE), change(S.AWAITING_APPROVAL), change(S.REJECTED))
    assert each.deviations() == ["is rejected, not active"]


def test_a_row_the_api_never_took_is_told() -> None:
    assert played(row(APPROVE)).deviations() == ["is not accepted, not active"]


def test_the_right_end_for_the_wrong_reason_is_told_with_party_and_words() -> None:
    expected = row(REJECT, status=S.REJECTED, codes=("past_due",), parties=("customer",))
    each = played(
        expected, change(S.INCOMPLETE, "date_weekend", party="portal"), change(S.REJECTED)
    )
    assert each.deviations() == [
        "was held up by date_weekend, not by past_due",
        "waited for portal, not for customer",
    ]


def test_words_are_those_of_what_stands_in_the_way() -> None:
    each = played(row(), change(S.INCOMPLETE, "past_due", party="customer"))
    assert each.words == "past_due stands in the way."


def test_a_hold_up_that_was_to_be_and_never_was_is_told() -> None:
    expected = row(UPLOAD, APPROVE, codes=("document_missing",), parties=("customer",))
    each = played(expected, change(S.AWAITING_APPROVAL), change(S.ACTIVE))
    assert "was held up by nothing, not by document_missing" in each.deviations()


def test_what_held_it_up_first_is_kept_though_it_goes_on() -> None:
    expected = row(UPLOAD, APPROVE, codes=("document_missing",), parties=("customer",))
    each = played(
        expected,
        change(S.INCOMPLETE, "document_missing", party="customer"),
        change(S.AWAITING_APPROVAL),
        change(S.ACTIVE),
    )
    assert each.deviations() == []


def test_a_change_left_to_wait_is_settled_once_it_waits() -> None:
    left = row(status=S.INCOMPLETE, codes=("past_due",), parties=("customer",))
    assert not played(left, change(S.CHECKING)).settled
    assert played(left, change(S.INCOMPLETE, "past_due", party="customer")).settled


def test_after_its_last_move_a_change_is_not_settled_until_it_has_left_the_status() -> None:
    each = played(row(REJECT, status=S.REJECTED), change(S.INCOMPLETE))
    assert not each.settled
    each.look(change(S.REJECTED))
    assert each.settled


def test_a_change_that_rests_before_its_next_move_is_not_settled() -> None:
    each = played(row(UPLOAD, APPROVE), change(S.INCOMPLETE), change(S.CHECKING))
    each.look(change(S.INCOMPLETE))
    assert not each.settled
    assert each.due() == []


def test_a_change_that_needs_attention_after_its_last_move_is_settled() -> None:
    each = played(row(APPROVE), change(S.AWAITING_APPROVAL), change(S.APPLYING))
    assert not each.settled
    each.look(change(S.NEEDS_ATTENTION))
    assert each.settled


def test_a_row_calls_for_a_look_when_it_is_listed_in_a_new_resting_status() -> None:
    each = played(row(APPROVE), change(S.PENDING))
    assert not each.calls_for(None)
    assert not each.calls_for(S.CHECKING)
    assert each.status is S.CHECKING
    assert each.calls_for(S.AWAITING_APPROVAL)


def test_objections_on_the_way_are_told() -> None:
    each = played(row(APPROVE), change(S.AWAITING_APPROVAL), change(S.ACTIVE))
    each.objections.append("approve: not allowed")
    assert each.deviations() == ["approve: not allowed"]


def counted(**done: int) -> dict[System, Counter[str]]:
    systems = (System.BILLING, System.SCHEDULING, System.CRM)
    return {system: Counter({"chg_1": done.get(system, 1)}) for system in systems}


def test_each_vendor_having_done_its_part_once_is_nothing_to_object_to() -> None:
    each = played(row(APPROVE), change(S.AWAITING_APPROVAL), change(S.ACTIVE))
    object_to([each], counted())
    assert each.deviations() == []


def test_a_vendor_that_did_its_part_twice_or_not_at_all_is_named() -> None:
    each = played(row(APPROVE), change(S.AWAITING_APPROVAL), change(S.ACTIVE))
    object_to([each], counted(billing=2, crm=0))
    assert each.deviations() == [
        "billing's ledger holds 2 price change posted, not 1",
        "crm's ledger holds 0 order closed, not 1",
    ]


def test_a_vendor_that_did_something_for_a_rejected_change_is_named() -> None:
    each = played(row(status=S.REJECTED), change(S.REJECTED))
    object_to([each], counted(scheduling=1, billing=0, crm=0))
    assert each.deviations() == ["scheduling's ledger holds 1 appointment confirmed, not 0"]
