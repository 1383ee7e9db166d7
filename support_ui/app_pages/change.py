"""One change: what it waits for, the seven answers and actions, and behind them the evidence."""

from collections.abc import Callable
from datetime import timedelta
from http import HTTPStatus

import streamlit as st

from domain.contracts import ServiceChangeView, TimelineEntry
from domain.contracts_evidence import Personal
from domain.service_change import FINAL
from support_ui import asking, documents, live_steps, pausing, second_person, session, ui
from support_ui.calls.transport import ApiError
from support_ui.change import attempts, card, lineage, opening, payloads, story
from support_ui.view_models import actions, ownership, places, text
from support_ui.view_models import change as view
from support_ui.view_models.evidence import Section, opened

_JUST_NOW = timedelta(minutes=1)


def _look(shown: ServiceChangeView) -> None:
    """Look again while the change moves by itself, and redraw the page once it has."""
    with ui.guarded():
        if session.api().change(shown.id).updated_at != shown.updated_at:
            asking.keep_flash()
            st.rerun()


def _watch(shown: ServiceChangeView) -> None:
    """Often while somebody has just begun something, less often afterwards."""
    just_now = session.now() - shown.updated_at < _JUST_NOW
    st.fragment(_look, run_every=2.0 if just_now else 5.0)(shown)


def _head(change: ServiceChangeView) -> None:
    now = session.now()
    ui.title(view.heading(change), f"`{change.id}`")
    st.markdown(view.standing(change, now))
    if change.duplicate_of:
        ui.change_link(change.duplicate_of, f"A repetition of {change.duplicate_of}")
    if change.failure:
        ui.failure_headline(change.failure)
    steps = view.next_steps(change)
    if steps:
        st.info("\n\n".join(steps), icon=":material/arrow_forward:")


def _pausing(change: ServiceChangeView) -> None:
    """Whether a person has stopped it, and the way to do so; not for those who may not know."""
    found = session.allowed(session.api().pauses)
    if found is None:
        return
    own = [each for each in found if each.scope == change.id]
    if own:
        pausing.standing(own)
        return
    pausing.offer(
        "Pause this change",
        {change.id: change.id},
        "No further step begins until somebody ends the pause; nothing done is undone.",
    )


def _effects(change: ServiceChangeView) -> None:
    now = session.now()
    ui.static_table(
        view.effect_rows(change, now), empty="Nothing was done at any system yet.", alt="Effects"
    )
    wanted = opened(opening.name(), "effect")
    for effect in change.effects:
        with st.expander(
            f"Record of {text.plain(effect.idempotency_key)}",
            expanded=effect.idempotency_key == wanted,
            key=f"effect.{effect.idempotency_key}.{effect.idempotency_key == wanted}",
        ):
            ui.static_table(view.effect_record(effect, now), empty="", alt="Effect record")
    st.markdown("##### Tickets", anchors=False)
    ui.static_table(view.ticket_rows(change, now), empty="No ticket was opened.", alt="Tickets")


def _plan(change: ServiceChangeView) -> None:
    st.markdown("##### What was asked for", anchors=False)
    opening.personal_switch(change, "plan")
    ui.static_table(view.request_rows(change), empty="", alt="What was asked for")
    st.markdown("##### Checks", anchors=False)
    ui.static_table(
        view.check_rows(change, session.now()), empty="No check has answered yet.", alt="Checks"
    )
    st.markdown("##### Fields and where they come from", anchors=False)
    with ui.guarded():
        ui.static_table(
            ownership.synced_rows(session.api().fields(change.id), session.now()),
            empty="Nothing was read yet.",
            alt="Source, version and time of every field that is held",
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
    """One tab per section; only the open one is drawn, and asked for."""
    shown: dict[Section, Callable[[], None]] = {
        Section.TIMELINE: lambda: story.show(entries),
        Section.ATTEMPTS: lambda: attempts.show(change),
        Section.PAYLOADS: lambda: payloads.show(change),
        Section.EFFECTS: lambda: _effects(change),
        Section.DOCUMENTS: lambda: _documents(change),
        Section.LINEAGE: lambda: lineage.show(change, entries),
        Section.NOTES: lambda: story.notes(change, entries),
        Section.PLAN: lambda: _plan(change),
        Section.IDENTIFIERS: lambda: _identifiers(change),
    }
    with st.container(key="sections"):
        tabs = st.tabs(opening.section_names(), key=opening.TAB, bind="query-params")
        for tab, section in zip(tabs, Section, strict=True):
            if tab.open:
                with tab, ui.guarded():
                    shown[section]()
    opening.jump()


def _read(change_id: str) -> ServiceChangeView:
    """The change, with personal fields if they are asked for and the API shows them."""
    api = session.api()
    try:
        return api.change(change_id, opening.personal())
    except ApiError as error:
        if error.status != HTTPStatus.FORBIDDEN or opening.personal() is Personal.MASK:
            raise
        ui.problem(error)
    opening.mask()
    return api.change(change_id)


def _page(change_id: str) -> None:
    api = session.api()
    change = _read(change_id)
    answers, entries = api.answers(change_id), api.timeline(change_id)
    _head(change)
    second_person.show(change)
    card.show(change, answers, entries)
    if change.status not in FINAL:
        with ui.guarded():
            _pausing(change)
    if change.failure:
        ui.failure_facts(change.failure)
        if not change.failure.dead_letter:
            live_steps.show(change)
    with ui.guarded():
        card.holdings_strip(change)
    _sections(change, entries)
    if change.status in view.MOVING:
        _watch(change)


chosen = st.query_params.get("id", "").strip()
if chosen:
    _page(chosen)
else:
    ui.nothing_here("No change chosen", "Choose one from the list of changes.", "search")
    st.page_link(places.FIND_PAGE)
