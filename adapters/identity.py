"""Who a person is, by the ID token of an OpenID provider. Verifies; grants nothing by itself.

OpenID Connect Core 1.0, section 3.1.3.7, says what has to be checked of an ID token.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit

from joserfc import jwt
from joserfc.errors import ExpiredTokenError, JoseError
from joserfc.jwk import KeySet

from domain.service_change import Role
from http_client import AsyncClient, HTTPError

ALGORITHMS: Final = ("RS256", "PS256", "ES256")
"""Signed with a key that is the provider's alone: no `none`, and no shared secret."""

LEEWAY_SECONDS: Final = 30
"""Two machines' clocks may differ by so much."""

KEYS_KEPT_SECONDS: Final = 3600.0
ASKED_AGAIN_AFTER_SECONDS: Final = 10.0
"""A token with a key we do not know makes us ask for the keys, but not more often than this."""

ANSWERS_WITHIN: Final = 3.0
"""Seconds; somebody waits in front of a page meanwhile."""

LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
"""Never reached through the environment's proxy."""

_LOG = logging.getLogger(__name__)
_RANK: Final = (Role.ADMIN, Role.OPERATOR, Role.SUPPORT)


class IdentityError(Exception):
    """The base of what can be wrong; the message is for the person."""


class TokenRefusedError(IdentityError):
    """The token is not one of ours, or not in order."""


class TokenExpiredError(IdentityError):
    """It was one of ours, and its time is over."""


class NoRoleError(IdentityError):
    """The person is known, and nobody gave them a role here."""


class ProviderAwayError(IdentityError):
    """The provider does not answer, so nobody can tell."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody the provider vouches for, until then."""

    name: str
    role: Role
    until: datetime


class IdentityProvider:
    """One OpenID provider, and how its claims read here.

    `roles` maps what the provider calls a role or group to ours; of several the highest counts.
    """

    def __init__(
        self,
        issuer: str,
        client_id: str,
        *,
        name_claim: str,
        role_claim: str,
        roles: Mapping[str, Role],
        clock: Callable[[], datetime],
    ) -> None:
        self._issuer = issuer
        self._client_id = client_id
        self._name_claim = name_claim
        self._role_claim = role_claim
        self._roles = roles
        self._keys: KeySet | None = None
        self._asked_at = float("-inf")
        self._asking = asyncio.Lock()
        self._required = jwt.JWTClaimsRegistry(
            now=lambda: int(clock().timestamp()),
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": issuer},
            aud={"essential": True, "value": client_id},
            exp={"essential": True},
            iat={"essential": True},
            sub={"essential": True},
        )

    async def person(self, token: str) -> Person:
        """Whose token it is. Raises an IdentityError that says why it does not count."""
        claims = await self._verified(token)
        try:
            self._required.validate(claims)
        except ExpiredTokenError as error:
            raise TokenExpiredError("The time of this sign-in is over.") from error
        except JoseError as error:
            raise TokenRefusedError(f"The ID token is not for this system: {error}.") from error
        if claims.get("azp", self._client_id) != self._client_id:
            raise TokenRefusedError("The ID token was given to another application.")
        name = str(claims.get(self._name_claim) or claims["sub"])
        return Person(name, self._role(name, claims), datetime.fromtimestamp(claims["exp"], UTC))

    def _role(self, name: str, claims: Mapping[str, Any]) -> Role:
        named = _at(claims, self._role_claim)
        given = named if isinstance(named, list) else [named]
        held = {role for theirs, role in self._roles.items() if theirs in given}
        for role in _RANK:
            if role in held:
                return role
        raise NoRoleError(
            f"{name} is signed in and has no role here; whoever manages the sign-in gives one "
            f"of {', '.join(sorted(self._roles))} in the claim {self._role_claim}."
        )

    async def _verified(self, token: str) -> dict[str, Any]:
        """The claims, if the signature is the provider's. Asks for new keys once."""
        for fresh in (False, True):
            keys = await self._key_set(fresh=fresh)
            try:
                return dict(jwt.decode(token, keys, algorithms=list(ALGORITHMS)).claims)
            except (JoseError, ValueError, UnicodeDecodeError) as error:
                refused = error
        raise TokenRefusedError("The ID token is not signed by the sign-in service.") from refused

    async def _key_set(self, *, fresh: bool) -> KeySet:
        """The provider's keys. One caller at a time asks; what it hears counts for the others."""
        async with self._asking:
            since = time.monotonic() - self._asked_at
            if since > (
                KEYS_KEPT_SECONDS if self._keys and not fresh else ASKED_AGAIN_AFTER_SECONDS
            ):
                self._asked_at = time.monotonic()
                self._keys = await self._fetched() or self._keys
            if self._keys is None:
                raise ProviderAwayError(
                    f"The sign-in service at {self._issuer} does not answer as it should."
                )
            return self._keys

    async def _fetched(self) -> KeySet | None:
        """What it publishes now; None if it does not answer as OpenID Connect Discovery has it."""
        local = urlsplit(self._issuer).hostname in LOOPBACK
        where = f"{self._issuer.rstrip('/')}/.well-known/openid-configuration"
        try:
            async with AsyncClient(
                timeout=ANSWERS_WITHIN, follow_redirects=False, trust_env=not local
            ) as http:
                about = (await http.get(where)).raise_for_status().json()
                if about["issuer"] != self._issuer:
                    _LOG.error("the provider calls itself %s", about["issuer"])
                    return None
                found = await http.get(about["jwks_uri"])
                return KeySet.import_key_set(found.raise_for_status().json())
        except (HTTPError, JoseError, KeyError, TypeError, ValueError) as error:
            _LOG.warning("the provider does not answer", extra={"error": type(error).__name__})
            return None


def _at(claims: Mapping[str, Any], name: str) -> object:
    """A claim by its name or, as in `realm_access.roles`, by the way to it."""
    found: object = claims
    for part in [name] if name in claims else name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found
