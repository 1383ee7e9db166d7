"""The billing vendor's own rules: prices, keys, reversals, payments, closed accounts."""

from collections.abc import Iterator

import pytest

from http_client import Client, Response
from sandbox._base.accounts import Account, bundled_accounts
from tests.vendor_server import ENVIRON, RunningVendor, running

ACCOUNT = "7590-VHVEG"
FIBER_FOR_DSL = [
    {"product": "dsl", "quantity": -1, "amount_minor": 2500},
    {"product": "fiber_optic", "quantity": 1, "amount_minor": 5000},
]
ADDRESS = {"line1": "1 Main St", "city": "Springfield", "postal_code": "12345", "country": "US"}


@pytest.fixture(name="server", scope="module")
def _server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningVendor]:
    with running("billing", tmp_path_factory.mktemp("billing")) as vendor:
        yield vendor


@pytest.fixture(name="vendor")
def _vendor(server: RunningVendor) -> RunningVendor:
    server.control.reset()
    return server


@pytest.fixture(name="http")
def _http(vendor: RunningVendor) -> Iterator[Client]:
    headers = {"Authorization": f"Bearer {ENVIRON['SANDBOX_BILLING_API_KEY']}"}
    with Client(base_url=vendor.base_url, headers=headers, trust_env=False) as client:
        yield client


def first(**wanted: object) -> Account:
    return next(a for a in bundled_accounts() if all(getattr(a, k) == v for k, v in wanted.items()))


def post(http: Client, account: str = ACCOUNT, key: str | None = None, **body: object) -> Response:
    headers = {"Idempotency-Key": key} if key else {}
    told = {"client_reference": "ref", "lines": [], **body}
    return http.post(f"/v1/accounts/{account}/price_changes", json=told, headers=headers)


def test_nobody_gets_in_without_the_key(vendor: RunningVendor) -> None:
    with Client(base_url=vendor.base_url, trust_env=False) as stranger:
        assert stranger.get(f"/v1/accounts/{ACCOUNT}").status_code == 401


def test_an_account_tells_standing_and_charge(http: Client) -> None:
    told = http.get(f"/v1/accounts/{ACCOUNT}").json()
    assert told["standing"] == "current"
    assert told["recurring_amount_minor"] == 2985
    assert told["currency"] == "usd"
    assert told["billing_address"] is None
    assert http.get("/v1/accounts/0000-NOONE").status_code == 404


def test_a_first_month_account_has_no_invoice(http: Client) -> None:
    blank = first(total_billed_minor=None).account_id
    assert http.get("/v1/invoices", params={"account": blank}).json()["data"] == []
    assert http.get(f"/v1/accounts/{blank}").json()["total_billed_minor"] is None


def test_a_price_change_is_an_invoice_line(vendor: RunningVendor, http: Client) -> None:
    line = post(http, lines=FIBER_FOR_DSL, metadata={"change_id": "chg_1"}).json()
    assert line["id"].startswith("il_")
    assert (line["amount_minor"], line["recurring_before_minor"]) == (2500, 2985)
    assert line["recurring_after_minor"] == 5485
    assert line["metadata"] == {"change_id": "chg_1"}
    draft = http.get("/v1/invoices", params={"account": ACCOUNT, "status": "draft"}).json()["data"]
    assert [(i["id"], i["amount_minor"]) for i in draft] == [(line["invoice_id"], 5485)]
    assert http.get("/v1/price_changes", params={"client_reference": "ref"}).json()["data"] == [
        line
    ]
    entry = vendor.control.ledger(account_id=ACCOUNT)[0]
    assert (entry["what"], entry["amount_minor"]) == ("price_change_posted", 2500)
    assert (entry["vendor_reference"], entry["client_reference"]) == (line["id"], "ref")


@pytest.mark.parametrize(
    "line",
    [
        {"product": "dsl", "quantity": 1, "amount_minor": 2499},
        {"product": "teleport", "quantity": 1, "amount_minor": 1},
    ],
)
def test_a_price_off_the_list_is_refused(
    vendor: RunningVendor, http: Client, line: dict[str, object]
) -> None:
    answer = post(http, lines=[line])
    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "price_mismatch"
    assert vendor.control.ledger() == []


def test_the_price_list_is_what_lines_are_checked_against(http: Client) -> None:
    prices = {p["product"]: p["amount_minor"] for p in http.get("/v1/prices").json()["data"]}
    lines = [{"product": p, "quantity": 1, "amount_minor": m} for p, m in prices.items()]
    assert len(prices) == 10
    assert post(http, lines=lines).json()["amount_minor"] == sum(prices.values())


def test_the_charge_never_falls_below_zero(http: Client) -> None:
    phone_only = next(
        a for a in bundled_accounts() if a.products == {"phone"} and a.monthly_minor < 2000
    )
    going = [{"product": "phone", "quantity": -1, "amount_minor": 2000}]
    line = post(http, account=phone_only.account_id, lines=going).json()
    assert line["recurring_after_minor"] == 0
    http.post(
        f"/v1/price_changes/{line['id']}/reversals",
        json={"client_reference": "undo", "reason": "cancelled"},
    )
    told = http.get(f"/v1/accounts/{phone_only.account_id}").json()
    assert told["recurring_amount_minor"] == phone_only.monthly_minor


def test_a_closed_account_takes_no_new_charge_and_a_past_due_one_does(http: Client) -> None:
    refused = post(http, account=first(lifecycle="closed").account_id)
    assert refused.status_code == 422
    assert refused.json()["error"]["code"] == "account_closed"
    assert post(http, account=first(past_due=True).account_id).status_code == 200


