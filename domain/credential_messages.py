"""What crosses the engine when credentials are tried. Versions and codes only, never a secret."""

from datetime import timedelta
from enum import StrEnum
from typing import Final

from domain.identifiers import System
from domain.messages import Message

ANSWERED_WITHIN: Final = timedelta(seconds=25)
"""A caller waits so long for a trial or a pre-flight: every system is asked at once."""


class TrialOutcome(StrEnum):
    """What a harmless call said of a credential."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    NOT_ASKED = "not_asked"
    """The system does not answer, is paused or wants to be left alone: nothing is known."""


class TrialInput(Message):
    """One version to try. `actor`: who wants to know."""

    system: System
    version: int
    actor: str
    correlation_id: str


class PreflightInput(Message):
    """The systems a job is going to call."""

    systems: tuple[System, ...]


class CredentialCheck(Message):
    """What one system said. `version`: the one it accepted, or was asked about."""

    system: System
    outcome: TrialOutcome
    sentence: str
    version: int | None = None


class PreflightResult(Message):
    """What each system said."""

    checks: tuple[CredentialCheck, ...]

    def refusing(self) -> list[System]:
        """The systems that would refuse the job."""
        return [each.system for each in self.checks if each.outcome is TrialOutcome.REFUSED]


class ProbeInput(Message):
    """A system whose gate is closed because it accepts no secret of ours."""

    system: System


class CredentialName:
    """The engine's names for the workflows, written out once."""

    TRIAL = "CredentialTrialWorkflow"
    PREFLIGHT = "CredentialPreflightWorkflow"
    PROBE = "CredentialProbeWorkflow"


def trial_workflow_id(system: System, version: int) -> str:
    """The id of a trial; the same version is tried once at a time."""
    return f"credential-trial/{system}/{version}"


def probe_workflow_id(system: System) -> str:
    """The id of the one probe of a system."""
    return f"credential-probe/{system}"


PREFLIGHT_WORKFLOW_ID: Final = "credential-preflight"
"""One at a time: who asks meanwhile is answered by the one under way."""
