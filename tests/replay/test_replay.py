"""Today's workflow code takes every stored history the way it went when it was recorded."""

import re
from pathlib import Path

import pytest
from temporalio import workflow
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner, WorkflowRunner

from adapters.temporal.client import data_converter
from domain.messages import EngineName, ServiceChangeInput, ServiceChangeResult
from domain.steps import Step
from tests.replay.brief import BRIEF, BRIEFLY
from tests.replay.histories import HISTORIES, store, stored
from tests.replay.polling import POLLED, POLLS
from tests.replay.previews import PREVIEWED, PREVIEWS
from tests.replay.reconciliation import RECONCILED, RECONCILIATIONS
from tests.replay.replays import REPLAYED, REPLAYS
from tests.replay.reports import REPORTED, REPORTS
from tests.replay.scenarios import SCENARIOS
from worker.main import workflow_runner
from workflows import WORKFLOWS, ServiceChangeWorkflow

_CHANGES = stored()
_FOLDERS = (HISTORIES, POLLS, REPLAYS, PREVIEWS, RECONCILED, REPORTS, BRIEF)
_STORED = [history for folder in _FOLDERS for history in stored(folder)]
_MACHINE = re.compile(r'"/(home|root|work|usr|tmp|Users)/|[0-9]+@[A-Za-z]|File \\"')
_PERSONAL = re.compile(r"[A-Za-z0-9.]+@[A-Za-z0-9]+\.[a-z]|billing_address|line1|postal_code")


def name_of(history: WorkflowHistory) -> str:
    """The scenario."""
    return history.workflow_id


@pytest.mark.parametrize(
    "runner", [workflow_runner(), UnsandboxedWorkflowRunner()], ids=["sandboxed", "unsandboxed"]
)
@pytest.mark.parametrize("history", _STORED, ids=name_of)
async def test_a_stored_history_replays(history: WorkflowHistory, runner: WorkflowRunner) -> None:
    replayer = Replayer(
        workflows=WORKFLOWS, workflow_runner=runner, data_converter=data_converter()
    )

    result = await replayer.replay_workflow(history, raise_on_replay_failure=False)

    assert result.replay_failure is None


def test_every_scenario_has_its_history() -> None:
    assert {name_of(history) for history in _CHANGES} == set(SCENARIOS)
    assert {name_of(history) for history in stored(POLLS)} == set(POLLED)
    assert {name_of(history) for history in stored(REPLAYS)} == set(REPLAYED)
    assert {name_of(history) for history in stored(PREVIEWS)} == set(PREVIEWED)
    assert {name_of(history) for history in stored(REPORTS)} == set(REPORTED)
    assert {name_of(history) for history in stored(RECONCILED)} == set(RECONCILIATIONS)
    assert {name_of(history) for history in stored(BRIEF)} == set(BRIEFLY)


def test_every_registered_workflow_type_has_a_history() -> None:
    kept = {
        history.events[0].workflow_execution_started_event_attributes.workflow_type.name
        for history in _STORED
    }
    registered = {workflow._Definition.must_from_class(each).name for each in WORKFLOWS}
    assert kept == registered


def test_a_folder_without_histories_is_an_error_that_says_how_to_record(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"tests\.replay\.record"):
        stored(tmp_path)


@pytest.mark.parametrize(
    "path",
    sorted(path for folder in _FOLDERS for path in folder.glob("*.json")),
    ids=lambda path: path.stem,
)
def test_a_stored_history_holds_nothing_personal_and_no_trace_of_a_machine(path: Path) -> None:
    text = path.read_text()

    assert _MACHINE.search(text) is None
    assert _PERSONAL.search(text) is None


def test_storing_what_was_stored_changes_nothing(tmp_path: Path) -> None:
    for history in _CHANGES:
        again = store(name_of(history), history, tmp_path)

        assert again.read_text() == (HISTORIES / again.name).read_text()


@workflow.defn(name=EngineName.WORKFLOW)
class _CrmFirst(ServiceChangeWorkflow):
    """What a careless change of order would look like."""

    @workflow.init
    def __init__(self, change: ServiceChangeInput) -> None:
        super().__init__(change)

    @workflow.run
    async def run(self, change: ServiceChangeInput) -> ServiceChangeResult:
        return await super().run(change)

    async def _apply(self) -> None:
        await self._perform(Step.UPDATE_SERVICES, "Approved and applied.")


async def test_a_workflow_that_takes_another_way_is_caught() -> None:
    (happy,) = (history for history in _STORED if name_of(history) == "happy")
    replayer = Replayer(
        workflows=[_CrmFirst],
        workflow_runner=UnsandboxedWorkflowRunner(),
        data_converter=data_converter(),
    )

    with pytest.raises(workflow.NondeterminismError):
        await replayer.replay_workflow(happy)
