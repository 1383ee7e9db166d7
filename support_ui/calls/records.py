"""Who is asking, vendor health and field ownership."""

from pydantic import TypeAdapter

from domain.contracts import FieldOwnershipView, Me
from domain.contracts_operations import IntegrationHealthView
from support_ui.calls.transport import Connection

_ME = TypeAdapter(Me)
_HEALTH = TypeAdapter(list[IntegrationHealthView])
_OWNERSHIP = TypeAdapter(list[FieldOwnershipView])


class RecordCalls(Connection):
    """What is read across changes."""

    def me(self) -> Me:
        """Who the API takes this caller for."""
        return self.get("/v1/me", _ME)

    def integrations(self) -> list[IntegrationHealthView]:
        """How each system of record has been answering."""
        return self.get("/v1/health/integrations", _HEALTH)

    def field_ownership(self) -> list[FieldOwnershipView]:
        """Each field, its owner, and who may change it."""
        return self.get("/v1/field-ownership", _OWNERSHIP)
