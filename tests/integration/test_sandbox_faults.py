"""Every fault kind, as a caller on a real socket meets it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from http_client import Client, ReadTimeout, TransportError
from tests.vendor_server import ENVIRON, RunningVendor, running, wait_until

ACCOUNT = "7590-VHVEG"
PRICE_CHANGES = f"/v1/accounts/{ACCOUNT}/price_changes"


@pytest.fixture(name="server", scope="module")
def _server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningVendor]:
    state_dir: Path = tmp_path_factory.mktemp("billing")
    with running("billing", state_dir) as vendor:
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


def change(reference: str = "chg_1:post_billing_change:1:1") -> dict[str, object]:
    line = {"product": "tech_support", "quantity": 1, "amount_minor": 500}
    return {"client_reference": reference, "lines": [line]}


def postings(vendor: RunningVendor) -> int:
    return sum(e["what"] == "price_change_posted" for e in vendor.control.ledger())


def test_a_status_is_answered_for_as_many_calls_as_were_asked(
    vendor: RunningVendor, http: Client
) -> None:
    vendor.control.fault("status", status=502, calls=2)
    answers = [http.post(PRICE_CHANGES, json=change()).status_code for _ in range(3)]
    assert answers == [502, 502, 200]
    assert postings(vendor) == 1


def test_a_status_after_the_effect_leaves_the_effect(vendor: RunningVendor, http: Client) -> None:
    vendor.control.fault("status", status=500, after_effect=True)
    assert http.post(PRICE_CHANGES, json=change()).status_code == 500
    assert postings(vendor) == 1


@pytest.mark.parametrize(
    "retry_after", [7, "Wed, 25 Nov 2026 08:00:00 GMT", "999999999", "soon, perhaps"]
)
def test_a_rate_limit_carries_retry_after_as_it_was_given(
    vendor: RunningVendor, http: Client, retry_after: int | str
) -> None:
    vendor.control.fault("rate_limit", retry_after=retry_after)
    answer = http.post(PRICE_CHANGES, json=change())
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == str(retry_after)
    assert postings(vendor) == 0


def test_a_rate_limit_can_come_without_retry_after(vendor: RunningVendor, http: Client) -> None:
    vendor.control.fault("rate_limit", retry_after=None)
    assert "Retry-After" not in http.get(f"/v1/accounts/{ACCOUNT}").headers


def test_a_drop_after_the_effect_cuts_the_connection_and_keeps_the_effect(
    vendor: RunningVendor, http: Client
) -> None:
    vendor.control.fault("drop_after_effect")
    with pytest.raises(TransportError):
        http.post(PRICE_CHANGES, json=change())
    assert postings(vendor) == 1


def test_a_drop_before_the_effect_does_nothing(vendor: RunningVendor, http: Client) -> None:
    vendor.control.fault("drop_before_effect")
    with pytest.raises(TransportError):
        http.post(PRICE_CHANGES, json=change())
    assert postings(vendor) == 0


def test_a_delay_outlasts_the_caller_and_the_effect_still_happens(
    vendor: RunningVendor, http: Client
) -> None:
    vendor.control.fault("delay", delay_seconds=1.5)
    headers = {"Idempotency-Key": "slow"}
    with pytest.raises(ReadTimeout):
        http.post(PRICE_CHANGES, json=change(), headers=headers, timeout=0.2)
    in_flight = http.post(PRICE_CHANGES, json=change(), headers=headers)
    assert in_flight.status_code == 409
    assert in_flight.json()["error"]["code"] == "idempotency_key_in_use"

    def answered() -> bool:
        return http.post(PRICE_CHANGES, json=change(), headers=headers).status_code == 200

    wait_until(answered, "the delayed request is through")
    assert postings(vendor) == 1


def test_an_answer_may_come_long_after_its_effect(vendor: RunningVendor, http: Client) -> None:
    vendor.control.fault("delay", delay_seconds=1.5, after_effect=True)
    headers = {"Idempotency-Key": "late"}
    with pytest.raises(ReadTimeout):
        http.post(PRICE_CHANGES, json=change(), headers=headers, timeout=0.2)
    assert postings(vendor) == 1
    vendor.control.fault("delay", delay_seconds=0.1, after_effect=True)
    assert http.get(f"/v1/accounts/{ACCOUNT}").json()["standing"] == "current"


def test_truncated_json_ends_in_the_middle(vendor: RunningVendor, http: Client) -> None:
    vendor.control.fault("truncate")
    answer = http.post(PRICE_CHANGES, json=change())
    assert answer.status_code == 200
    assert answer.text.startswith('{"object":"invoice_line"')
    with pytest.raises(json.JSONDecodeError):
        answer.json()
    assert postings(vendor) == 1


def test_a_field_is_renamed_wherever_it_stands(vendor: RunningVendor, http: Client) -> None:
    vendor.control.fault("rename_field", field="amount_minor", new_name="amount")
    told = http.post(PRICE_CHANGES, json=change()).json()
    assert "amount_minor" not in told
    assert told["amount"] == told["lines"][0]["amount"] == 500


def test_a_field_is_left_out_retyped_or_added(vendor: RunningVendor, http: Client) -> None:
    def told() -> dict[str, object]:
        answer: dict[str, object] = http.get(f"/v1/accounts/{ACCOUNT}").json()
        return answer

    usual = told()
    vendor.control.fault("remove_field", field="standing")
    assert usual.keys() - told().keys() == {"standing"}
    vendor.control.fault("retype_field", field="standing")
    assert told()["standing"] == [usual["standing"]]
    vendor.control.fault("new_field", field="tier", value="gold")
    assert told() == usual | {"tier": "gold"}


def test_a_new_status_replaces_the_one_that_is_known(vendor: RunningVendor, http: Client) -> None:
    vendor.control.fault("new_status", value="frozen")
    assert http.get(f"/v1/accounts/{ACCOUNT}").json()["standing"] == "frozen"
    assert http.get(f"/v1/accounts/{ACCOUNT}").json()["standing"] == "current"


def test_an_html_page_comes_with_200_and_without_effect(
    vendor: RunningVendor, http: Client
) -> None:
    vendor.control.fault("html")
    answer = http.post(PRICE_CHANGES, json=change())
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/html")
    assert postings(vendor) == 0


def test_an_expired_token_is_a_401_with_a_challenge(vendor: RunningVendor, http: Client) -> None:
    vendor.control.fault("token_expired")
    answer = http.get(f"/v1/accounts/{ACCOUNT}")
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


def test_lagging_reads_show_the_state_before_the_last_writes(
    vendor: RunningVendor, http: Client
) -> None:
    path = "/v1/price_changes"
    reference = {"client_reference": "chg_2:post_billing_change:1:1"}
    http.post(PRICE_CHANGES, json=change(reference["client_reference"])).raise_for_status()
    vendor.control.fault("lagging_reads", delay_seconds=60, calls=2)
    assert http.get(path, params=reference).json()["data"] == []
    assert http.get(f"/v1/accounts/{ACCOUNT}").json()["recurring_amount_minor"] == 2985
    assert len(http.get(path, params=reference).json()["data"]) == 1
    assert http.get(f"/v1/accounts/{ACCOUNT}").json()["recurring_amount_minor"] == 3485


def test_lagging_reads_let_writes_pass_without_being_used_up(
    vendor: RunningVendor, http: Client
) -> None:
    vendor.control.fault("lagging_reads")
    http.post(PRICE_CHANGES, json=change()).raise_for_status()
    assert vendor.control.hits() == 0


def test_a_fault_strikes_only_the_method_and_path_it_names(
    vendor: RunningVendor, http: Client
) -> None:
    vendor.control.fault("status", method="POST", path_prefix="/v1/accounts/")
    assert http.get(f"/v1/accounts/{ACCOUNT}").status_code == 200
    assert http.get("/v1/prices").status_code == 200
    assert http.post(PRICE_CHANGES, json=change()).status_code == 503


def test_faults_tell_how_often_they_struck_until_they_are_cleared(
    vendor: RunningVendor, http: Client
) -> None:
    vendor.control.fault("status", calls=3)
    http.get("/v1/prices")
    listed = http.get("/_control/faults").json()["faults"]
    assert [(f["kind"], f["hits"], f["remaining"]) for f in listed] == [("status", 1, 2)]
    assert http.delete("/_control/faults").status_code == 204
    assert http.get("/v1/prices").status_code == 200


def test_the_controls_are_never_struck(vendor: RunningVendor, http: Client) -> None:
    vendor.control.fault("status", calls=5)
    assert http.get("/_control/health").json()["status"] == "ok"
    assert vendor.control.hits() == 0


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"kind": "earthquake"}, "kind"),
        ({"kind": "status", "calls": 0}, "calls"),
        ({"kind": "rename_field"}, "the field to rename"),
        ({"kind": "status", "colour": "red"}, "colour"),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused_by_name(
    http: Client, body: dict[str, object], words: str
) -> None:
    answer = http.post("/_control/faults", json=body)
    assert answer.status_code == 400
    assert words in answer.json()["error"]["message"]


def test_every_answer_has_a_request_id_and_the_callers_correlation_id(
    vendor: RunningVendor, http: Client
) -> None:
    headers = {"X-Correlation-ID": "corr-1"}
    vendor.control.fault("status")
    answers = [http.get("/v1/prices", headers=headers) for _ in range(2)]
    assert [a.status_code for a in answers] == [503, 200]
    assert {a.headers["X-Correlation-ID"] for a in answers} == {"corr-1"}
    assert len({a.headers["X-Request-Id"] for a in answers}) == 2
    http.post(PRICE_CHANGES, json=change(), headers=headers)
    assert vendor.control.ledger()[0]["correlation_id"] == "corr-1"


def test_the_ledger_is_paged_and_filtered(vendor: RunningVendor, http: Client) -> None:
    for number in range(3):
        http.post(PRICE_CHANGES, json=change(f"ref-{number}"))
    first = http.get("/_control/ledger", params={"limit": 2}).json()
    rest = http.get("/_control/ledger", params={"cursor": first["next_cursor"]}).json()
    assert [e["client_reference"] for e in first["entries"]] == ["ref-0", "ref-1"]
    assert [e["client_reference"] for e in rest["entries"]] == ["ref-2"]
    assert rest["next_cursor"] is None
    assert len(vendor.control.ledger(client_reference="ref-1")) == 1
    assert vendor.control.ledger(account_id="nobody") == []


def test_a_reset_brings_the_bundled_data_back(vendor: RunningVendor, http: Client) -> None:
    http.post(PRICE_CHANGES, json=change())
    vendor.control.reset()
    assert vendor.control.ledger() == []
    assert http.get(f"/v1/accounts/{ACCOUNT}").json()["recurring_amount_minor"] == 2985


def test_beyond_the_rate_callers_are_told_to_wait(tmp_path: Path) -> None:
    headers = {"Authorization": f"Bearer {ENVIRON['SANDBOX_BILLING_API_KEY']}"}
    with (
        running("billing", tmp_path, SANDBOX_RATE_LIMIT_PER_SECOND="1") as vendor,
        Client(base_url=vendor.base_url, headers=headers, trust_env=False) as http,
    ):
        answers = [http.get("/v1/prices") for _ in range(3)]
        assert answers[0].status_code == 200
        assert answers[-1].status_code == 429
        assert answers[-1].headers["Retry-After"] == "1"
        assert http.get("/_control/health").status_code == 200


def test_a_fault_may_strike_one_call_in_so_many(vendor: RunningVendor, http: Client) -> None:
    vendor.control.fault("status", status=502, calls=2, every=3)
    answers = [http.post(PRICE_CHANGES, json=change()).status_code for _ in range(9)]
    assert answers == [200, 200, 502, 200, 200, 502, 200, 200, 200]


def test_every_call_is_logged_with_what_it_was_told(vendor: RunningVendor, http: Client) -> None:
    before = last_call(http)
    vendor.control.fault("rate_limit", retry_after=7)
    vendor.control.fault("drop_after_effect", method="POST")
    http.get("/v1/prices", headers={"X-Correlation-ID": "c-1"})
    with pytest.raises(TransportError):
        http.post(PRICE_CHANGES, json=change())
    http.get("/v1/prices")

    page = http.get("/_control/calls", params={"cursor": before}).json()
    assert page["next_cursor"] is None
    told = [(c["method"], c["status"], c["retry_after"], c["fault"]) for c in page["calls"]]
    assert told == [
        ("GET", 429, "7", "rate_limit"),
        ("POST", None, None, "drop_after_effect"),
        ("GET", 200, None, None),
    ]
    assert page["calls"][0]["correlation_id"] == "c-1"
    assert {call["path"] for call in page["calls"]} == {"/v1/prices", PRICE_CHANGES}


def last_call(http: Client) -> int:
    calls = http.get("/_control/calls", params={"limit": 10_000}).json()["calls"]
    return int(calls[-1]["call_id"]) if calls else 0
