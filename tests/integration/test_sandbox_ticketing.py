"""The ticketing vendor over HTTP: what its API promises, and the events it sends."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook

from http_client import Client, Response
from sandbox.ticketing.app import create_app
from tests.vendor_server import Control, serving

SECRET = "whsec_dGhyb3VnaGxpbmUtdGVzdC1zZWNyZXQ="
ENVIRON = {"SANDBOX_TICKETING_TOKEN": "t0ken", "SANDBOX_TICKETING_WEBHOOK_SECRET": SECRET}
ACCOUNT = "7590-VHVEG"
Event = tuple[dict[str, str], bytes]


class Ticketing:
    """The vendor as a caller sees it."""

    def __init__(self, base_url: str) -> None:
        headers = {"Authorization": "Token t0ken"}
        self.http = Client(base_url=f"{base_url}/api", headers=headers, trust_env=False)
        self.control = Control(base_url)

    def close(self) -> None:
        self.http.close()
        self.control.close()

    def open(self, reference: str, **changes: object) -> Response:
        fields = {
            "subject": "A document is missing",
            "body": "Please send the signed order form.",
            "account_id": ACCOUNT,
            "external_reference": reference,
        }
        return self.http.post("/tickets", json={"ticket": fields | changes})

    def opened(self, reference: str = "ref") -> str:
        answer = self.open(reference)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["ticket"]["id"])

    def ticket(self, ticket_id: str) -> dict[str, Any]:
        told: dict[str, Any] = self.http.get(f"/tickets/{ticket_id}").json()["ticket"]
        return told

    def comments(self, ticket_id: str) -> list[dict[str, Any]]:
        told: list[dict[str, Any]] = self.http.get(f"/tickets/{ticket_id}/comments").json()[
            "comments"
        ]
        return told

    def comment(self, ticket_id: str, body: str, **more: object) -> Response:
        said = {"comment": {"body": body, **more}}
        return self.http.post(f"/tickets/{ticket_id}/comments", json=said)

    def answer(self, ticket_id: str, body: str = "Here it is.") -> Response:
        return self.http.post(f"/tickets/{ticket_id}/answers", json={"answer": {"body": body}})

    def end(self, ticket_id: str, resolution: str = "Solved.") -> Response:
        return self.http.post(f"/tickets/{ticket_id}/close", json={"resolution": resolution})

    def found(self, reference: str) -> list[str]:
        answer = self.http.get("/tickets", params={"external_reference": reference})
        return [ticket["id"] for ticket in answer.json()["tickets"]]


@contextmanager
def running(state_dir: Path, webhook_url: str | None = None) -> Iterator[Ticketing]:
    app = create_app(state_dir=state_dir, environ=ENVIRON, webhook_url=webhook_url)
    with serving(app) as base_url:
        vendor = Ticketing(base_url)
        try:
            yield vendor
        finally:
            vendor.close()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ticketing]:
    with running(tmp_path_factory.mktemp("ticketing")) as vendor:
        yield vendor


@pytest.fixture
def vendor(served: Ticketing) -> Ticketing:
    served.control.reset()
    return served


class Receiver:
    """A webhook receiver that takes everything and keeps it."""

    def __init__(self) -> None:
        self.events: Queue[Event] = Queue()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                outer.events.put(({k.lower(): v for k, v in self.headers.items()}, body))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *args: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/webhooks"

    def next(self) -> Event:
        return self.events.get(timeout=10)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    thread = threading.Thread(target=receiver.server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield receiver
    receiver.server.shutdown()
    receiver.server.server_close()
    thread.join(5)


@pytest.mark.parametrize("authorization", ["", "Token wrong", "Bearer t0ken"])
def test_a_wrong_token_opens_nothing(vendor: Ticketing, authorization: str) -> None:
    answer = vendor.http.get("/tickets/T-100001", headers={"Authorization": authorization})
    assert (answer.status_code, answer.json()["error"]) == (401, "CouldntAuthenticate")


def test_a_ticket_has_a_number_people_can_say_and_its_body_as_first_comment(
    vendor: Ticketing,
) -> None:
    answer = vendor.open("ref", tags=["document"])
    ticket = answer.json()["ticket"]
    assert answer.status_code == 201
    assert (ticket["id"], ticket["status"], ticket["version"]) == ("T-100001", "open", 1)
    assert vendor.ticket("T-100001") == ticket
    assert [comment["body"] for comment in vendor.comments("T-100001")] == [
        "Please send the signed order form."
    ]


def test_opening_twice_under_one_reference_makes_two_tickets(vendor: Ticketing) -> None:
    made = [vendor.opened("same"), vendor.opened("same")]
    assert made[0] != made[1]
    assert vendor.found("same") == made
    assert vendor.found("another") == []


def test_an_unknown_account_gets_no_ticket(vendor: Ticketing) -> None:
    answer = vendor.open("ref", account_id="0000-NOONE")
    assert (answer.status_code, answer.json()["error"]) == (422, "RecordInvalid")
    assert vendor.found("ref") == []


def test_a_missing_field_is_named(vendor: Ticketing) -> None:
    answer = vendor.http.post("/tickets", json={"ticket": {"subject": "x"}})
    assert answer.status_code == 422
    assert "ticket.body: Field required" in answer.json()["description"]


@pytest.mark.parametrize("ticket_id", ["T-999999", "100001", "T-", "nonsense"])
def test_an_unknown_ticket_is_not_found(vendor: Ticketing, ticket_id: str) -> None:
    answer = vendor.http.get(f"/tickets/{ticket_id}")
    assert (answer.status_code, answer.json()["error"]) == (404, "RecordNotFound")


def test_a_public_comment_waits_for_the_customer_whose_answer_is_noted(
    vendor: Ticketing,
) -> None:
    ticket = vendor.opened()
    vendor.comment(ticket, "Only we see this.", public=False)
    assert vendor.ticket(ticket)["status"] == "open"
    vendor.comment(ticket, "Which date suits you?", external_reference="question-1")
    assert vendor.ticket(ticket)["status"] == "waiting_on_customer"
    vendor.answer(ticket, "The third.")
    assert vendor.ticket(ticket)["status"] == "answered"
    assert [(c["author"], c["public"], c["external_reference"]) for c in vendor.comments(ticket)][
        1:
    ] == [
        ("desk", False, None),
        ("desk", True, "question-1"),
        ("customer", True, None),
    ]


def test_everything_that_happens_to_a_ticket_raises_its_version(vendor: Ticketing) -> None:
    ticket = vendor.opened()
    vendor.comment(ticket, "Hello?")
    vendor.answer(ticket)
    vendor.end(ticket)
    assert vendor.ticket(ticket)["version"] == 4


def test_closing_again_changes_nothing_and_keeps_the_first_resolution(vendor: Ticketing) -> None:
    ticket = vendor.opened()
    first, second = vendor.end(ticket, "Solved."), vendor.end(ticket, "Solved again.")
    assert first.json() == second.json()
    assert first.json()["ticket"]["resolution"] == "Solved."


def test_a_closed_ticket_takes_neither_comment_nor_answer(vendor: Ticketing) -> None:
    ticket = vendor.opened()
    vendor.end(ticket)
    refused = [vendor.comment(ticket, "Late."), vendor.answer(ticket)]
    assert [(a.status_code, a.json()["error"]) for a in refused] == [(422, "TicketClosed")] * 2
    assert len(vendor.comments(ticket)) == 1


def test_the_ledger_tells_each_effect_once(vendor: Ticketing) -> None:
    ticket = vendor.opened("ref")
    vendor.comment(ticket, "Hello?", external_reference="question-1")
    vendor.answer(ticket)
    vendor.end(ticket)
    vendor.end(ticket)
    told = [(entry["what"], entry["client_reference"]) for entry in vendor.control.ledger()]
    assert told == [
        ("ticket_opened", "ref"),
        ("ticket_commented", "question-1"),
        ("ticket_answered", "ref"),
        ("ticket_closed", "ref"),
    ]
    assert {entry["account_id"] for entry in vendor.control.ledger()} == {ACCOUNT}


def test_answer_and_closure_are_sent_as_signed_events(tmp_path: Path, receiver: Receiver) -> None:
    with running(tmp_path, receiver.url) as vendor:
        ticket = vendor.opened("ref")
        vendor.comment(ticket, "Hello?")
        vendor.answer(ticket)
        vendor.end(ticket)
        vendor.end(ticket)
        headers, body = receiver.next()
        closed = json.loads(receiver.next()[1])
    answered = Webhook(SECRET).verify(body, headers)
    assert answered["id"] == headers["webhook-id"]
    assert answered["type"] == "ticket.answered"
    assert answered["data"] == {
        "ticket_id": ticket,
        "external_reference": "ref",
        "account_id": ACCOUNT,
        "status": "answered",
        "version": 3,
    }
    assert (closed["type"], closed["data"]["version"]) == ("ticket.closed", 4)
    assert receiver.events.empty()


def test_tickets_and_unsent_events_survive_a_restart(tmp_path: Path, receiver: Receiver) -> None:
    with running(tmp_path) as before:
        ticket = before.opened("ref")
        before.answer(ticket)
        conversation = before.comments(ticket)
    with running(tmp_path, receiver.url) as after:
        assert after.found("ref") == [ticket]
        assert after.comments(ticket) == conversation
        assert json.loads(receiver.next()[1])["data"]["ticket_id"] == ticket
        assert after.opened("next") == "T-100002"
