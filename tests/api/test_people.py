"""People by their ID token: what counts, what does not, and what each is told."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from adapters import identity
from adapters.identity import IdentityProvider
from domain.rights import rights_of
from domain.service_change import READS_EVERYTHING, Role
from http_client import Response
from tests.support.api import ApiUnderTest
from tests.support.identity import CLIENT, Provider, curve, provider, rsa, shared_secret

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
AT = NOW.timestamp()


@pytest.fixture
def signs(shared_api: ApiUnderTest) -> Iterator[Provider]:
    """The provider the API believes, at nine in the morning."""
    with provider() as found:
        shared_api.parts.keys.clear()
        shared_api.parts.identities = believing(found)
        yield found


def believing(found: Provider, roles: dict[str, Role] | None = None) -> IdentityProvider:
    return IdentityProvider(
        found.url,
        CLIENT,
        name_claim="preferred_username",
        role_claim="roles",
        roles=roles or {str(role): role for role in READS_EVERYTHING},
        clock=lambda: NOW,
    )


async def me(api: ApiUnderTest, token: str) -> Response:
    return await api.operator.get("/v1/me", headers={"Authorization": f"Bearer {token}"})


async def test_a_person_is_who_the_provider_says_until_then(
    shared_api: ApiUnderTest, signs: Provider
) -> None:
    answer = await me(shared_api, signs.token(signs.claims(AT)))

    assert answer.json() == {
        "principal": "olivia",
        "role": "operator",
        "rights": rights_of(Role.OPERATOR),
        "expires_at": "2026-11-24T10:00:00Z",
    }


@pytest.mark.parametrize(
    ("claims", "name", "role"),
    [
        ({"roles": ["support", "admin", "operator"]}, "olivia", "admin"),
        ({"roles": "support"}, "olivia", "support"),
        ({"roles": ["support", {"not": "a role"}, 7]}, "olivia", "support"),
        ({"roles": ["portal", "support"]}, "olivia", "support"),
        ({"preferred_username": None}, "1f0c", "operator"),
        ({"aud": [CLIENT, "another"]}, "olivia", "operator"),
        ({"exp": int(AT) - 20}, "olivia", "operator"),
    ],
)
async def test_claims_are_read_as_configured(
    shared_api: ApiUnderTest, signs: Provider, claims: dict[str, Any], name: str, role: str
) -> None:
    answer = await me(shared_api, signs.token(signs.claims(AT, **claims)))

    assert (answer.json()["principal"], answer.json()["role"]) == (name, role)


async def test_groups_of_the_provider_are_mapped_to_our_roles(
    shared_api: ApiUnderTest, signs: Provider
) -> None:
    shared_api.parts.identities = believing(signs, {"noc-staff": Role.SUPPORT})

    mapped = await me(shared_api, signs.token(signs.claims(AT, roles=["noc-staff"])))
    unmapped = await me(shared_api, signs.token(signs.claims(AT, roles=["admin"])))

    assert mapped.json()["role"] == "support"
    assert (unmapped.status_code, unmapped.json()["code"]) == (403, "forbidden")
    assert "noc-staff" in unmapped.json()["detail"]


@pytest.mark.parametrize(
    ("claims", "status", "code"),
    [
        ({"exp": int(AT) - 31}, 401, "sign_in_ended"),
        ({"exp": None}, 401, "not_signed_in"),
        ({"iat": None}, 401, "not_signed_in"),
        ({"sub": None}, 401, "not_signed_in"),
        ({"nbf": int(AT) + 31}, 401, "not_signed_in"),
        ({"iss": "https://elsewhere.example"}, 401, "not_signed_in"),
        ({"aud": "another"}, 401, "not_signed_in"),
        ({"aud": [CLIENT, "another"], "azp": "another"}, 401, "not_signed_in"),
        ({"roles": None}, 403, "forbidden"),
        ({"roles": 7}, 403, "forbidden"),
        ({"roles": [{"operator": True}]}, 403, "forbidden"),
        ({"roles": ["portal"]}, 403, "forbidden"),
        ({"preferred_username": "portal"}, 403, "forbidden"),
    ],
)
async def test_a_token_that_is_not_in_order_is_refused_and_says_why(
    shared_api: ApiUnderTest, signs: Provider, claims: dict[str, Any], status: int, code: str
) -> None:
    answer = await me(shared_api, signs.token(signs.claims(AT, **claims)))

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["next_action"]


def by_another(signs: Provider) -> str:
    return signs.token(signs.claims(AT), rsa("first"))


def by_a_shared_secret(signs: Provider) -> str:
    secret = shared_secret("first")
    return signs.token(signs.claims(AT), secret, "HS256")


def unsigned(signs: Provider) -> str:
    _, body, _ = signs.token(signs.claims(AT)).split(".")
    return f"eyJhbGciOiJub25lIn0.{body}."


def altered(signs: Provider) -> str:
    head, _, signature = signs.token(signs.claims(AT)).split(".")
    _, admin, _ = signs.token(signs.claims(AT, roles=["admin"])).split(".")
    return f"{head}.{admin}.{signature}"


def noise(signs: Provider) -> str:
    del signs
    return "abc.def.ghi"


@pytest.mark.parametrize("forge", [by_another, by_a_shared_secret, unsigned, altered, noise])
async def test_what_the_provider_did_not_sign_is_nothing(
    shared_api: ApiUnderTest, signs: Provider, forge: Callable[[Provider], str]
) -> None:
    answer = await me(shared_api, forge(signs))

    assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in")


async def test_a_new_key_of_the_provider_is_fetched_once_and_not_for_every_forgery(
    shared_api: ApiUnderTest, signs: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    await me(shared_api, signs.token(signs.claims(AT)))
    second = curve("second")
    signs.published.append(second)
    token = signs.token(signs.claims(AT, sub="2"), second, "ES256")

    too_soon = await me(shared_api, token)
    monkeypatch.setattr(identity, "ASKED_AGAIN_AFTER_SECONDS", 0.0)
    later = await me(shared_api, token)

    assert (too_soon.status_code, later.status_code, signs.asked) == (401, 200, 2)


async def test_roles_may_stand_deeper_in_the_token(
    shared_api: ApiUnderTest, signs: Provider
) -> None:
    shared_api.parts.identities = IdentityProvider(
        signs.url,
        CLIENT,
        name_claim="preferred_username",
        role_claim="realm_access.roles",
        roles={"support": Role.SUPPORT},
        clock=lambda: NOW,
    )
    claims = signs.claims(AT, realm_access={"roles": ["support"]})

    assert (await me(shared_api, signs.token(claims))).json()["role"] == "support"


async def test_a_provider_that_goes_by_another_name_is_not_believed(
    shared_api: ApiUnderTest, signs: Provider
) -> None:
    real, signs.url = signs.url, "https://elsewhere.example"
    shared_api.parts.identities = IdentityProvider(
        real,
        CLIENT,
        name_claim="sub",
        role_claim="roles",
        roles={},
        clock=lambda: NOW,
    )

    answer = await me(shared_api, signs.token(signs.claims(AT, iss=real)))

    assert answer.json()["code"] == "identity_provider_unavailable"


async def test_a_silent_provider_is_asked_once_for_all_who_wait(
    shared_api: ApiUnderTest, signs: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = signs.token(signs.claims(AT))
    shared_api.parts.identities = believing(signs)
    asked = 0

    async def silent(_: IdentityProvider) -> None:
        nonlocal asked
        asked += 1

    monkeypatch.setattr(IdentityProvider, "_fetched", silent)

    answers = await asyncio.gather(*(me(shared_api, token) for _ in range(5)))

    assert {answer.json()["code"] for answer in answers} == {"identity_provider_unavailable"}
    assert asked == 1


async def test_while_the_provider_is_away_keys_of_machines_work(
    shared_api: ApiUnderTest, signs: Provider
) -> None:
    token = signs.token(signs.claims(AT))
    away = IdentityProvider(
        "http://127.0.0.1:9",
        CLIENT,
        name_claim="sub",
        role_claim="roles",
        roles={},
        clock=lambda: NOW,
    )
    shared_api.parts.identities = away

    person, machine = await me(shared_api, token), await shared_api.portal.get("/v1/me")

    assert (person.status_code, person.json()["code"]) == (503, "identity_provider_unavailable")
    assert int(person.headers["Retry-After"]) > 0
    assert machine.status_code == 200


async def test_a_person_and_their_own_key_are_one_to_four_eyes(
    shared_api: ApiUnderTest, signs: Provider
) -> None:
    person = await me(shared_api, signs.token(signs.claims(AT, preferred_username="operator")))

    key = await shared_api.operator.get("/v1/me")

    assert person.json()["principal"] == key.json()["principal"] == "operator"
