"""Who is asking, and field ownership."""

from pydantic import TypeAdapter

from domain.contracts import FieldOwnershipView, Me
from support_ui.calls.transport import Connection

_ME = TypeAdapter(Me)
_OWNERSHIP = TypeAdapter(list[FieldOwnershipView])


class RecordCalls(Connection):
    """What is read across changes."""

    def me(self) -> Me:
        """Who the API takes this caller for."""
        return self.get("/v1/me", _ME)

    def field_ownership(self) -> list[FieldOwnershipView]:
        """Each field, its owner, and who may change it."""
        return self.get("/v1/field-ownership", _OWNERSHIP)
