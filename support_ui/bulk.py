"""One decision about several changes: each sent for itself, with a result for each on the page.

Every item has an idempotency key of its own until the API has decided it. A job that is cut off by
a second click or a reload goes on where it stood, and what was sent already is the same request.
"""

from collections.abc import Sequence
from typing import Final

import streamlit as st

from domain.contracts_approvals import ApprovalView
from domain.service_change import Action
from support_ui import asking, decisions, session, ui
from support_ui.calls.transport import ApiError
from support_ui.view_models import actions, approvals, bulk, problems, text, words
from support_ui.view_models.approvals import Several
from support_ui.view_models.bulk import Became, Item, Job, Result

_REASON: Final = "several"
_OFFERED: Final = (Action.APPROVE, Action.REJECT)


def decide(items: Sequence[ApprovalView]) -> None:
    """What is taken together, what of it may be decided how, and one reason for all."""
    ways = [approvals.several(items, action) for action in _OFFERED]
    with st.container(border=True, gap="small"):
        st.subheader(f"{len(items)} changes at once", anchor=False)
        ui.static_table(
            approvals.several_rows(items, ways), empty="", alt="The changes decided together"
        )
        with st.form("decide.several", border=False, enter_to_submit=False):
            decisions.reason(_REASON)
            st.caption(
                "Each is decided for itself, by the plan and document shown here; what has changed "
                "meanwhile is refused and named."
            )
            for caution in filter(None, (way.caution for way in ways)):
                st.caption(f":material/group: {caution}")
            with st.container(horizontal=True):
                for way in ways:
                    _button(way)


def _button(way: Several) -> None:
    keys = {
        item.change.id: asking.request_key(_form(way.action, item.change.id))
        for item in way.allowed
    }
    st.form_submit_button(
        way.button,
        key=f"several.{way.action}",
        type="primary" if way.action is Action.APPROVE else "secondary",
        icon=f":material/{words.ACTION[way.action].icon}:",
        disabled=not way.allowed,
        on_click=_begin,
        args=(way, keys),
    )


def _form(action: Action, change_id: str) -> str:
    return f"several.{action}.{change_id}"


def _begin(way: Several, keys: dict[str, str]) -> None:
    """Runs once per click, with what was on the screen at that moment."""
    running: Job | None = st.session_state.get(session.JOB)
    if running is not None and running.left:
        return
    why = asking.entered(f"reason.{_REASON}")
    if not why:
        asking.flash("warning", actions.ask_for_reason(way.button.lower()))
        return
    items = [bulk.item(each, way.action, why, keys[each.change.id]) for each in way.allowed]
    st.session_state[session.JOB] = Job(way.action, tuple(items))
    st.query_params.pop("id", None)


def work_off() -> None:
    """Send what a job has left, one after the other, and show what became of each."""
    job: Job | None = st.session_state.get(session.JOB)
    if job is None:
        return
    if job.left:
        _send(job)
        st.rerun()
    _results(job)


def _send(job: Job) -> None:
    label = words.ACTION[job.action].label
    bar = st.progress(0.0, f"{label}: {len(job.left)} to go")
    for item in job.left:
        job.results[item.change_id] = _sent(job.action, item)
        done = len(job.results)
        bar.progress(done / len(job.items), f"{label}: {done} of {len(job.items)}")
    bar.empty()


def _sent(action: Action, item: Item) -> Result:
    form = _form(action, item.change_id)
    try:
        after = session.api().act(item.change_id, action, idempotency_key=item.key, body=item.body)
    except ApiError as error:
        told = problems.told(error.problem, error.retry_after)
        if not error.settled:
            return Result(Became.UNDECIDED, told)
        asking.retire_request_key(form)
        return Result(Became.REFUSED, told)
    asking.retire_request_key(form)
    return Result(Became.DONE, text.plain(actions.confirmation(action, after)))


def _results(job: Job) -> None:
    tone = st.success if len(job.of(Became.DONE)) == len(job.items) else st.warning
    with st.container(border=True, gap="small"):
        tone(bulk.told(job), icon=":material/checklist:")
        ui.static_table(list(bulk.rows(job)), empty="", alt="What became of each")
        with st.container(horizontal=True):
            undecided = len(job.of(Became.UNDECIDED))
            if undecided:
                st.button(
                    f"Send the {undecided} without an answer again",
                    key="several.again",
                    type="primary",
                    icon=":material/refresh:",
                    on_click=_again,
                    args=(job,),
                )
            st.button(
                "Put these results away",
                key="several.close",
                icon=":material/close:",
                on_click=_close,
            )


def _again(job: Job) -> None:
    st.session_state[session.JOB] = job.once_more()


def _close() -> None:
    st.session_state.pop(session.JOB, None)
