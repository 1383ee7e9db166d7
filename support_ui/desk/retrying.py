"""Retrying by cause: first what it would do, then the canary as it goes, then what became of it.

The replay that is looked at stands in the address, so that a link leads to it. Every button
carries an idempotency key until the API has decided: a double click is one request.
"""

from functools import partial

import streamlit as st

from domain.contracts_desk import DeadLetterGroupView, ReplayView
from domain.replays import UNDER_WAY, ReplayState, Steering
from domain.wording import upper_first
from support_ui import asking, session, ui
from support_ui.desk import items
from support_ui.view_models import places, replays, text, words

REPLAY = "replay"
"""The part of the address that names the replay which is looked at."""

_PAST = 10
_EVERY = 2.0
_WHY = "What was mended, in a sentence. It is kept with every change that is retried."


def button(group: DeadLetterGroupView) -> None:
    """What opens it: says of each change whether it may be retried, and starts nothing."""
    under_way = group.replay
    with st.container(horizontal=True, gap="small"):
        st.button(
            "Retry by cause",
            key=f"retry.{group.fingerprint}",
            type="primary",
            icon=":material/refresh:",
            help="Shows first what it would do; nothing starts yet.",
            on_click=_dry_run,
            args=(group.fingerprint, asking.request_key(_dry_form(group.fingerprint))),
        )
        if under_way and under_way != st.query_params.get(REPLAY):
            st.button(
                "Look at the retry under way",
                key=f"watch.{group.fingerprint}",
                icon=":material/sync:",
                on_click=_open,
                args=(under_way,),
            )


def show(replay: ReplayView) -> None:
    """The replay that is looked at: as a dry run, as it goes, or as it ended."""
    with st.container(border=True, gap="small"):
        with st.container(horizontal=True, vertical_alignment="center"):
            heading = "What retrying would do" if _is_dry(replay) else "Retry by cause"
            st.markdown(f"##### {heading}", anchors=False, width="stretch")
            st.button(
                "Close", key="replay.close", type="tertiary", icon=":material/close:",
                on_click=_close,
            )  # fmt: skip
        if _is_dry(replay):
            _before(replay)
            return
        if replay.state in UNDER_WAY:
            _steering(replay)
        if replay.finished_at is None:
            st.fragment(_live, run_every=_EVERY)(replay)
        else:
            _progress(replay)


def earlier(fingerprint: str) -> None:
    """Retries of the cause, under way and past, the newest first."""
    page = session.api().replays(fingerprint, limit=_PAST)
    if not page.items:
        return
    st.markdown("##### Retries of this cause", anchors=False)
    ui.link_table(
        [replays.past_row(item, session.now()) for item in page.items],
        key=f"replays.{fingerprint}",
        alt="Retries of this cause, the newest first",
        opens=ui.Opens(
            "Retry",
            [places.replay(fingerprint, item.id) for item in page.items],
            help="Shows what became of each change",
        ),
        columns={
            "When": ui.wide(90),
            "Who": ui.wide(130),
            "Why": ui.wide(280),
            "State": st.column_config.MultiselectColumn(
                width=120,
                options=[look.label for look in words.REPLAY.values()],
                color=[look.colour for look in words.REPLAY.values()],
            ),
            "Result": ui.wide(260),
        },
    )


def _is_dry(replay: ReplayView) -> bool:
    return replay.state is ReplayState.DRY_RUN


def _before(replay: ReplayView) -> None:
    """What a dry run found, by rule, and the form that starts it."""
    st.markdown(replays.would_do(replay))
    ui.static_table(replays.rule_rows(replay), empty="Nothing stands still.", alt="By which rule")
    with st.expander(f"Each of the {sum(replay.rules.values()):,} changes", key="replay.each"):
        items.show(replay)
    fingerprint = str(replay.selection.get("fingerprint", ""))
    with st.form(f"replay.start.{replay.id}", border=False, enter_to_submit=False):
        reason = f"replay.why.{fingerprint}"
        st.text_area("Reason", key=reason, placeholder=_WHY, height=80)
        st.caption(
            "What stands still when you start is retried. It stops itself when the first one "
            "fails, or too many do."
        )
        st.form_submit_button(
            replays.start_label(replay),
            key="replay.start",
            type="primary",
            icon=":material/refresh:",
            disabled=replay.start_refused is not None,
            on_click=_start,
            args=(fingerprint, reason, asking.request_key(_start_form(fingerprint))),
        )
    if replay.start_refused:
        st.caption(f"**You cannot start it:** {text.plain(replay.start_refused)}")


