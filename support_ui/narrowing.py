"""The fields that narrow a list, the views that keep them, and the list as a file.

Every field stands in the page's address. A view is opened by filling the fields, so that what is
shown is always what the fields say.
"""

from collections.abc import Mapping
from datetime import date
from functools import partial
from typing import Any, Final

import streamlit as st

from domain.contracts import MatchCount
from domain.contracts_views import SavedViewView
from domain.filters import ListPage
from support_ui import asking, session
from support_ui.view_models import narrowing, text, views
from support_ui.view_models.narrowing import ALSO, FIELDS, Query

VIEW: Final = "view"
"""The view a link names; what the fields hold counts, and the view is what they began from."""

_FILLED: Final = "narrowing.filled"
_DELETING: Final = "narrowing.delete"


def words(label: str, key: str, placeholder: str = "") -> None:
    """A field for text."""
    st.text_input(label, key=key, type="search", bind="query-params", placeholder=placeholder)


def choices(label: str, key: str, options: Mapping[str, str], placeholder: str) -> None:
    """A field for any of several values; `options` are their words."""
    st.multiselect(
        label,
        [str(value) for value in options],
        key=key,
        bind="query-params",
        format_func=lambda value: options.get(value, value),
        placeholder=placeholder,
    )


def day(label: str, key: str) -> None:
    """A field for a day of the reader's own calendar."""
    st.date_input(
        label,
        value=None,
        min_value=date(2000, 1, 1),
        max_value=date(2099, 12, 31),
        key=key,
        bind="query-params",
        format="YYYY-MM-DD",
    )


def number(label: str, key: str, **bounds: Any) -> None:  # noqa: ANN401 - Streamlit's own
    """A field for a number."""
    st.number_input(label, value=None, key=key, bind="query-params", **bounds)


def also(placeholder: str) -> None:
    """The field for everything else, in the API's own words."""
    st.text_input(
        "Further conditions",
        key=ALSO,
        type="search",
        bind="query-params",
        placeholder=placeholder,
        help="As the API takes them: `field=gte:value`, joined by `&`; with `gte`, `gt`, `lte` or "
        "`lt`, and times that may count from now, such as `now-2d`.",
    )


def further(page: ListPage, ahead: frozenset[str]) -> bool:
    """Whether something is set beyond the fields that always show."""
    held = st.session_state
    names = {*FIELDS[page], ALSO} - ahead
    return any(held.get(name) or st.query_params.get(name) for name in names)


def asked(page: ListPage) -> Query:
    """What the fields ask for."""
    held = {name: st.session_state.get(name) for name in (*FIELDS[page], ALSO)}
    return narrowing.query_of(FIELDS[page], held, session.now())


def opened(page: ListPage) -> list[SavedViewView] | None:
    """The page's views; the one a link names has filled the fields. Before any field is drawn.

    None: whoever is signed in keeps no views, by the API's word.
    """
    kept = session.allowed(lambda: session.api().views(page))
    if kept is None:
        return None
    wanted = st.query_params.get(VIEW)
    if wanted and st.session_state.get(_FILLED) != (page, wanted):
        st.session_state[_FILLED] = (page, wanted)
        found = next((view for view in kept if view.id == wanted), None)
        if found is None:
            st.query_params.pop(VIEW, None)
            st.warning("This view is not there any more, or it is not shared with you.")
        elif not _anything_asked(page):
            _fill(page, found.filters)
    return kept


def _anything_asked(page: ListPage) -> bool:
    return any(st.query_params.get(name) for name in (*FIELDS[page], ALSO))


def _fill(page: ListPage, filters: Mapping[str, Any]) -> None:
    entered = narrowing.entered_of(FIELDS[page], filters, session.now())
    for name, field in FIELDS[page].items():
        st.session_state[name] = entered.get(name, field.empty)
    st.session_state[ALSO] = entered.get(ALSO, "")


def bar(page: ListPage, kept: list[SavedViewView] | None, query: Query) -> None:
    """Open a view, keep what is asked for as one, and change the one that is open."""
    if kept is None:
        return
    caller = session.me()
    me = caller.principal if caller else ""
    current = next((view for view in kept if view.id == st.query_params.get(VIEW)), None)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        names = {view.id: views.name(view, me) for view in kept}
        key = f"views.{page}.{current.id if current else ''}"
        if names:
            st.selectbox(
                "View",
                list(names),
                index=list(names).index(current.id) if current else None,
                key=key,
                format_func=lambda view_id: names.get(view_id, view_id),
                placeholder="Open a view",
                on_change=_open,
                args=(page, key, {view.id: view.filters for view in kept}),
                width=300,
            )
        with st.popover("Keep as a view", icon=":material/bookmark_add:"):
            _keeping(page, query)
        if current and current.may_edit:
            with st.popover("Change this view", icon=":material/tune:"):
                _changing(current, query)
    if current:
        _standing(current, query)


