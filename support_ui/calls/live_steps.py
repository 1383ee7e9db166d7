"""The steps the engine has under way for a change."""

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter

from domain.contracts_live_steps import LiveStepsView
from support_ui.calls.transport import Connection, change_path, segment

_LIVE_STEPS = TypeAdapter(LiveStepsView)


class LiveStepCalls(Connection):
    """What is read of, and done to, steps under way."""

    def live_steps(self, change_id: str) -> LiveStepsView:
        """What is under way now."""
        return self.get(f"{change_path(change_id)}/live-steps", _LIVE_STEPS)

    def act_on_live_step(
        self,
        change_id: str,
        step: str,
        action: str,
        *,
        idempotency_key: str,
        body: Mapping[str, Any],
    ) -> LiveStepsView:
        """Try a step now, or limit its further tries. What is under way afterwards."""
        path = f"{change_path(change_id)}/live-steps/{segment(step)}/actions/{segment(action)}"
        return self.post(path, _LIVE_STEPS, body, idempotency_key=idempotency_key)