def _live(drawn: ReplayView) -> None:
    """Look again every two seconds; the whole page is drawn anew once the state has changed."""
    with ui.guarded():
        seen = session.api().replay(drawn.id, items.wanted(drawn.id))
        if (seen.state, seen.finished_at) != (drawn.state, drawn.finished_at):
            st.rerun()
        _progress(seen)


def _progress(replay: ReplayView) -> None:
    ui.rich(replays.standing(replay, session.now()))
    if replay.sentence:
        st.caption(text.plain(replay.sentence))
    st.progress(replays.share_done(replay), upper_first(replays.result(replay)) + ".")
    ui.static_table(
        replays.stage_rows(replay), empty="Nothing was to be retried.", alt="Stages of the retry"
    )
    items.show(replay)


def _steering(replay: ReplayView) -> None:
    """Suspend, resume or cancel, by those who may."""
    may = {each.action: each for each in replay.caller}
    reason = f"steer.why.{replay.id}"
    with (
        st.popover("Suspend, resume or cancel", icon=":material/tune:"),
        st.form(f"steer.{replay.id}", border=False, enter_to_submit=False),
    ):
        st.caption("What is being retried comes to its end in any case.")
        st.text_area("Reason", key=reason, height=80)
        with st.container(horizontal=True):
            for action, (label, icon, _) in replays.STEERING.items():
                st.form_submit_button(
                    label,
                    key=f"steer.{action}",
                    icon=f":material/{icon}:",
                    disabled=not may[action].allowed,
                    help=text.plain(may[action].reason or "") or None,
                    on_click=_steer,
                    args=(replay.id, action, reason, asking.request_key(
                        _steer_form(action, replay.id))),
                )  # fmt: skip


def _dry_form(fingerprint: str) -> str:
    return f"dry_run.{fingerprint}"


def _start_form(fingerprint: str) -> str:
    return f"replay.{fingerprint}"


def _steer_form(action: Steering, replay_id: str) -> str:
    return f"{action}.{replay_id}"


def _dry_run(fingerprint: str, key: str) -> None:
    send = partial(
        session.api().replay_cause,
        fingerprint,
        reason=replays.DRY_RUN_REASON,
        dry_run=True,
        idempotency_key=key,
    )
    made = asking.ask(send, lambda _: None, form=_dry_form(fingerprint))
    if made:
        _open(made.id)


def _start(fingerprint: str, reason: str, key: str) -> None:
    why = asking.entered(reason)
    if not why:
        asking.flash("warning", "Write the reason first, then start it.")
        return
    send = partial(
        session.api().replay_cause, fingerprint, reason=why, dry_run=False, idempotency_key=key
    )
    made = asking.ask(
        send,
        lambda made: f"Started: {text.plain(made.sentence)}",
        form=_start_form(fingerprint),
    )
    if made:
        _open(made.id)


def _steer(replay_id: str, action: Steering, reason: str, key: str) -> None:
    why = asking.entered(reason)
    if not why:
        asking.flash("warning", "Write the reason first; it is kept with the retry.")
        return
    asking.ask(
        partial(session.api().steer_replay, replay_id, action, reason=why, idempotency_key=key),
        lambda _: f"{replays.STEERING[action][2]}: {text.plain(why)}",
        form=_steer_form(action, replay_id),
    )


def _open(replay_id: str) -> None:
    st.query_params[REPLAY] = replay_id


def _close() -> None:
    st.query_params.pop(REPLAY, None)
