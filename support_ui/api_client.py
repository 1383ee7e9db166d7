"""The HTTP API as typed calls. Holds no rule: what the API refuses is raised with its sentence."""

from support_ui.calls.alerts import AlertCalls
from support_ui.calls.approvals import ApprovalCalls
from support_ui.calls.assignments import AssignmentCalls
from support_ui.calls.changes import ChangeCalls
from support_ui.calls.credentials import CredentialCalls
from support_ui.calls.desk import DeskCalls
from support_ui.calls.drift import DriftCalls
from support_ui.calls.evidence import EvidenceCalls
from support_ui.calls.finding import FindingCalls
from support_ui.calls.live_steps import LiveStepCalls
from support_ui.calls.messages import MessageCalls
from support_ui.calls.operations import OperationCalls
from support_ui.calls.pauses import PauseCalls
from support_ui.calls.reconciliation import ReconciliationCalls
from support_ui.calls.records import RecordCalls
from support_ui.calls.replays import ReplayCalls
from support_ui.calls.reports import ReportCalls


class ApiClient(
    AlertCalls,
    ApprovalCalls,
    AssignmentCalls,
    ChangeCalls,
    CredentialCalls,
    DeskCalls,
    DriftCalls,
    EvidenceCalls,
    FindingCalls,
    LiveStepCalls,
    MessageCalls,
    OperationCalls,
    PauseCalls,
    ReconciliationCalls,
    RecordCalls,
    ReplayCalls,
    ReportCalls,
):
    """One caller's view of the API.

    Every method raises ApiError for anything but the answer it promises. Reads may be repeated
    freely; what takes an idempotency key is safe to repeat with the same one.
    """
