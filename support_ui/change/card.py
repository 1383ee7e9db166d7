"""The seven answers as one card, each leading to its evidence, and what each system holds."""

from collections.abc import Sequence

import streamlit as st

from domain.contracts import AnswersView, ServiceChangeView, TimelineEntry
from support_ui import action_panel, session
from support_ui.change import opening
from support_ui.view_models import actions, holdings, verdicts
from support_ui.view_models.answers import Answer, seven_answers
from support_ui.view_models.evidence import Proof

_SHOWN_AT_ONCE = 2
"""Evidence that has its button at once; more of it stands behind one."""


def show(change: ServiceChangeView, answers: AnswersView, entries: Sequence[TimelineEntry]) -> None:
    """The seven answers; the last one holds the buttons it speaks of."""
    *told, may_act = seven_answers(answers, entries, session.now())
    with st.container(border=True, gap="medium"):
        with st.grid(3, min_column_width=300, gap="medium"):
            for answer in told:
                with st.container(gap="xxsmall"):
                    _answer(answer)
        with st.container(gap="xsmall"):
            _answer(may_act)
            action_panel.show(
                change,
                actions.offers(change, answers.may_act),
                verdicts.of_the_step(change, answers.safe_to_retry),
            )


def _answer(answer: Answer) -> None:
    st.caption(f":material/{answer.icon}: {answer.question}")
    st.markdown(f"##### {answer.headline}", anchors=False)
    for line in answer.lines:
        st.markdown(f":small[{line}]")
    if len(answer.evidence) <= _SHOWN_AT_ONCE:
        _proofs(answer)
        return
    label = f"Evidence ({len(answer.evidence)})"
    # Named after what is open, so that it closes once one of its links is followed.
    with st.popover(
        label, type="tertiary", icon=":material/link:", key=f"proofs.{answer.icon}.{opening.name()}"
    ):
        _proofs(answer)


def _proofs(answer: Answer) -> None:
    proofs: tuple[Proof, ...] = answer.evidence
    for proof in proofs:
        opening.proof_button(proof, answer.icon)


def holdings_strip(change: ServiceChangeView) -> None:
    """Which version each system holds, and which is on its way there."""
    cards = holdings.cards(session.api().holdings(change.id), session.now())
    st.caption("What each system holds of this change")
    with st.grid(4, min_column_width=240, gap="small"):
        for card in cards:
            with st.container(border=True, gap="xxsmall"):
                st.markdown(f"**{card.system}**")
                for line in card.lines:
                    st.markdown(f":small[{line}]")