def test_a_repeated_key_returns_the_first_answer(vendor: RunningVendor, http: Client) -> None:
    answers = [post(http, key="k1", lines=FIBER_FOR_DSL) for _ in range(2)]
    assert answers[0].content == answers[1].content
    assert "Idempotent-Replayed" not in answers[0].headers
    assert answers[1].headers["Idempotent-Replayed"] == "true"
    assert len(vendor.control.ledger()) == 1


def test_a_repeated_key_with_another_body_is_refused(http: Client) -> None:
    post(http, key="k1", lines=FIBER_FOR_DSL)
    answer = post(http, key="k1")
    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "idempotency_key_reused"


def test_a_refusal_does_not_use_the_key_up(http: Client) -> None:
    wrong = [{"product": "dsl", "quantity": 1, "amount_minor": 1}]
    assert post(http, key="k1", lines=wrong).status_code == 422
    assert post(http, key="k1", lines=FIBER_FOR_DSL).status_code == 200


def test_without_a_key_a_repeat_charges_twice(vendor: RunningVendor, http: Client) -> None:
    post(http, lines=FIBER_FOR_DSL)
    post(http, lines=FIBER_FOR_DSL)
    assert [e["amount_minor"] for e in vendor.control.ledger()] == [2500, 2500]


def test_a_reversal_puts_everything_back_once(vendor: RunningVendor, http: Client) -> None:
    before = http.get(f"/v1/accounts/{ACCOUNT}").json()
    line = post(
        http, lines=FIBER_FOR_DSL, payment_method="Mailed check", billing_address=ADDRESS
    ).json()
    changed = http.get(f"/v1/accounts/{ACCOUNT}").json()
    assert changed["payment_method"] == "Mailed check"
    assert changed["billing_address"] == {**ADDRESS, "line2": ""}

    path = f"/v1/price_changes/{line['id']}/reversals"
    body = {"client_reference": "undo", "reason": "cancelled"}
    reversal = http.post(path, json=body).json()
    assert (reversal["reverses"], reversal["amount_minor"]) == (line["id"], -2500)
    after = http.get(f"/v1/accounts/{ACCOUNT}").json()
    assert {**after, "version": 0} == {**before, "version": 0}

    again = http.post(path, json=body)
    assert again.status_code == 409
    assert again.json()["error"]["reversal"]["id"] == reversal["id"]
    assert http.get(path).json()["data"] == [reversal]
    assert http.get(f"/v1/price_changes/{line['id']}").json()["reversed_by"] == reversal["id"]
    undone = [e for e in vendor.control.ledger() if e["what"] == "price_change_reversed"]
    assert [(e["reverses"], e["amount_minor"]) for e in undone] == [(line["id"], -2500)]


def test_a_reversal_leaves_what_was_changed_again_since(http: Client) -> None:
    line = post(http, payment_method="Mailed check").json()
    post(http, payment_method="Credit card (automatic)")
    http.post(
        f"/v1/price_changes/{line['id']}/reversals",
        json={"client_reference": "undo", "reason": "cancelled"},
    )
    told = http.get(f"/v1/accounts/{ACCOUNT}").json()
    assert told["payment_method"] == "Credit card (automatic)"


def test_a_reversal_cannot_be_reversed(http: Client) -> None:
    body = {"client_reference": "undo", "reason": "cancelled"}
    line = post(http, lines=FIBER_FOR_DSL).json()
    reversal = http.post(f"/v1/price_changes/{line['id']}/reversals", json=body).json()
    answer = http.post(f"/v1/price_changes/{reversal['id']}/reversals", json=body)
    assert answer.status_code == 422


def test_a_payment_settles_what_is_overdue_and_says_so(vendor: RunningVendor, http: Client) -> None:
    account = first(past_due=True)
    path = f"/v1/accounts/{account.account_id}"
    assert http.get(path).json()["standing"] == "past_due"
    [invoice] = http.get(path).json()["open_invoices"]
    assert invoice["due_minor"] == account.monthly_minor

    part = {"amount_minor": 100, "method": "Mailed check"}
    assert http.post(f"{path}/payments", json=part).json()["standing"] == "past_due"
    rest = {"amount_minor": account.monthly_minor, "method": "Mailed check"}
    paid = http.post(f"{path}/payments", json=rest).json()
    assert (paid["standing"], paid["unapplied_minor"]) == ("current", 100)
    assert http.get(path).json()["open_invoices"] == []

    events = http.get("/v1/events").json()["data"]
    assert [e["type"] for e in events] == ["account.standing_changed"]
    assert events[0]["data"]["standing"] == "current"
    assert [e["what"] for e in vendor.control.ledger()] == ["payment_received"] * 2


def test_events_are_listed_from_any_one_on(http: Client) -> None:
    for number in range(3):
        post(http, client_reference=f"ref-{number}")
    page = http.get("/v1/events", params={"limit": 2}).json()
    rest = http.get("/v1/events", params={"after": page["data"][-1]["id"]}).json()
    assert (len(page["data"]), page["has_more"]) == (2, True)
    assert [e["data"]["invoice_line"]["client_reference"] for e in rest["data"]] == ["ref-2"]
    assert http.get("/v1/events", params={"after": "evt_none"}).status_code == 404


def test_bad_input_is_named(http: Client) -> None:
    answer = post(http, lines=[{"product": "dsl", "quantity": 2, "amount_minor": 2500}])
    assert answer.status_code == 400
    assert "lines.0.quantity" in answer.json()["error"]["message"]
