"""What people have paused."""

from pydantic import TypeAdapter

from domain.contracts_operations import PauseView
from support_ui.calls.transport import Connection, decode, segment

_PAUSE = TypeAdapter(PauseView)
_PAUSES = TypeAdapter(list[PauseView])


class PauseCalls(Connection):
    """What stands paused, and letting it go on."""

    def pauses(self) -> list[PauseView]:
        """Everything that is paused now, the oldest first."""
        return self.get("/v1/pauses", _PAUSES)

    def pause(self, scope: str, reason: str) -> PauseView:
        """Stop a change, a kind, a system or everything; safe to repeat."""
        answer = self.send("PUT", f"/v1/pauses/{segment(scope)}", json={"reason": reason})
        return decode(answer, _PAUSE)

    def resume(self, scope: str) -> None:
        """End a pause; safe to repeat."""
        self.send("DELETE", f"/v1/pauses/{segment(scope)}")
