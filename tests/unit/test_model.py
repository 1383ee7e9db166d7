"""The model of a change holds under thousands of histories, and notices each rule that breaks."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import (
    run_state_machine_as_test,
)

from domain.errors import TransitionError
from domain.permissions import (
    ACTION_RULES,
    ActionRule,
    Situation,
)
from domain.service_change import (
    TRANSITIONS,
    Action,
    ChangeStatus,
    Role,
)
from tests.support.change_facts import A, S
from tests.support.change_model import ChangeModel


def histories(count: int, *, shrunk: bool = True) -> settings:
    """So many random histories of up to twelve events; one that breaks a rule is made short."""
    return settings(
        max_examples=count,
        stateful_step_count=12,
        deadline=None,
        database=None,
        report_multiple_bugs=False,
        phases=[Phase.generate, Phase.shrink] if shrunk else [Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


def test_no_history_breaks_a_rule() -> None:
    run_state_machine_as_test(ChangeModel, settings=histories(2000))


def changed(action: Action, **values: Any) -> tuple[Action, ActionRule]:  # noqa: ANN401 - fields of a rule
    return action, replace(ACTION_RULES[action], **values)


def never(_: Situation) -> bool:
    return False


def nothing_against_it(_: Situation) -> None:
    return None


def more(action: Action, *statuses: ChangeStatus) -> frozenset[ChangeStatus]:
    return ACTION_RULES[action].statuses | set(statuses)


BROKEN_RULES: Final = {
    "self-approval": changed(A.APPROVE, submitter_may=True),
    "support approves": changed(A.APPROVE, roles=frozenset({Role.SUPPORT, Role.OPERATOR})),
    "approved while it is checked": changed(A.APPROVE, statuses=more(A.APPROVE, S.CHECKING)),
    "rejected alone after billing": changed(A.REJECT, second_person=never),
    "cancelled alone after billing": changed(A.CANCEL, second_person=never),
    "corrected alone after billing": changed(A.CORRECT, second_person=never),
    "skipped alone": changed(A.SKIP, second_person=never),
    "checks are skipped": changed(A.SKIP, fits=nothing_against_it),
    "rejected when active": changed(A.REJECT, statuses=more(A.REJECT, S.ACTIVE)),
    "rejected while it is undone": changed(A.REJECT, fits=nothing_against_it),
    "retried past a revision": changed(A.RETRY, fits=nothing_against_it),
    "own revision applied": changed(A.APPLY_REVISION, submitter_may=True),
}

BROKEN_TRANSITIONS: Final[Mapping[str, tuple[ChangeStatus, Iterable[ChangeStatus]]]] = {
    "active without applying": (S.CHECKING, [*TRANSITIONS[S.CHECKING], S.ACTIVE]),
    "applied without approval": (S.INCOMPLETE, [*TRANSITIONS[S.INCOMPLETE], S.APPLYING]),
    "back from the dead": (S.REJECTED, [S.CHECKING]),
    "no way out": (S.NEEDS_ATTENTION, []),
}


@pytest.mark.parametrize("name", sorted(BROKEN_RULES))
def test_a_broken_rule_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ACTION_RULES, *BROKEN_RULES[name])

    with pytest.raises((AssertionError, TransitionError)):
        run_state_machine_as_test(ChangeModel, settings=histories(5000, shrunk=False))


@pytest.mark.parametrize("name", sorted(BROKEN_TRANSITIONS))
def test_a_broken_transition_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    status, following = BROKEN_TRANSITIONS[name]
    monkeypatch.setitem(TRANSITIONS, status, frozenset(following))

    with pytest.raises((AssertionError, TransitionError)):
        run_state_machine_as_test(ChangeModel, settings=histories(5000, shrunk=False))
