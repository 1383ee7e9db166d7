"""Retries of many dead letters at once."""

from collections.abc import Sequence

from pydantic import TypeAdapter

from domain.contracts import Page
from domain.contracts_desk import ReplaySummaryView, ReplayView
from domain.replays import ItemState, Steering
from support_ui.calls.transport import LIST_LIMIT, Connection, Query, segment

_ROUTE = "/v1/dead-letters/replays"
_REPLAYS = TypeAdapter(Page[ReplaySummaryView])
_REPLAY = TypeAdapter(ReplayView)


class ReplayCalls(Connection):
    """Looked at, begun and steered."""

    def replays(self, fingerprint: str, *, limit: int) -> Page[ReplaySummaryView]:
        """The newest replays of one cause, without dry runs."""
        query: Query = {"fingerprint": fingerprint, "dry_run": "false", "limit": limit}
        return self.get(_ROUTE, _REPLAYS, query)

    def replay(self, replay_id: str, states: Sequence[ItemState] = ()) -> ReplayView:
        """One, with as many of its items as a page of the API holds; of some states or of all."""
        query: Query = {"state": [str(state) for state in states], "limit": LIST_LIMIT}
        return self.get(f"{_ROUTE}/{segment(replay_id)}", _REPLAY, query)

    def replay_cause(
        self, fingerprint: str, *, reason: str, dry_run: bool, idempotency_key: str
    ) -> ReplayView:
        """Retry what stands still for a cause, or only say of each whether it may be retried."""
        body = {"fingerprint": fingerprint, "reason": reason, "dry_run": dry_run}
        return self.post(_ROUTE, _REPLAY, body, idempotency_key=idempotency_key)

    def steer_replay(
        self, replay_id: str, action: Steering, *, reason: str, idempotency_key: str
    ) -> ReplayView:
        """Suspend, resume or cancel one."""
        path = f"{_ROUTE}/{segment(replay_id)}/actions/{action}"
        return self.post(path, _REPLAY, {"reason": reason}, idempotency_key=idempotency_key)
