"""What a person says of a drift: one form for whoever proposes, one for the second person."""

from collections.abc import Mapping
from typing import Any, Final

import streamlit as st

from domain.contracts_drift import DriftItemView, MappingView, PendingMappingView
from domain.drift import DriftAction
from domain.mappings import MappingState
from support_ui import decisions, session
from support_ui.decisions import Shown
from support_ui.view_models import drift, text

_WAYS: Final = {
    DriftAction.MAP: ("Propose to a second person", "group"),
    DriftAction.ACCEPT: ("Accept as known", "check"),
    DriftAction.DISMISS: ("Dismiss", "cancel"),
}


_VERDICTS: Final = {
    "confirm": ("Confirm the mapping", "check"),
    "decline": ("Decline", "close"),
}


def propose(item: DriftItemView) -> None:
    """The map form where there is something to map it to, and the ways to put it away."""
    may = {each.action: each for each in item.may_act}
    can_map = may[DriftAction.MAP].allowed
    allowed = [each for each in item.may_act if each.allowed]
    if not allowed:
        for sentence in dict.fromkeys(each.reason for each in item.may_act if each.reason):
            st.caption(f"**You cannot decide this:** {text.plain(sentence)}")
        return
    with st.form(f"drift.{item.id}", border=False, enter_to_submit=False):
        chosen: dict[str, str] = {}
        if can_map:
            chosen["known"] = f"known.{item.id}"
            st.selectbox(
                drift.choice_label(item),
                item.choices,
                index=None,
                key=chosen["known"],
                placeholder="Choose what is known here",
            )
        reason_field = decisions.reason(
            item.id, hint="Why, and where the vendor says so. It is kept with the decision."
        )
        with st.container(horizontal=True):
            for each in allowed:
                mapped = chosen if each.action is DriftAction.MAP else None
                _button(item, each.action, reason_field, mapped)


def _button(
    item: DriftItemView,
    action: DriftAction,
    reason_field: str,
    chosen: Mapping[str, str] | None = None,
) -> None:
    api = session.api()
    label, icon = _WAYS[action]

    def send(key: str, body: Mapping[str, Any]) -> DriftItemView:
        return api.act_on_drift(item.id, action, idempotency_key=key, body=body)

    shown = Shown(
        form=f"{action}.{item.id}",
        reason_field=reason_field,
        asks_to=label.lower(),
        send=send,
        tells=lambda _: drift.DONE[action],
        chosen=chosen or {},
    )
    decisions.submit(shown, label, icon=icon, primary=action is DriftAction.MAP)


def answer(item: DriftItemView, proposal: PendingMappingView) -> None:
    """What waits for a second person, as that person has to see it, and the two answers."""
    with st.container(border=True, gap="small"):
        st.markdown(
            f"##### :orange[:material/group:] {drift.mapping_words(proposal)}", anchors=False
        )
        st.markdown(drift.proposal_standing(proposal, session.now()))
        st.markdown(f"**Why:** “{text.plain(proposal.reason)}”")
        if proposal.refusal:
            st.caption(f"**You cannot answer this:** {text.plain(proposal.refusal)}")
            return
        with st.form(f"second.{proposal.id}", border=False, enter_to_submit=False):
            reason_field = decisions.reason(
                proposal.id, hint="Why, in a sentence. It is kept with the mapping."
            )
            st.caption(
                "Once confirmed, everything parked for this goes on: one change, then ten, then "
                "the rest."
            )
            with st.container(horizontal=True):
                for verdict in _VERDICTS:
                    _verdict(item, proposal, reason_field, verdict)


def _verdict(
    item: DriftItemView,
    proposal: PendingMappingView,
    reason_field: str,
    verdict: str,
) -> None:
    api = session.api()
    label, icon = _VERDICTS[verdict]

    def send(key: str, body: Mapping[str, Any]) -> DriftItemView:
        return api.second_mapping(item.id, proposal.id, idempotency_key=key, body=body)

    shown = Shown(
        form=f"{verdict}.{proposal.id}",
        reason_field=reason_field,
        asks_to=verdict,
        send=send,
        tells=_told,
        given={"verdict": verdict, "seen_sha256": proposal.sha256},
    )
    decisions.submit(shown, label, icon=icon, primary=verdict == "confirm")


def _told(after: DriftItemView) -> str:
    if after.mappings[0].state is not MappingState.ACTIVE:
        return "Declined. The drift is as it was."
    if not after.replays:
        return "Confirmed. Nothing stood still for it."
    return f"Confirmed. {after.replays[0].items:,} parked go on within a minute."


def retire(mapping: MappingView) -> None:
    """End an active mapping; the API decides who may."""
    api = session.api()

    def send(key: str, body: Mapping[str, Any]) -> MappingView:
        return api.retire_mapping(mapping.id, idempotency_key=key, body=body)

    with st.form(f"retire.{mapping.id}", border=False, enter_to_submit=False):
        reason_field = decisions.reason(
            mapping.id, hint="Why it is wrong or not needed any more. It is kept with the mapping."
        )
        shown = Shown(
            form=f"retire.{mapping.id}",
            reason_field=reason_field,
            asks_to="retire the mapping",
            send=send,
            tells=lambda _: "Retired. What comes unmapped is parked again.",
        )
        decisions.submit(shown, "Retire this mapping", icon="history", primary=False)
