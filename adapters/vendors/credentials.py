"""What is shown to a vendor so that it lets us in, and how that is renewed. No vendor's routes."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, Protocol

from authlib.integrations.httpx_client import AsyncOAuth2Client, OAuthError

from adapters.vendors.retry_after import seconds_to_wait
from domain.errors import (
    CredentialError,
    UnrecognisedPayloadError,
    VendorThrottledError,
    VendorUnavailableError,
)
from domain.identifiers import System
from http_client import HTTPError, Response

_LONGEST_MARGIN: Final = 60
_SMALLEST_PART: Final = 10
"""Renew a minute, or a tenth of a token's life if that is longer, before it ends…"""
_LARGEST_PART: Final = 2
"""…but never before half its life is over: tokens may live a few seconds only."""

_TOO_MANY_REQUESTS: Final = 429
_FIRST_ERROR: Final = 400
_FIRST_SERVER_ERROR: Final = 500


class Credential(Protocol):
    """The `Authorization` header of a vendor's requests."""

    async def header(self) -> str:
        """The header to send now. Raises VendorErrors when it cannot be had."""
        ...

    async def renewed(self, refused: str) -> str | None:
        """Another header after the vendor refused that one; None when there is no other."""
        ...

    async def aclose(self) -> None:
        """Let go of connections."""
        ...


class FixedCredential:
    """A key, token or password that only a person can renew."""

    def __init__(self, header: str) -> None:
        self._header = header

    async def header(self) -> str:
        """See Credential."""
        return self._header

    async def renewed(self, refused: str) -> str | None:
        """There is no other."""
        del refused
        return None

    async def aclose(self) -> None:
        """Nothing is held."""


class ClientCredentials:
    """OAuth 2.0 client credentials: one token for all callers, renewed in time and when refused.

    Authlib asks for the token and reads it; this decides when. However many callers find the token
    old or refused at once, one request is made. Authlib 1.7 speaks through httpx, as we do.
    """

    def __init__(
        self,
        system: System,
        token_url: str,
        *,
        client_id: str,
        client_secret: str,
        clock: Callable[[], datetime],
        **http_options: Any,  # noqa: ANN401 - handed to httpx as they are
    ) -> None:
        self._system = system
        self._token_url = token_url
        self._clock = clock
        self._lock = asyncio.Lock()
        self._oauth = AsyncOAuth2Client(
            client_id, client_secret, grant_type="client_credentials", **http_options
        )
        self._oauth.register_compliance_hook("access_token_response", self._checked)

    async def header(self) -> str:
        """See Credential. Raises CredentialError when client id and secret are not accepted."""
        token = self._oauth.token
        if not token or token.is_expired(leeway=_margin(token)):
            token = await self._renew(token)
        return f"Bearer {token['access_token']}"

    async def renewed(self, refused: str) -> str | None:
        """See Credential; a token somebody else renewed meanwhile is not renewed again."""
        token = self._oauth.token
        if token and refused == f"Bearer {token['access_token']}":
            token = await self._renew(token)
        return f"Bearer {token['access_token']}" if token else await self.header()

    async def aclose(self) -> None:
        """See Credential."""
        await self._oauth.aclose()

    async def _renew(self, old: Any) -> Any:  # noqa: ANN401 - Authlib has no types
        async with self._lock:
            if self._oauth.token is not old:
                return self._oauth.token
            try:
                return await self._oauth.fetch_token(self._token_url)
            except OAuthError as error:
                raise CredentialError(
                    self._system, f"{error.error}: {error.description}", reason=error.error
                ) from None
            except HTTPError as error:
                words = f"The token endpoint did not answer: {type(error).__name__}"
                raise VendorUnavailableError(self._system, words) from None

    def _checked(self, response: Response) -> Response:
        """Lets Authlib read a token or an OAuth error, and nothing else."""
        status, words = response.status_code, f"Token endpoint: HTTP {response.status_code}"
        if status == _TOO_MANY_REQUESTS:
            wait = seconds_to_wait(response.headers.get("retry-after"), self._clock())
            raise VendorThrottledError(self._system, words, retry_after=wait, http_status=status)
        if status >= _FIRST_SERVER_ERROR:
            raise VendorUnavailableError(self._system, words, http_status=status)
        try:
            told = response.json()
        except ValueError:
            told = None
        expected = "access_token" if status < _FIRST_ERROR else "error"
        if not isinstance(told, dict) or not isinstance(told.get(expected), str):
            raise UnrecognisedPayloadError(
                self._system, f"{words} without {expected}", http_status=status
            )
        return response


def _margin(token: Any) -> float:  # noqa: ANN401 - Authlib has no types
    life = float(token.get("expires_in") or 0)
    return min(max(_LONGEST_MARGIN, life / _SMALLEST_PART), life / _LARGEST_PART)
