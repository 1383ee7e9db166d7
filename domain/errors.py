"""Every failure the system can name. Where each becomes an answer stands elsewhere.

ThroughlineError
├── RuleError                      we refuse: the request breaks a rule
│   ├── InvalidChangeError         fields missing or contradictory, each named
│   ├── TransitionError            the status does not allow it
│   ├── DecisionRefusedError       the decision does not fit; `code` says why
│   ├── TooManyPreviewsError       a caller has as many under way as it may have
│   └── FieldOwnershipError        another system owns the field
├── EngineError                    the workflow engine did not take part
│   ├── EngineUnavailableError     it does not answer
│   ├── NobodyAnswersError         it answers, but no worker does
│   └── NoWorkflowError            it knows no running workflow of that change
├── NoticeError                    operations could not be told by one channel
└── VendorError                    a system of record did not do what was asked
    ├── VendorRejectedError        it said no; asking again changes nothing
    ├── VendorUnavailableError     nothing happened there; asking again may work
    │   └── VendorThrottledError   it named the earliest time to ask again
    ├── OutcomeUnknownError        sent and not answered; look up before repeating
    ├── UnrecognisedPayloadError   it answered something we do not act on
    └── CredentialError            it does not let us do this
        └── CredentialFaultError   it accepts none of our secrets for this system

`activities/failures.py` turns vendor errors into engine failures; `api/errors.py` turns rule
errors into HTTP answers. Nothing branches on message text.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from domain.drift import Sighting, drift_id
from domain.identifiers import System


class FailureCode(StrEnum):
    """What kind of failure it was: what policies, records and people go by."""

    REFUSED = "refused"
    UNAVAILABLE = "unavailable"
    THROTTLED = "throttled"
    OUTCOME_UNKNOWN = "outcome_unknown"
    UNRECOGNISED_PAYLOAD = "unrecognised_payload"
    CREDENTIAL = "credential"
    REVISION_PENDING = "revision_pending"
    WORKFLOW_LOST = "workflow_lost"
    STALLED = "stalled"
    """Its workflow is due and does not move; nothing else says why."""
    INTERNAL = "internal"
    UNVERIFIABLE = "unverifiable"
    """Sent and not answered, to a vendor that cannot be asked whether it was done."""
    PAUSED = "paused"
    """Not called at all: somebody stopped the change, the system or everything."""
    CREDENTIAL_FAULT = "credential_fault"
    """Not called until a secret works again: the system accepts none of ours."""


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One field of a request and what to do about it."""

    field: str
    message: str


class ThroughlineError(Exception):
    """Base of every failure this system raises on purpose."""


class RuleError(ThroughlineError):
    """The request breaks a rule of ours; repeating it unchanged will fail again."""


class InvalidChangeError(RuleError):
    """Fields are missing or contradict each other; `problems` names each one."""

    def __init__(self, problems: Sequence[FieldProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(f"{p.field}: {p.message}" for p in self.problems))


class TransitionError(RuleError):
    """A status change the transition table does not hold."""


class DecisionRefusedError(RuleError):
    """The workflow refused a decision before taking it; nothing happened."""

    def __init__(self, code: str, sentence: str) -> None:
        self.code = code
        super().__init__(sentence)


class TooManyPreviewsError(RuleError):
    """A caller has as many previews under way as it may have; one of them has to end first."""


class EngineError(ThroughlineError):
    """The workflow engine did not take part; our own record is as it was."""


class EngineUnavailableError(EngineError):
    """The engine does not answer."""


class NobodyAnswersError(EngineError):
    """The engine answers, but no worker takes the message."""


class NoWorkflowError(EngineError):
    """The engine knows no running workflow of the change."""


class FieldOwnershipError(RuleError):
    """A write to a field that another system owns; `owner` says whom to ask."""

    def __init__(self, field: str, owner: System, actor: str) -> None:
        self.field = field
        self.owner = owner
        super().__init__(
            f"{field} is owned by {owner.spoken}: {actor} may not change it; ask for it there."
        )


class NoticeError(ThroughlineError):
    """A mail or webhook to operations that could not be delivered; the queue still holds it."""


class VendorError(ThroughlineError):
    """A vendor call that did not do what was asked. `words` are the vendor's own, bounded."""

    code = FailureCode.INTERNAL

    def __init__(
        self, system: System, words: str, *, http_status: int | None = None, reason: str = ""
    ) -> None:
        self.system = system
        self.words = words[:500]
        self.http_status = http_status
        self.reason = reason
        """The vendor's machine-readable reason (such as `price_mismatch`), when it gave one."""
        super().__init__(f"{system}: {self.words}")


class VendorRejectedError(VendorError):
    """The vendor understood and refused. Never retried."""

    code = FailureCode.REFUSED


class VendorUnavailableError(VendorError):
    """The vendor did nothing and may do it later. Retried on a schedule."""

    code = FailureCode.UNAVAILABLE


class VendorThrottledError(VendorUnavailableError):
    """The vendor asks to wait `retry_after` seconds (already capped to a sane value)."""

    code = FailureCode.THROTTLED

    def __init__(
        self, system: System, words: str, *, retry_after: float, http_status: int | None = None
    ) -> None:
        super().__init__(system, words, http_status=http_status)
        self.retry_after = retry_after


class OutcomeUnknownError(VendorError):
    """The request may have reached the vendor. Look it up by our reference first."""

    code = FailureCode.OUTCOME_UNKNOWN


class UnrecognisedPayloadError(VendorError):
    """A status or field we act on is missing, renamed or new; `words` hold the raw text."""

    code = FailureCode.UNRECOGNISED_PAYLOAD

    def __init__(
        self,
        system: System,
        words: str,
        *,
        http_status: int | None = None,
        sighting: Sighting | None = None,
    ) -> None:
        reason = drift_id(system, sighting.findings[0]) if sighting else ""
        super().__init__(system, words, http_status=http_status, reason=reason)
        self.sighting = sighting
        """What the payload differs in; the reason is the drift it shows first."""


class CredentialError(VendorError):
    """The vendor knows who we are and does not let us do this."""

    code = FailureCode.CREDENTIAL


class CredentialFaultError(CredentialError):
    """The vendor accepts no secret we have, after one forced renewal of each; nothing happened.

    It is no fault of the change, so nobody calls the vendor until a secret works.
    """

    code = FailureCode.CREDENTIAL_FAULT
