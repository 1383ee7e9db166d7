"""The CRM vendor's own rules: tokens, orders, conditional writes, combinations."""

from collections.abc import Iterator

import pytest

from http_client import Client, Response
from sandbox._base.accounts import Account, bundled_accounts
from tests.vendor_server import ENVIRON, RunningVendor, running

ACCOUNT = "7590-VHVEG"
CLIENT = (ENVIRON["SANDBOX_CRM_CLIENT_ID"], ENVIRON["SANDBOX_CRM_CLIENT_SECRET"])
GRANT = {"grant_type": "client_credentials"}


@pytest.fixture(name="server", scope="module")
def _server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningVendor]:
    with running("crm", tmp_path_factory.mktemp("crm")) as vendor:
        yield vendor


@pytest.fixture(name="vendor")
def _vendor(server: RunningVendor) -> RunningVendor:
    server.control.reset()
    return server


@pytest.fixture(name="http")
def _http(vendor: RunningVendor) -> Iterator[Client]:
    with Client(base_url=vendor.base_url, trust_env=False) as client:
        token = client.post("/oauth/token", data=GRANT, auth=CLIENT).json()["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        yield client


def first(**wanted: object) -> Account:
    return next(a for a in bundled_accounts() if all(getattr(a, k) == v for k, v in wanted.items()))


def open_order(http: Client, reference: str = "ref", account: str = ACCOUNT) -> Response:
    body = {"accountId": account, "clientReference": reference, "summary": "sold"}
    return http.post("/orders", json=body)


def patch(
    http: Client,
    order: str,
    *,
    account: str = ACCOUNT,
    term: str | None = None,
    **services: str | bool,
) -> Response:
    etag = http.get(f"/accounts/{account}").headers["ETag"]
    body = {"orderId": order, "services": services, "contractTerm": term}
    return http.patch(f"/accounts/{account}/services", json=body, headers={"If-Match": etag})


def test_a_token_is_needed_and_had_for_the_secret(vendor: RunningVendor) -> None:
    with Client(base_url=vendor.base_url, trust_env=False) as http:
        assert http.get(f"/accounts/{ACCOUNT}").status_code == 401
        assert http.post("/oauth/token", data=GRANT, auth=("throughline", "no")).status_code == 401
        assert http.post("/oauth/token", data={"grant_type": "password"}, auth=CLIENT).json() == {
            "error": "unsupported_grant_type",
            "error_description": "Use client_credentials.",
        }
        in_form = {**GRANT, "client_id": CLIENT[0], "client_secret": CLIENT[1]}
        told = http.post("/oauth/token", data=in_form).json()
        assert (told["token_type"], told["expires_in"]) == ("Bearer", 300)
        bearer = {"Authorization": f"Bearer {told['access_token']}"}
        assert http.get(f"/accounts/{ACCOUNT}", headers=bearer).status_code == 200


def test_a_revoked_token_is_refused_with_a_challenge(http: Client) -> None:
    token = http.headers["Authorization"].removeprefix("Bearer ")
    revoked = http.post("/oauth/revoke", data={"token": token}, auth=CLIENT)
    assert revoked.status_code == 200
    answer = http.get(f"/accounts/{ACCOUNT}")
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


def test_an_account_is_told_in_camel_case_with_an_etag(http: Client) -> None:
    answer = http.get(f"/accounts/{ACCOUNT}")
    told = answer.json()
    assert answer.headers["ETag"] == f'"{ACCOUNT}.1"'
    assert told["services"] == {
        "phone": False,
        "multipleLines": False,
        "internetService": "dsl",
        "onlineSecurity": False,
        "onlineBackup": True,
        "deviceProtection": False,
        "techSupport": False,
        "streamingTv": False,
        "streamingMovies": False,
    }
    assert told["contract"] == {"term": "monthToMonth", "startedOn": "2026-10-01", "endsOn": None}
    assert told["household"] == {"seniorCitizen": False, "partner": True, "dependents": False}


def test_an_unknown_account_is_a_problem_document(http: Client) -> None:
    answer = http.get("/accounts/0000-NOONE")
    assert answer.status_code == 404
    assert answer.json()["errorCode"] == "ACCOUNT_NOT_FOUND"
    assert answer.json()["title"] == "Not Found"


def test_entitlements_tell_what_is_held_and_what_could_be_ordered(http: Client) -> None:
    answer = http.get(f"/accounts/{ACCOUNT}/entitlements")
    told = answer.json()
    assert answer.headers["ETag"] == f'"{ACCOUNT}.1"'
    assert told["held"] == ["dsl", "onlineBackup"]
    orderable = {each["service"]: each for each in told["orderable"]}
    assert orderable["techSupport"]["orderable"] is True
    assert orderable["multipleLines"]["orderable"] is False
    assert orderable["multipleLines"]["reason"] == (
        "multipleLines needs phone. Add that, or leave this out."
    )
    assert "onlineBackup" not in orderable


def test_a_closing_account_may_order_nothing(http: Client) -> None:
    closing = first(lifecycle="closing").account_id
    told = http.get(f"/accounts/{closing}/entitlements").json()
    assert told["lifecycle"] == "closing"
    assert not any(each["orderable"] for each in told["orderable"])


def test_all_accounts_can_be_paged_through(http: Client) -> None:
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = http.get("/accounts", params={"cursor": cursor, "limit": 500}).json()
        seen += [account["accountId"] for account in page["accounts"]]
        cursor = page["nextCursor"]
    assert len(seen) == len(set(seen)) == 7043


def test_services_change_under_an_order(vendor: RunningVendor, http: Client) -> None:
    order = open_order(http).json()
    updated = patch(http, order["orderId"], techSupport=True, onlineBackup=False, term="oneYear")
    assert updated.status_code == 200
    assert updated.json()["services"]["techSupport"] is True
    assert updated.json()["contract"]["term"] == "oneYear"
    assert updated.headers["ETag"] == f'"{ACCOUNT}.2"'
    closed = http.post(f"/orders/{order['orderId']}/close").json()
    assert closed["status"] == "closed"
    assert closed["change"] == {
        "heldBefore": ["dsl", "onlineBackup"],
        "added": ["techSupport"],
        "removed": ["onlineBackup"],
        "contractTermBefore": "monthToMonth",
        "contractTermAfter": "oneYear",
    }
    effects = [(e["what"], e["detail"]) for e in vendor.control.ledger(client_reference="ref")]
    assert effects == [
        ("order_opened", None),
        ("service_removed", "onlineBackup"),
        ("service_added", "techSupport"),
        ("contract_changed", "monthToMonth -> oneYear"),
        ("order_closed", None),
    ]


def test_a_write_that_changes_nothing_leaves_no_trace(vendor: RunningVendor, http: Client) -> None:
    order = open_order(http).json()["orderId"]
    assert patch(http, order, onlineBackup=True).headers["ETag"] == f'"{ACCOUNT}.1"'
    assert [e["what"] for e in vendor.control.ledger()] == ["order_opened"]


def test_a_write_needs_the_etag_of_what_was_read(http: Client) -> None:
    order = open_order(http).json()["orderId"]
    path, body = f"/accounts/{ACCOUNT}/services", {"orderId": order, "services": {}}
    assert http.patch(path, json=body).status_code == 428
    stale = {"If-Match": f'"{ACCOUNT}.0"'}
    assert http.patch(path, json=body, headers=stale).status_code == 412


@pytest.mark.parametrize(
    ("services", "words"),
    [
        ({"internetService": "none"}, "onlineBackup needs internetService"),
        ({"multipleLines": True}, "multipleLines needs phone"),
    ],
)
def test_a_combination_that_cannot_work_is_refused(
    http: Client, services: dict[str, str | bool], words: str
) -> None:
    etag = http.get(f"/accounts/{ACCOUNT}").headers["ETag"]
    body = {"orderId": open_order(http).json()["orderId"], "services": services}
    path = f"/accounts/{ACCOUNT}/services"
    answer = http.patch(path, json=body, headers={"If-Match": etag})
    assert answer.status_code == 422
    assert answer.json()["errorCode"] == "SERVICE_COMBINATION"
    assert words in answer.json()["detail"]


def test_fiber_is_refused_where_there_is_none(http: Client) -> None:
    account = next(
        a.account_id
        for a in bundled_accounts()
        if "dsl" in a.products and not a.fiber_available and a.lifecycle == "open"
    )
    order = open_order(http, account=account).json()["orderId"]
    answer = patch(http, order, account=account, internetService="fiberOptic")
    assert answer.json()["detail"] == "There is no fiber at the service address. Order dsl instead."


def test_only_an_open_order_of_the_account_will_do(http: Client) -> None:
    assert patch(http, "ORD-1", techSupport=True).json()["errorCode"] == "ORDER_UNKNOWN"
    foreign = open_order(http, "other", account="5575-GNVDE").json()["orderId"]
    assert patch(http, foreign, techSupport=True).json()["errorCode"] == "ORDER_UNKNOWN"
    order = open_order(http).json()["orderId"]
    http.post(f"/orders/{order}/close")
    assert patch(http, order, techSupport=True).json()["errorCode"] == "ORDER_CLOSED"


def test_a_reference_names_one_order_and_finds_it_again(
    vendor: RunningVendor, http: Client
) -> None:
    order = open_order(http).json()
    again = open_order(http)
    assert again.status_code == 409
    assert again.json()["orderId"] == order["orderId"]
    assert http.get("/orders", params={"clientReference": "ref"}).json()["orders"] == [order]
    assert http.get("/orders", params={"clientReference": "none"}).json()["orders"] == []
    assert http.get(f"/orders/{order['orderId']}").json() == order
    assert [e["what"] for e in vendor.control.ledger()] == ["order_opened"]


def test_a_closed_account_takes_no_order(http: Client) -> None:
    answer = open_order(http, account=first(lifecycle="closed").account_id)
    assert answer.status_code == 422
    assert answer.json()["errorCode"] == "ACCOUNT_CLOSED"


def test_closing_an_order_twice_is_one_effect(vendor: RunningVendor, http: Client) -> None:
    order = open_order(http).json()["orderId"]
    answers = [http.post(f"/orders/{order}/close").json() for _ in range(2)]
    assert answers[0] == answers[1]
    assert [e["what"] for e in vendor.control.ledger()] == ["order_opened", "order_closed"]


def test_going_back_to_a_term_resumes_its_own_dates(http: Client) -> None:
    account = first(contract="Two year", lifecycle="open").account_id
    before = http.get(f"/accounts/{account}").json()["contract"]
    order = open_order(http, account=account).json()["orderId"]
    patch(http, order, account=account, term="monthToMonth")
    assert http.get(f"/accounts/{account}").json()["contract"]["endsOn"] is None
    patch(http, order, account=account, term="twoYear")
    assert http.get(f"/accounts/{account}").json()["contract"] == before


def test_bad_input_is_named(http: Client) -> None:
    answer = http.post("/orders", json={"accountId": ACCOUNT, "color": "red"})
    assert answer.status_code == 400
    assert "clientReference" in answer.json()["detail"]
    assert "color" in answer.json()["detail"]
