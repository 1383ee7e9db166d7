"""Which dead letters a drift is the cause of, as a condition of statements."""

from sqlalchemy import ColumnElement, and_, exists, func, select
from sqlalchemy.orm import aliased

from adapters.postgres.tables_desk import DeadLetterRow, ReplayItemRow, ReplayRow
from adapters.postgres.tables_drift import DriftChangeRow, DriftItemRow
from domain.drift import NOTED, DriftState
from domain.errors import FailureCode

_D = DeadLetterRow
_C = DriftChangeRow
_I = DriftItemRow


def stands_still_for(item_id: str) -> ColumnElement[bool]:
    """Of dead letters: those that this drift parked, and no other that is still open.

    What counts is what the change met last: an earlier drift of it may be over. What a replay for
    this drift has had its turn with is left to people.
    """
    link, other, item = aliased(_C), aliased(_C), aliased(_I)
    # Named outright: it stands inside of conditions, where nothing is correlated by itself.
    latest = (
        select(func.max(other.seen_at))
        .where(other.change_id == _D.change_id)
        .correlate(_D)
        .scalar_subquery()
    )
    mine = exists().where(
        link.change_id == _D.change_id, link.item_id == item_id, link.seen_at == latest
    )
    others = exists().where(
        link.change_id == _D.change_id,
        link.seen_at == latest,
        item.id == link.item_id,
        item.id != item_id,
        item.state == DriftState.OPEN,
        item.kind.not_in(NOTED),
    )
    retried = exists().where(
        ReplayItemRow.change_id == _D.change_id,
        ReplayItemRow.dead_letter_id == _D.id,
        ReplayItemRow.replay_id == ReplayRow.id,
        ReplayRow.drift == item_id,
    )
    return and_(
        _D.code == FailureCode.UNRECOGNISED_PAYLOAD,
        _D.change_id.in_(select(_C.change_id).where(_C.item_id == item_id)),
        mine,
        ~others,
        ~retried,
    )
