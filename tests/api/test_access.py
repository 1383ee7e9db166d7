"""Who may do what: keys, roles, one's own changes, and the correlation id of every request."""

import re
from hashlib import sha256

import pytest
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from adapters.postgres.tables import ApiKeyRow
from tests.support.api import PDF, ApiUnderTest, new_key

ROUTE = "/v1/service-changes"
STAFF = ["support", "operator", "second_operator", "admin"]


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Bearer ", "Bearer wrong", "Basic a2V5", "bearer key-of-portal,", "Bearer ü"],
)
async def test_without_a_valid_key_nobody_gets_in(api: ApiUnderTest, authorization: str) -> None:
    headers = {b"Authorization": authorization.encode("latin-1")}
    answer = await api.client("anonymous").get(ROUTE, headers=headers)

    body = answer.json()
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert body["code"] == "not_signed_in"
    assert "Authorization" in body["next_action"]


async def test_a_disabled_key_does_not_get_in(
    api: ApiUnderTest, sessions: async_sessionmaker[AsyncSession]
) -> None:
    async with sessions.begin() as session:
        key = await session.get_one(ApiKeyRow, sha256(b"key-of-partner").hexdigest())
        key.disabled_at = api.parts.clock()

    assert (await api.client("partner").get(ROUTE)).status_code == 401


@pytest.mark.parametrize("caller", ["portal", *STAFF])
async def test_everybody_is_told_who_they_are(api: ApiUnderTest, caller: str) -> None:
    assert (await api.client(caller).get("/v1/me")).json()["principal"] == caller


async def test_support_reads_and_does_not_submit(api: ApiUnderTest) -> None:
    answer = await api.submit(caller="support")

    assert answer.status_code == 403
    assert answer.json()["code"] == "forbidden"


@pytest.mark.parametrize("caller", ["operator", "admin", "partner"])
async def test_others_with_the_right_submit(api: ApiUnderTest, caller: str) -> None:
    assert (await api.accepted(caller=caller))["submitted_by"] == caller


async def test_a_partner_does_not_learn_of_the_portals_changes(api: ApiUnderTest) -> None:
    change = await api.accepted(document=PDF)
    partner = api.client("partner")
    own = f"{ROUTE}/{change['id']}"

    for path in ("", "/answers", "/timeline", "/documents/1"):
        answer = await partner.get(own + path)
        unknown = await partner.get(f"{ROUTE}/chg_unknown{path}")
        assert (answer.status_code, unknown.status_code) == (404, 404)
        told, told_of_unknown = answer.json(), unknown.json()
        assert told["code"] == told_of_unknown["code"]
        assert told["detail"].replace(change["id"], "chg_unknown") == told_of_unknown["detail"]
    revised = await partner.post(f"{own}/documents", files={"document": ("a.pdf", PDF)})
    acted = await partner.post(f"{own}/actions/cancel", json={"reason": "Mine?"}, headers=new_key())
    assert (revised.status_code, acted.status_code) == (404, 404)
    assert (await partner.get(ROUTE)).json()["items"] == []
    assert (await partner.get("/v1/search", params={"q": change["id"]})).json()["items"] == []


@pytest.mark.parametrize("caller", STAFF)
async def test_staff_read_everything(api: ApiUnderTest, caller: str) -> None:
    change = await api.accepted(document=PDF)
    own = f"{ROUTE}/{change['id']}"

    for path in (own, f"{own}/answers", f"{own}/timeline", f"{own}/documents/1", "/v1/audit"):
        assert (await api.client(caller).get(path)).status_code == 200


@pytest.mark.parametrize("route", ["/v1/audit", "/v1/health/integrations"])
async def test_the_portal_does_not_read_what_is_for_staff(api: ApiUnderTest, route: str) -> None:
    answer = await api.portal.get(route)

    assert answer.status_code == 403
    assert "support" in answer.json()["detail"]


async def test_a_sane_correlation_id_is_taken_kept_and_returned(api: ApiUnderTest) -> None:
    answer = await api.submit(headers={"X-Correlation-ID": "portal:42.a_B-9"})

    assert answer.headers["x-correlation-id"] == "portal:42.a_B-9"
    assert answer.json()["correlation_id"] == "portal:42.a_B-9"


@pytest.mark.parametrize(
    "given", ["", "x" * 129, "two words", 'quote"', "<script>", "a;b", "tab\there", "ü"]
)
async def test_an_insane_correlation_id_is_replaced(api: ApiUnderTest, given: str) -> None:
    headers = {b"X-Correlation-ID": given.encode("latin-1")}
    answer = await api.portal.get("/v1/me", headers=headers)

    assert re.fullmatch("[0-9a-f]{32}", answer.headers["x-correlation-id"])


@pytest.mark.parametrize("path", ["/v1/nothing", f"{ROUTE}/chg_unknown", "/v1/me", "/health/live"])
async def test_every_answer_carries_a_correlation_id(api: ApiUnderTest, path: str) -> None:
    answer = await api.client("anonymous").get(path)

    made = answer.headers["x-correlation-id"]
    assert made
    if answer.status_code != 200:
        assert answer.json()["correlation_id"] == made


async def test_even_an_unforeseen_failure_is_answered_as_a_problem(api: ApiUnderTest) -> None:
    def broken() -> None:
        raise RuntimeError("the clock is broken")

    api.parts.clock = broken  # type: ignore[assignment] # breaking it is the point
    answer = await api.submit(headers={"X-Correlation-ID": "corr-broken"})

    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-correlation-id"] == "corr-broken"
    assert answer.json()["code"] == "internal"
    assert "clock" not in answer.text


async def test_a_wrong_method_or_address_is_a_problem_too(api: ApiUnderTest) -> None:
    wrong_method = await api.portal.delete(ROUTE)
    wrong_address = await api.portal.get("/v2/service-changes")

    assert (wrong_method.status_code, wrong_method.json()["code"]) == (405, "method_not_allowed")
    assert wrong_method.headers["allow"]
    assert (wrong_address.status_code, wrong_address.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("change_id", ["chg_unknown", "%00", "..%2f..", "x" * 3000, "ü"])
async def test_an_id_that_is_none_is_not_found_or_refused(
    api: ApiUnderTest, change_id: str
) -> None:
    answer = await api.portal.get(f"{ROUTE}/{change_id}")

    assert answer.status_code in {404, 422}


async def test_an_answer_tells_how_many_statements_it_took(api: ApiUnderTest) -> None:
    route = "/v1/service-changes/counts"
    await api.operator.get(route)  # the key is looked up, then remembered
    answer = await api.operator.get(route)

    timing = dict(re.findall(r"(\w+);(?:dur|desc)=([\d.]+)", answer.headers["Server-Timing"]))
    assert float(timing["total"]) > 0
    assert int(timing["db"]) == 1
