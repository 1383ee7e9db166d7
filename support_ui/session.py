"""What one browser session holds of whoever is signed in.

Signing in is the OpenID provider's. Its ID token comes with every run from the cookie Streamlit
keeps, and goes to the API, which decides what it is worth; the console has no right of its own.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from http import HTTPStatus
from typing import Final, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st

from domain.contracts import Me
from domain.contracts_assignments import PersonView
from domain.service_change import ChangeStatus, Role
from http_client import CALLER_TIMEOUT, Client
from support_ui import asking
from support_ui.api_client import ApiClient
from support_ui.calls.transport import ApiError

_ME: Final = "session.me"
_PEOPLE: Final = "session.people"
_PLACES: Final = "session.places"
_STANDING_STILL: Final = "session.standing_still"
_ALERTS: Final = "session.alerts"
_HELD: Final = "session.held"
JOB: Final = "session.job"
"""A decision about several changes that is being sent, or whose results are being read."""
HISTORY: Final = "session.history"
"""A vendor's calls over time, as they were read within this minute."""
_COUNTED_FOR: Final = timedelta(seconds=10)
"""As long as the page Today waits before it looks again."""

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Places:
    """The addresses the console needs; `engine_web` is the engine's own, at its namespace."""

    api_url: str
    engine_web: str


@st.cache_resource
def _transport(api_url: str) -> Client:
    """One connection pool per API for all sessions; the token travels with each request."""
    # Our own API is called directly, whatever proxy the environment names for the world outside.
    return Client(base_url=api_url, timeout=CALLER_TIMEOUT, trust_env=False)


def connect(places: Places) -> None:
    """Tell this run where things are."""
    st.session_state[_PLACES] = places


def engine_web() -> str:
    """The engine's own console, at its namespace."""
    places: Places = st.session_state[_PLACES]
    return places.engine_web


def client_for(token: str) -> ApiClient:
    """The API as the holder of this token sees it."""
    places: Places = st.session_state[_PLACES]
    return ApiClient(_transport(places.api_url), token)


def id_token() -> str | None:
    """The provider's word on who is signed in, if anybody is."""
    if not st.user.get("is_logged_in"):
        return None
    return st.user.tokens.get("id")


def api() -> ApiClient:
    """The API as the signed-in caller sees it."""
    return client_for(id_token() or "")


def me() -> Me | None:
    """Who the API takes the signed-in person for; None where nobody is signed in.

    Raises ApiError where the API does not take the sign-in, or does not answer.
    """
    token = id_token()
    if token is None:
        return None
    held: tuple[str, Me] | None = st.session_state.get(_ME)
    if held is None or held[0] != token:
        held = st.session_state[_ME] = token, client_for(token).me()
    return held[1]


def role() -> Role | None:
    """What the signed-in person is to the API, for what is laid out differently by role."""
    caller = me()
    return caller.role if caller else None


def forget() -> None:
    """Forget everything held for whoever was signed in; the API is asked anew who they are."""
    asking.forget()
    for name in (_ME, _PEOPLE, _STANDING_STILL, _ALERTS, _HELD, JOB, HISTORY):
        st.session_state.pop(name, None)


def sign_out() -> None:
    """Forget, and end the sign-in at the provider as well."""
    forget()
    st.logout()


def standing_still() -> int:
    """How many changes need attention, for the navigation; 0 as long as nobody can say."""
    return _counted(_STANDING_STILL, lambda: api().counts().get(ChangeStatus.NEEDS_ATTENTION, 0))


def alerts_firing() -> int:
    """How many alerts fire that nobody has silenced; 0 as long as nobody can say."""
    return _counted(_ALERTS, lambda: api().alert_summary().firing)


def _counted(name: str, count: Callable[[], int]) -> int:
    held: tuple[datetime, int] | None = st.session_state.get(name)
    if held is None or now() - held[0] > _COUNTED_FOR:
        try:
            held = now(), count()
        except ApiError:  # the page itself says what is wrong
            held = now(), 0
        st.session_state[name] = held
    return held[1]


def recount_alerts() -> None:
    """The number in the navigation is asked for anew."""
    st.session_state.pop(_ALERTS, None)


def allowed(read: Callable[[], Answer]) -> Answer | None:
    """What is read, or None where the API says that it is not for whoever is signed in.

    For what a page can do without; what it is about is refused in the API's words.
    """
    try:
        return read()
    except ApiError as error:
        if error.status != HTTPStatus.FORBIDDEN:
            raise
    return None


def people() -> list[PersonView]:
    """Everybody work can be handed to; read once per session, since staff changes slowly."""
    if _PEOPLE not in st.session_state:
        st.session_state[_PEOPLE] = api().people()
    found: list[PersonView] = st.session_state[_PEOPLE]
    return found


def now() -> datetime:
    """The time pages compute ages from, on the reader's own clock as the browser tells it."""
    return datetime.now(_reader_zone())


def zone_name() -> str:
    """The reader's time zone by its name, as the API is asked by days of it."""
    zone = _reader_zone()
    return zone.key if isinstance(zone, ZoneInfo) else "UTC"


def _reader_zone() -> tzinfo:
    name = st.context.timezone
    try:
        return ZoneInfo(name) if name else UTC
    except (ZoneInfoNotFoundError, ValueError):  # the browser's word; it may be anything
        return UTC


def held(sha256: str, read: Callable[[], bytes]) -> bytes:
    """Bytes that are named by their hash, read once as long as they are looked at.

    One at a time is held, so that a session stays small.
    """
    kept: tuple[str, bytes] | None = st.session_state.get(_HELD)
    if kept is None or kept[0] != sha256:
        kept = sha256, read()
        st.session_state[_HELD] = kept
    return kept[1]
