"""One change: what it waits for, second approvals, the seven answers, actions, what is behind."""

from collections.abc import Callable

import streamlit as st

from domain.contracts import AnswersView, ServiceChangeView, TimelineEntry
from support_ui import action_panel, charts, documents, second_person, session, ui
from support_ui.view_models import actions, text, timeline
from support_ui.view_models import change as view
from support_ui.view_models.answers import Answer, seven_answers


@st.fragment(run_every=2.0)
def _watch(shown: ServiceChangeView) -> None:
    """Look again while the change moves by itself, and redraw the page once it has."""
    with ui.guarded():
        if session.api().change(shown.id).updated_at != shown.updated_at:
            session.keep_flash()
            st.rerun()


def _head(change: ServiceChangeView) -> None:
    now = session.now()
    ui.title(view.heading(change), f"`{change.id}`")
    st.markdown(view.standing(change, now))
    if change.duplicate_of:
        ui.change_link(change.duplicate_of, f"A repetition of {change.duplicate_of}")
    if change.failure:
        ui.failure(change.failure)
    steps = view.next_steps(change)
    if steps:
        st.info("\n\n".join(steps), icon=":material/arrow_forward:")


def _card(change: ServiceChangeView, answers: AnswersView, entries: list[TimelineEntry]) -> None:
    """The seven answers; the last one holds the buttons it speaks of."""
    *told, may_act = seven_answers(answers, entries, session.now())
    with st.container(border=True, gap="medium"):
        with st.grid(3, min_column_width=300, gap="medium"):
            for answer in told:
                with st.container(gap="xxsmall"):
                    _answer(answer)
        with st.container(gap="xsmall"):
            _answer(may_act)
            action_panel.show(change, actions.offers(change, answers.may_act))


def _answer(answer: Answer) -> None:
    st.caption(f":material/{answer.icon}: {answer.question}")
    st.markdown(f"##### {answer.headline}", anchors=False)
    for line in answer.lines:
        st.markdown(f":small[{line}]")
    if answer.evidence:
        label = f"Evidence ({len(answer.evidence)})"
        with st.popover(label, type="tertiary", icon=":material/link:"):
            st.markdown("\n".join(f"- {line}" for line in answer.evidence))


def _timeline(entries: list[TimelineEntry]) -> None:
    if not entries:
        st.caption("Nothing has happened yet.")
        return
    st.markdown(" :gray[→] ".join(phase.badge for phase in timeline.phases(entries)))
    st.altair_chart(
        charts.timeline(timeline.marks(entries, session.now())),
        alt="The events of this change in order, one lane per party; the table below holds them",
    )
    st.dataframe(
        timeline.rows(entries, session.now()),
        hide_index=True,
        height="content",
        alt="Everything that happened to this change, in order",
        column_config={
            "When": st.column_config.TextColumn(width=175),
            "Event": st.column_config.TextColumn(width=260),
            "Where": st.column_config.TextColumn(width=100),
            "Outcome": st.column_config.TextColumn(width=120),
            "Took": st.column_config.TextColumn(width=70),
            "Who": st.column_config.TextColumn(width=130),
            "Detail": st.column_config.TextColumn(width=360),
        },
    )
    with st.expander("Raw facts of each event"):
        for entry in entries:
            if entry.facts:
                at = text.moment(entry.at, session.now())
                st.caption(f"{at} {text.plain(entry.title)} (`{entry.id}`)")
                st.json(entry.facts, expanded=False)


def _effects(change: ServiceChangeView) -> None:
    now = session.now()
    ui.static_table(
        view.effect_rows(change, now), empty="Nothing was done at any system yet.", alt="Effects"
    )
    for effect in change.effects:
        with st.expander(f"Record of {text.plain(effect.idempotency_key)}"):
            ui.static_table(view.effect_record(effect, now), empty="", alt="Effect record")
    st.markdown("##### Tickets", anchors=False)
    ui.static_table(view.ticket_rows(change, now), empty="No ticket was opened.", alt="Tickets")


def _plan(change: ServiceChangeView) -> None:
    st.markdown("##### What was asked for", anchors=False)
    ui.static_table(view.request_rows(change), empty="", alt="What was asked for")
    st.markdown("##### Checks", anchors=False)
    ui.static_table(
        view.check_rows(change, session.now()), empty="No check has answered yet.", alt="Checks"
    )
    st.markdown("##### Plan", anchors=False)
    if change.plan is None:
        st.caption("There is no plan yet; the checks have to pass first.")
        return
    plan = change.plan
    before, after = plan.recurring_before_minor, plan.recurring_after_minor
    step = text.plain(text.price_step(before, after, plan.currency))
    difference = text.plain(text.price_difference(before, after, plan.currency))
    st.markdown(f"Monthly price **{step}**, {difference}")
    ui.static_table(view.plan_rows(plan), empty="Nothing.", alt="Planned effects")
    st.caption(actions.binding(plan))


def _identifiers(change: ServiceChangeView) -> None:
    ui.static_table(view.identifier_rows(change), empty="", alt="Identifiers")
    st.link_button(
        "Open the workflow in Temporal Web",
        view.engine_link(session.engine_web(), change),
        icon=":material/open_in_new:",
    )


def _documents(change: ServiceChangeView) -> None:
    documents.every_version(change, session.now())
    documents.upload(change)


def _sections(change: ServiceChangeView, entries: list[TimelineEntry]) -> None:
    """One tab per section; only the open one is drawn."""
    sections: dict[str, Callable[[], None]] = {
        "Timeline": lambda: _timeline(entries),
        "Effects and tickets": lambda: _effects(change),
        "Documents": lambda: _documents(change),
        "Request and plan": lambda: _plan(change),
        "Identifiers": lambda: _identifiers(change),
    }
    tabs = st.tabs(list(sections), key="tab", bind="query-params")
    for tab, show in zip(tabs, sections.values(), strict=True):
        if tab.open:
            with tab:
                show()


def _page(change: ServiceChangeView, answers: AnswersView, entries: list[TimelineEntry]) -> None:
    _head(change)
    second_person.show(change)
    _card(change, answers, entries)
    _sections(change, entries)
    if change.status in view.MOVING:
        _watch(change)


change_id = st.query_params.get("id", "").strip()
if change_id:
    api = session.api()
    _page(api.change(change_id), api.answers(change_id), api.timeline(change_id))
else:
    ui.nothing_here("No change chosen", "Choose one from the list of changes.", "search")
    st.page_link(ui.FIND_PAGE)
