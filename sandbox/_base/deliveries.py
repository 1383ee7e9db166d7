"""What goes wrong on the way of webhooks, on purpose. Carries nothing out."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

Count = Annotated[int, Field(ge=0)]


class DeliveryPlan(BaseModel):
    """How the next webhooks travel; what is not given is as it should be.

    `withhold`: so many of the next events are never sent, though they happened. `repeat`: so many
    of the next are sent twice. `paused`: nothing is sent for now. `newest_first`: of those that
    wait, the latest goes first, as after a pause.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    withhold: Count = 0
    repeat: Count = 0
    paused: bool = False
    newest_first: bool = False


class DeliveryBoard:
    """The plan in force and how often it struck. Lives in memory: a restart clears it."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Everything is delivered once and in order again."""
        self.set(DeliveryPlan())

    def set(self, plan: DeliveryPlan) -> None:
        """Put a plan in force in place of the one before."""
        self.plan = plan
        self._withhold, self._repeat = plan.withhold, plan.repeat

    def withholds(self) -> bool:
        """Whether the event at hand is never to be sent; counts."""
        struck = self._withhold > 0
        self._withhold -= struck
        return struck

    def repeats(self) -> bool:
        """Whether the event at hand is to be sent once more; counts."""
        struck = self._repeat > 0
        self._repeat -= struck
        return struck

    def as_json(self) -> dict[str, Any]:
        """The plan, and how much of it has come to pass."""
        return {
            **self.plan.model_dump(),
            "withheld": self.plan.withhold - self._withhold,
            "repeated": self.plan.repeat - self._repeat,
        }
