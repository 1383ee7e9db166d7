"""OAuth 2.0 client credentials: tokens had in time, one request for however many callers."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from authlib.integrations.httpx_client import AsyncOAuth2Client, OAuthError

from adapters.vendors.credentials import Order, Shown, by_version
from adapters.vendors.retry_after import seconds_to_wait
from adapters.vendors.secrets import SecretSource
from domain.credentials import Secret, refresh_margin
from domain.errors import (
    CredentialError,
    CredentialFaultError,
    UnrecognisedPayloadError,
    VendorError,
    VendorThrottledError,
    VendorUnavailableError,
)
from domain.identifiers import System
from http_client import HTTPError, Response

_TOO_MANY_REQUESTS: Final = 429
_FIRST_ERROR: Final = 400
_FIRST_SERVER_ERROR: Final = 500

_LIFE_UNTOLD: Final = 300.0
"""Seconds a token counts for whose life the server keeps to itself, as RFC 6749 lets it."""

_PAUSE: Final = timedelta(seconds=1)
"""After a renewal in time went wrong: the token at hand is used on, and the next is not at once."""


@dataclass(slots=True)
class _Token:
    """A token at hand. `renew_at`: from when on another one is wanted."""

    shown: Shown
    renew_at: datetime
    expires_at: datetime


class ClientCredentials:
    """One token for all callers and each secret, renewed in time and when refused.

    Authlib asks for the token and reads it; this decides when. Authlib 1.7 speaks through httpx,
    as we do. While a token still lives, a token endpoint that is away is nobody's concern.
    """

    def __init__(
        self,
        system: System,
        token_url: str,
        source: SecretSource,
        *,
        client_id: str,
        clock: Callable[[], datetime],
        **http_options: Any,  # noqa: ANN401 - handed to httpx as they are
    ) -> None:
        """`client_id` belongs to every secret that has no login of its own."""
        self._system = system
        self._token_url = token_url
        self._order = Order(system, source, clock)
        self._client_id = client_id
        self._clock = clock
        self._http_options = http_options
        self._clients: dict[int, AsyncOAuth2Client] = {}
        self._tokens: dict[int, _Token] = {}
        self._locks: dict[int, asyncio.Lock] = {}

    async def header(self) -> Shown:
        """See Credential. Raises CredentialFaultError when no secret is accepted."""
        secrets = await self._order.secrets()
        await self._forget_all_but({each.version for each in secrets})
        found = await self._first(secrets)
        if isinstance(found, Shown):
            return found
        tried = {each.version for each in secrets}
        promoted = [s for s in await self._order.secrets(afresh=True) if s.version not in tried]
        found = await self._first(promoted) or found
        if isinstance(found, Shown):
            return found
        raise found or CredentialFaultError(self._system, "No secret is accepted.")

    async def renewed(self, refused: Sequence[Shown]) -> Shown | None:
        """One forced renewal for each secret; what somebody else renewed is not renewed again."""
        seen = by_version(refused)
        last = refused[-1].version
        if len(seen[last]) > 1:
            await self._order.refused(last, "HTTP 401 to a token that was just had")
        for secret in await self._order.secrets(afresh=True):
            shown = seen.get(secret.version, [])
            if len(shown) > 1:
                continue
            with suppress(CredentialError):
                return await (self._instead_of(secret, shown[-1]) if shown else self._token(secret))
        return None

    async def worked(self, shown: Shown) -> None:
        """See Credential."""
        await self._order.worked(shown.version)

    async def aclose(self) -> None:
        """See Credential."""
        await self._forget_all_but(())

    async def _first(self, secrets: Sequence[Secret]) -> Shown | CredentialFaultError | None:
        """The header of the first secret that is accepted, or why the last of them is not."""
        found: CredentialFaultError | None = None
        for secret in secrets:
            try:
                return await self._token(secret)
            except CredentialFaultError as error:
                found = error
        return found

    async def _token(self, secret: Secret) -> Shown:
        """The token at hand while it lives; renewed in time by one caller, the others go on."""
        token, now = self._tokens.get(secret.version), self._clock()
        if token is None or now >= token.expires_at:
            return (await self._renew(secret, token)).shown
        if now < token.renew_at or self._lock(secret).locked():
            return token.shown
        try:
            return (await self._renew(secret, token)).shown
        except VendorError:
            token.renew_at = self._clock() + _PAUSE
            return token.shown

    async def _instead_of(self, secret: Secret, refused: Shown) -> Shown:
        token = self._tokens.get(secret.version)
        if token is not None and token.shown.header != refused.header:
            return token.shown
        return (await self._renew(secret, token)).shown

    async def _renew(self, secret: Secret, old: _Token | None) -> _Token:
        """Another token than the old one. Raises what became of the request for it."""
        async with self._lock(secret):
            found = self._tokens.get(secret.version)
            if found is not None and found is not old:
                return found
            asked_at = self._clock()
            try:
                told = await self._client(secret).fetch_token(self._token_url)
            except OAuthError as error:
                words = f"{error.error}: {error.description}"
                await self._order.refused(secret.version, str(error.error))
                raise CredentialFaultError(self._system, words, reason=error.error) from None
            except HTTPError as error:
                words = f"The token endpoint did not answer: {type(error).__name__}"
                raise VendorUnavailableError(self._system, words) from None
            life = float(told.get("expires_in") or _LIFE_UNTOLD)
            token = _Token(
                Shown(f"Bearer {told['access_token']}", secret.version),
                renew_at=asked_at + timedelta(seconds=life - refresh_margin(life)),
                expires_at=asked_at + timedelta(seconds=life),
            )
            self._tokens[secret.version] = token
        await self._order.refreshed(secret.version, token.expires_at)
        return token

    def _client(self, secret: Secret) -> AsyncOAuth2Client:
        if secret.version not in self._clients:
            client = AsyncOAuth2Client(
                secret.login or self._client_id,
                secret.value,
                grant_type="client_credentials",
                **self._http_options,
            )
            client.register_compliance_hook("access_token_response", self._checked)
            self._clients[secret.version] = client
        return self._clients[secret.version]

    def _lock(self, secret: Secret) -> asyncio.Lock:
        return self._locks.setdefault(secret.version, asyncio.Lock())

    async def _forget_all_but(self, versions: Collection[int]) -> None:
        gone = [each for each in self._clients if each not in versions]
        for version in gone:
            if versions and self._locks[version].locked():  # somebody is asking with it
                continue
            client = self._clients.pop(version)
            self._tokens.pop(version, None)
            self._locks.pop(version, None)
            await client.aclose()

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
