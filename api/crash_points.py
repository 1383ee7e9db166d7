"""A wrapper that lets the API die before it answers. Used only when a folder is set."""

from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from crash_points import CrashPoint, CrashPoints

_WRITES: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_SUCCESS: Final = range(200, 300)


class MortalMiddleware:
    """Plain ASGI: where a write succeeded, the process may end before a byte is answered."""

    def __init__(self, app: ASGIApp, points: CrashPoints) -> None:
        self._app = app
        self._points = points

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, perhaps the last."""

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] in _SUCCESS:
                self._points.reach(CrashPoint.API_AFTER_COMMIT_BEFORE_ANSWER)
            await send(message)

        writes = scope["type"] == "http" and scope["method"] in _WRITES
        await self._app(scope, receive, answer if writes else send)
