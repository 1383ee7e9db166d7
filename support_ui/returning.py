"""After signing in, a person is where they wanted to be.

Streamlit leads everybody who has signed in to the home page. The address they came from is in the
`Referer` of the request that begins the sign-in, since that request comes from our own page; it
is kept in a cookie for the few minutes that takes, and put in place of the home page at its end.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final
from urllib.parse import quote, unquote, urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOGIN: Final = "/auth/login"
CALLBACK: Final = "/oauth2callback"
COOKIE: Final = "throughline_return"
KEPT_SECONDS: Final = 600


class ReturnMiddleware:
    """Remembers at the beginning of a sign-in, leads back at its end. Plain ASGI."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["path"] not in {LOGIN, CALLBACK}:
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        signing_in = scope["path"] == LOGIN

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if signing_in:
                    _remember(headers, wanted(request.headers))
                elif message["status"] in {HTTPStatus.FOUND, HTTPStatus.SEE_OTHER}:
                    _lead_back(headers, unquote(request.cookies.get(COOKIE, "")))
            await send(message)

        await self._app(scope, receive, answer)


def wanted(headers: Mapping[str, str]) -> str:
    """The page of ours a sign-in began on; empty for anybody else's."""
    came_from = urlsplit(headers.get("referer", ""))
    if came_from.netloc != headers.get("host"):
        return ""
    return f"{came_from.path}?{came_from.query}" if came_from.query else came_from.path


def is_ours(place: str) -> bool:
    """Whether a place is a path on this very server, and nothing a browser takes for another's."""
    split = urlsplit(place)
    return (
        place.startswith("/")
        and not place.startswith(("//", "/\\"))
        and not split.netloc
        and place.isprintable()
    )


def _remember(headers: MutableHeaders, place: str) -> None:
    kept = Response()
    kept.set_cookie(
        COOKIE, quote(place), max_age=KEPT_SECONDS, httponly=True, samesite="lax", path="/"
    )
    headers.append("set-cookie", kept.headers["set-cookie"])


def _lead_back(headers: MutableHeaders, place: str) -> None:
    if is_ours(place):
        headers["location"] = place
    forgotten = Response()
    forgotten.delete_cookie(COOKIE, path="/")
    headers.append("set-cookie", forgotten.headers["set-cookie"])
