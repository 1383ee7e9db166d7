"""Alerts: what fires, whose work it is, what to do about it, and from when on rules fire."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

import streamlit as st

from domain.alerts import AlertAction, RuleName, Severity, Unit
from domain.contracts_alerts import AlertActionView, AlertRuleView, AlertView
from domain.identifiers import System
from support_ui import decisions, paging, session, ui
from support_ui.calls.transport import ApiError
from support_ui.decisions import Shown
from support_ui.view_models import alerts, text

_LIST: Final = "alerts"
_ROWS: Final = 25
_ALERT: Final = "alert"
_CHOSEN: Final = "alerts.chosen"  # put into the address by the list itself, not by a link
_SEEN: Final = "alerts.seen"
_HOURS: Final = "alerts.hours"
_WHY: Final = "Why, in a sentence. It is kept with the alert and in the audit trail."


@st.fragment(run_every=10.0)
def _watch() -> None:
    """Looks whether something has begun to fire or is over, and has the page drawn anew then."""
    with ui.guarded():
        now, told = session.now(), session.api().alert_summary()
        seen = st.session_state.get(_SEEN)
        st.session_state[_SEEN] = told
        if seen is not None and seen != told:
            session.recount_alerts()
            st.rerun()
        critical = f", {told.critical:,} of them critical" if told.critical else ""
        sentence = f"{told.firing:,} firing{critical}." if told.firing else "Nothing fires."
        st.caption(f"{sentence} As of {text.moment(now, now)}. Looks again every 10 s.")


def _filters() -> tuple[str | None, str | None, str | None, str | None]:
    with st.grid(4, min_column_width=200):
        state = st.selectbox(
            "State",
            [state.value for state in alerts.STATES],
            index=None,
            key="state",
            bind="query-params",
            format_func=alerts.SPOKEN["state"].__getitem__,
            placeholder="Firing first, then resolved",
        )
        severity = st.selectbox(
            "Severity",
            [severity.value for severity in Severity],
            index=None,
            key="severity",
            bind="query-params",
            format_func=alerts.SPOKEN["severity"].__getitem__,
            placeholder="Any severity",
        )
        rule = st.selectbox(
            "Rule",
            [rule.value for rule in RuleName],
            index=None,
            key="rule",
            bind="query-params",
            format_func=alerts.SPOKEN["rule"].__getitem__,
            placeholder="Any rule",
        )
        system = st.selectbox(
            "System",
            [system.value for system in System],
            index=None,
            key="system",
            bind="query-params",
            format_func=alerts.SPOKEN["system"].__getitem__,
            placeholder="Any system",
        )
    return state, severity, rule, system


def _alerts() -> None:
    state, severity, rule, system = narrowed = _filters()
    page = session.api().alerts(
        state=state,
        severity=severity,
        rule=rule,
        system=system,
        cursor=paging.cursor(_LIST, narrowed),
        limit=_ROWS,
    )
    found = {item.id: item for item in page.items}
    wanted = st.query_params.get(_ALERT)
    if wanted and wanted not in found and wanted != st.session_state.get(_CHOSEN):
        _mailed(wanted)
        return
    if not found:
        ui.nothing_here(
            "No alert to show" if any(narrowed) else "Nothing fires",
            "What needs somebody appears here by itself, with what to do about it."
            if not any(narrowed)
            else "Nothing fits what is chosen above. Clear a filter to see more.",
            "notifications_off",
        )
        return
    chosen = ui.chosen_row(
        [alerts.row(item, session.now()) for item in page.items],
        list(found),
        wanted,
        name=_LIST,
        alt="Alerts, what fires first, by severity",
        columns={
            "Severity": st.column_config.MultiselectColumn(
                width=90,
                options=[look.label for look in alerts.SEVERITY.values()],
                color=[look.colour for look in alerts.SEVERITY.values()],
            ),
            "Alert": 300,
            "At": 190,
            "Reading": 80,
            "Limit": 95,
            "Since": 95,
            "Owner": 160,
            "State": st.column_config.MultiselectColumn(
                width=100,
                options=[look.label for look in alerts.LOOKS],
                color=[look.colour for look in alerts.LOOKS],
            ),
        },
    )
    paging.controls(_LIST, narrowed, page.next_cursor, len(page.items))
    st.session_state[_CHOSEN] = st.query_params[_ALERT] = chosen
    _open(found[chosen])


def _mailed(alert_id: str) -> None:
    """An alert that a link leads to, wherever in the list it is."""
    st.button("Back to the list", icon=":material/arrow_back:", on_click=st.query_params.clear)
    try:
        alert = session.api().alert(alert_id)
    except ApiError as error:
        if error.status != HTTPStatus.NOT_FOUND:
            raise
        ui.problem(error)
        return
    _open(alert)


def _open(alert: AlertView) -> None:
    now = session.now()
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.subheader(f"{alert.title}: {alerts.about(alert)}", anchor=False, width="stretch")
            for look in (alerts.SEVERITY[alert.severity], alerts.look(alert)):
                st.markdown(look.badge, width="content")
        with st.grid(3, min_column_width=240, gap="medium"):
            for fact in alerts.facts(alert, now):
                with st.container(gap="xxsmall"):
                    st.caption(f":material/{fact.icon}: {fact.label}")
                    for line in fact.lines:
                        ui.rich(f":small[{line}]")
        for line in alerts.said(alert, now):
            ui.rich(line)
        label, place = alerts.leads_to(alert)
        ui.link(place, label)
        _act(alert)
        with st.expander("What to do", expanded=True, icon=":material/menu_book:"):
            told = session.api().runbook(alert.rule)
            st.markdown(alerts.runbook(told.markdown))
            st.caption(f"Runbook `{told.path}`")


def _act(alert: AlertView) -> None:
    offers = alerts.offered(alert)
    if why := alerts.refusal(alert):
        st.caption(f":material/lock: {text.plain(why)}")
    if not offers:
        return
    with st.form(f"act.{alert.id}", border=False, enter_to_submit=False):
        reason = decisions.reason(alert.id, hint=_WHY)
        if any(offer.action is AlertAction.SILENCE for offer in offers):
            st.segmented_control(
                "Silence for",
                list(alerts.SILENCES),
                default="4 hours",
                required=True,
                key=_HOURS,
            )
        with st.container(horizontal=True):
            for offer in offers:
                look = alerts.ACTION[offer.action]
                decisions.submit(
                    _shown(alert, offer, reason),
                    look.label,
                    icon=look.icon,
                    primary=offer is offers[0],
                )


def _shown(alert: AlertView, offer: AlertActionView, reason: str) -> Shown[AlertView]:
    api, action = session.api(), offer.action

    def send(key: str, body: Mapping[str, Any]) -> AlertView:
        del key  # the same again changes nothing
        wanted = {"reason": body["reason"]}
        if action is AlertAction.SILENCE:
            wanted["until"] = alerts.silence_ends(body["hours"], session.now())
        after = api.act_on_alert(alert.id, action, wanted)
        session.recount_alerts()
        st.session_state.pop(_SEEN, None)
        return after

    return Shown(
        form=f"{action}.{alert.id}",
        reason_field=reason,
        asks_to=alerts.ACTION[action].label.lower(),
        send=send,
        tells=lambda after: alerts.confirmation(action, after, session.now()),
        chosen={"hours": _HOURS} if action is AlertAction.SILENCE else {},
    )


def _rules() -> None:
    rules = session.api().alert_rules()
    ui.static_table(
        [alerts.rule_row(rule, session.now()) for rule in rules],
        empty="The API listed no rule.",
        alt="Rules: from when on each fires, and whose work it is",
    )
    if any(rule.may_change for rule in rules):
        _threshold({str(rule.name): rule for rule in rules})
    else:
        st.caption(":material/lock: Thresholds are set by administrators.")


def _threshold(rules: Mapping[str, AlertRuleView]) -> None:
    with st.container(border=True):
        st.markdown("##### Set a threshold", anchors=False)
        name = st.selectbox(
            "Rule to change",
            list(rules),
            format_func=alerts.SPOKEN["rule"].__getitem__,
            key="alerts.rule",
        )
        rule = rules[name]
        with st.form("threshold", border=False, enter_to_submit=False):
            value = f"alerts.threshold.{name}"
            unit = ", in seconds" if rule.unit is Unit.SECONDS else ""
            st.number_input(
                f"Fires {'under' if rule.below else 'over'}{unit}",
                min_value=0.0,
                value=rule.threshold,
                step=1.0,
                format="%.0f",
                key=value,
            )
            reason = decisions.reason(f"threshold.{name}", hint=_WHY)
            decisions.submit(_changed(rule, value, reason), "Set it", icon="tune", primary=True)


def _changed(rule: AlertRuleView, value: str, reason: str) -> Shown[AlertRuleView]:
    api = session.api()

    def send(key: str, body: Mapping[str, Any]) -> AlertRuleView:
        del key  # the same again changes nothing
        wanted = {"threshold": st.session_state[value], "reason": body["reason"]}
        return api.set_threshold(rule.name, wanted)

    return Shown(
        form=f"threshold.{rule.name}",
        reason_field=reason,
        asks_to="set a threshold",
        send=send,
        tells=lambda after: (
            f"“{after.title}” fires "
            f"{alerts.limit(after.below, after.threshold, after.unit)} from the next round on."
        ),
    )


ui.title("Alerts", "What needs somebody, as it is measured every few seconds; and what to do.")
_watch()
firing, rules_ = st.tabs(["Alerts", "Rules"], key="tab", bind="query-params")
with firing, ui.guarded():
    _alerts()
with rules_, ui.guarded():
    _rules()