def _standing(view: SavedViewView, query: Query) -> None:
    if told := views.alert(view, session.now()):
        st.caption(told)
    if view.filters != narrowing.kept(query, view.page):
        st.caption("The fields have been changed since this view was opened.")


def _open(page: ListPage, key: str, filters: Mapping[str, Mapping[str, Any]]) -> None:
    chosen = st.session_state[key]
    if chosen is None:
        st.query_params.pop(VIEW, None)
    else:
        st.query_params[VIEW] = chosen
    st.session_state[_FILLED] = (page, chosen)
    _fill(page, filters.get(chosen, {}))


def _keeping(page: ListPage, query: Query) -> None:
    with st.form(f"views.keep.{page}", border=False, enter_to_submit=False):
        st.text_input("Name", key="views.name", max_chars=80)
        st.checkbox("Share with everybody here", key="views.shared")
        _limit("views.alert", None)
        st.form_submit_button(
            "Keep this view",
            key="views.keep",
            type="primary",
            icon=":material/bookmark_add:",
            on_click=_keep,
            args=(page, narrowing.kept(query, page)),
        )


def _limit(key: str, value: int | None) -> None:
    st.number_input(
        "Tell operations when it holds more than",
        min_value=0,
        max_value=10_000,
        value=value,
        key=key,
        placeholder="No alert",
        help="By mail and webhook where these are set up; once when it is crossed, and once when "
        "it is over.",
    )


def _keep(page: ListPage, filters: Mapping[str, Any]) -> None:
    name = asking.entered("views.name")
    if not name:
        asking.flash("warning", "Give the view a name first.")
        return
    body = {
        "page": str(page),
        "name": name,
        "filters": dict(filters),
        "shared": bool(st.session_state["views.shared"]),
        "alert_above": st.session_state["views.alert"],
    }
    kept = asking.ask(
        partial(session.api().keep_view, body),
        lambda kept: f"Kept: {text.plain(kept.name)}. This page's address is its link.",
    )
    if kept:
        st.query_params[VIEW] = kept.id
        st.session_state[_FILLED] = (page, kept.id)


def _changing(view: SavedViewView, query: Query) -> None:
    with st.form(f"views.change.{view.id}", border=False, enter_to_submit=False):
        st.text_input("Name", value=view.name, key=f"views.name.{view.id}", max_chars=80)
        st.checkbox("Share with everybody here", value=view.shared, key=f"views.shared.{view.id}")
        _limit(f"views.alert.{view.id}", view.alert_above)
        st.checkbox("Take over what the fields ask for now", key=f"views.taken.{view.id}")
        st.form_submit_button(
            "Save",
            key=f"views.save.{view.id}",
            type="primary",
            icon=":material/save:",
            on_click=_save,
            args=(view, narrowing.kept(query, view.page)),
        )
    st.button(
        "Delete this view",
        key=f"{_DELETING}.{view.id}",
        icon=":material/delete:",
        on_click=_delete,
        args=(view,),
    )


def _save(view: SavedViewView, filters: Mapping[str, Any]) -> None:
    held = st.session_state
    body: dict[str, Any] = {
        "name": asking.entered(f"views.name.{view.id}") or view.name,
        "shared": bool(held[f"views.shared.{view.id}"]),
        "alert_above": held[f"views.alert.{view.id}"],
    }
    if held[f"views.taken.{view.id}"]:
        body["filters"] = dict(filters)
    asking.ask(
        partial(session.api().change_view, view.id, body),
        lambda saved: f"Saved: {text.plain(saved.name)}.",
    )


def _delete(view: SavedViewView) -> None:
    api, gone = session.api(), f"Deleted: {text.plain(view.name)}."

    def send() -> bool:
        api.delete_view(view.id)
        return True

    if asking.ask(send, lambda _: gone):
        st.query_params.pop(VIEW, None)


def counted(page: ListPage, query: Query, what: str) -> None:
    """How many fit, and the same as a file."""
    api = session.api()
    total: MatchCount = api.total(page, query)
    with st.container(horizontal=True, vertical_alignment="center"):
        with st.container(width="stretch", gap="xxsmall"):
            st.markdown(f"**{views.count(total, what)}**")
            st.caption(views.export(total))
        st.download_button(
            "Export as CSV",
            data=lambda: api.export(page, query),
            file_name=f"{page}-{session.now():%Y-%m-%d-%H%M}.csv",
            mime="text/csv",
            key=f"export.{page}",
            icon=":material/download:",
            disabled=not total.count,
        )
