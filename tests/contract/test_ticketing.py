"""What every ticketing port must do: one suite for the fake and for adapter and vendor.

Below it, what only a wire can do wrong.
"""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import dataclass
from typing import Protocol

import pytest

from activities.ports import Ticketing
from adapters.vendors.fakes.ticketing import FakeTicketing
from adapters.vendors.ticketing import TicketingClient
from domain.errors import (
    CredentialError,
    OutcomeUnknownError,
    UnrecognisedPayloadError,
    VendorRejectedError,
)
from domain.identifiers import System
from domain.vendor_values import TicketDraft, TicketStatus, VendorCall
from http_client import AsyncClient
from sandbox.ticketing.app import create_app
from tests.vendor_server import Control, serving

ENVIRON = {"SANDBOX_TICKETING_TOKEN": "t0ken"}
DRAFT = TicketDraft("7590-VHVEG", "chg_1", "Information needed", "The order form is missing.")


def under(key: str) -> VendorCall:
    return VendorCall("correlation-1", idempotency_key=key)


class World(Protocol):
    """A ticketing port and the means to arrange and to see what is behind it."""

    @property
    def port(self) -> Ticketing: ...

    def lose_next_answer(self, method: str) -> None: ...

    async def customer_answers(self, ticket: str) -> None: ...

    def standing(self) -> tuple[int, int, int]:
        """How many tickets were opened, comments made, tickets closed."""
        ...


class FakeWorld:
    def __init__(self) -> None:
        self.port = FakeTicketing()

    def lose_next_answer(self, method: str) -> None:
        self.port.failures.plan_after(method, OutcomeUnknownError(System.TICKETING, "no answer"))

    async def customer_answers(self, ticket: str) -> None:
        self.port.answer(ticket)

    def standing(self) -> tuple[int, int, int]:
        tickets = self.port.tickets.values()
        return (
            len(tickets),
            sum(len(ticket.comments) for ticket in tickets),
            sum(ticket.resolution is not None for ticket in tickets),
        )


@dataclass
class SandboxWorld:
    base_url: str
    port: TicketingClient
    control: Control

    def lose_next_answer(self, method: str) -> None:
        del method  # each port method makes one POST
        self.control.fault("drop_after_effect", method="POST")

    async def customer_answers(self, ticket: str) -> None:
        async with AsyncClient(base_url=self.base_url, trust_env=False) as desk:
            answered = await desk.post(
                f"/api/tickets/{ticket}/answers",
                json={"answer": {"body": "Here it is."}},
                headers={"Authorization": "Token t0ken"},
            )
        answered.raise_for_status()

    def standing(self) -> tuple[int, int, int]:
        told = Counter(entry["what"] for entry in self.control.ledger())
        return told["ticket_opened"], told["ticket_commented"], told["ticket_closed"]


@pytest.fixture(scope="module")
async def served(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[SandboxWorld]:
    app = create_app(state_dir=tmp_path_factory.mktemp("ticketing"), environ=ENVIRON)
    with serving(app) as base_url, closing(Control(base_url)) as control:
        async with TicketingClient(base_url, token="t0ken") as client:
            yield SandboxWorld(base_url, client, control)


@pytest.fixture
def sandbox(served: SandboxWorld) -> SandboxWorld:
    served.control.reset()
    return served


@pytest.fixture(params=["fake", "sandbox"])
def world(request: pytest.FixtureRequest) -> World:
    if request.param == "fake":
        return FakeWorld()
    sandbox: SandboxWorld = request.getfixturevalue("sandbox")
    return sandbox


async def opened(world: World, key: str = "key") -> str:
    return (await world.port.open_ticket(under(key), DRAFT)).vendor_reference


async def test_a_ticket_has_a_number_and_is_found_under_its_key(world: World) -> None:
    assert await world.port.find_ticket(under("key")) is None
    ticket = await world.port.open_ticket(under("key"), DRAFT)
    assert ticket.vendor_reference == "T-100001"
    assert ticket.facts == {"status": "open"}
    assert await world.port.find_ticket(under("key")) == ticket
    assert await world.port.find_ticket(under("other")) is None


async def test_opening_again_under_the_same_key_opens_nothing_more(world: World) -> None:
    assert await opened(world) == await opened(world)
    assert world.standing() == (1, 0, 0)


async def test_another_key_opens_another_ticket(world: World) -> None:
    assert await opened(world, "key-1") != await opened(world, "key-2")
    assert world.standing() == (2, 0, 0)


async def test_a_ticket_whose_answer_was_lost_is_not_opened_twice(world: World) -> None:
    world.lose_next_answer("open_ticket")
    with pytest.raises(OutcomeUnknownError):
        await opened(world)
    found = await world.port.find_ticket(under("key"))
    assert found is not None
    assert await opened(world) == found.vendor_reference
    assert world.standing() == (1, 0, 0)


async def test_a_comment_is_made_once_per_key(world: World) -> None:
    ticket = await opened(world)
    assert await world.port.find_comment(under("c-1"), ticket) is None
    first, again = [
        await world.port.comment_on_ticket(under("c-1"), ticket, "And a date.") for _ in range(2)
    ]
    other = await world.port.comment_on_ticket(under("c-2"), ticket, "And a signature.")
    assert first == again
    assert first != other
    assert await world.port.find_comment(under("c-1"), ticket) == first
    assert world.standing() == (1, 2, 0)


async def test_a_comment_whose_answer_was_lost_is_not_made_twice(world: World) -> None:
    ticket = await opened(world)
    world.lose_next_answer("comment_on_ticket")
    with pytest.raises(OutcomeUnknownError):
        await world.port.comment_on_ticket(under("c-1"), ticket, "And a date.")
    found = await world.port.find_comment(under("c-1"), ticket)
    assert await world.port.comment_on_ticket(under("c-1"), ticket, "And a date.") == found
    assert world.standing() == (1, 1, 0)


async def test_a_closed_ticket_is_closed_once_and_found_closed(world: World) -> None:
    ticket = await opened(world)
    assert await world.port.find_closure(under("end"), ticket) is None
    first, again = [await world.port.close_ticket(under("end"), ticket, "Done.") for _ in range(2)]
    assert first == again
    assert (first.vendor_reference, first.facts) == (ticket, {"status": "closed"})
    assert await world.port.find_closure(under("end"), ticket) == first
    assert world.standing() == (1, 0, 1)


async def test_a_closure_whose_answer_was_lost_is_found(world: World) -> None:
    ticket = await opened(world)
    world.lose_next_answer("close_ticket")
    with pytest.raises(OutcomeUnknownError):
        await world.port.close_ticket(under("end"), ticket, "Done.")
    found = await world.port.find_closure(under("end"), ticket)
    assert found == await world.port.close_ticket(under("end"), ticket, "Done.")
    assert world.standing() == (1, 0, 1)


async def test_a_closed_ticket_takes_no_comment(world: World) -> None:
    ticket = await opened(world)
    await world.port.close_ticket(under("end"), ticket, "Done.")
    with pytest.raises(VendorRejectedError) as refusal:
        await world.port.comment_on_ticket(under("c-1"), ticket, "Too late.")
    assert refusal.value.reason == "TicketClosed"
    assert world.standing() == (1, 0, 1)


async def test_a_ticket_nobody_opened_is_not_found_and_takes_nothing(world: World) -> None:
    assert await world.port.find_comment(under("c-1"), "T-999999") is None
    assert await world.port.find_closure(under("end"), "T-999999") is None
    with pytest.raises(VendorRejectedError) as commented:
        await world.port.comment_on_ticket(under("c-1"), "T-999999", "Hello?")
    with pytest.raises(VendorRejectedError) as closed:
        await world.port.close_ticket(under("end"), "T-999999", "Done.")
    assert commented.value.reason == closed.value.reason == "RecordNotFound"


async def test_a_ticket_shows_where_it_stands_and_a_version_that_grows(world: World) -> None:
    ticket = await opened(world)
    seen = [await world.port.read_ticket(under("any"), ticket)]
    await world.port.comment_on_ticket(under("c-1"), ticket, "And a date.")
    seen.append(await world.port.read_ticket(under("any"), ticket))
    await world.customer_answers(ticket)
    seen.append(await world.port.read_ticket(under("any"), ticket))
    await world.port.close_ticket(under("end"), ticket, "Done.")
    seen.append(await world.port.read_ticket(under("any"), ticket))

    states = [state for state in seen if state]
    assert [state.status for state in states] == [
        TicketStatus.OPEN,
        TicketStatus.WAITING_ON_CUSTOMER,
        TicketStatus.ANSWERED,
        TicketStatus.CLOSED,
    ]
    versions = [state.version for state in states]
    assert versions == sorted(set(versions))
    for state in states:
        assert (state.reference, state.our_reference) == (ticket, "key")
        assert state.account_id == DRAFT.account_id
        assert state.changed_at.tzinfo is not None


async def test_a_ticket_nobody_opened_has_no_state(world: World) -> None:
    assert await world.port.read_ticket(under("any"), "T-999999") is None


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "new_status", "method": "POST"},
        {"kind": "rename_field", "field": "ticket", "method": "POST"},
        {"kind": "rename_field", "field": "tickets"},
        {"kind": "truncate"},
        {"kind": "html"},
    ],
)
async def test_an_answer_we_do_not_know_is_not_guessed(
    sandbox: SandboxWorld, fault: dict[str, str]
) -> None:
    sandbox.control.fault(**fault)
    with pytest.raises(UnrecognisedPayloadError) as failure:
        await opened(sandbox)
    assert "The answer was: " in failure.value.words
    await opened(sandbox)
    assert sandbox.standing() == (1, 0, 0)


async def test_a_ticket_in_a_status_we_do_not_know_is_not_taken_for_open(
    sandbox: SandboxWorld,
) -> None:
    ticket = await opened(sandbox)
    sandbox.control.fault("new_status", value="on_hold")
    with pytest.raises(UnrecognisedPayloadError, match="on_hold"):
        await sandbox.port.find_closure(under("end"), ticket)


async def test_a_wrong_token_is_a_matter_of_the_credential(sandbox: SandboxWorld) -> None:
    async with TicketingClient(sandbox.base_url, token="wrong") as client:
        with pytest.raises(CredentialError):
            await client.find_ticket(under("key"))


async def test_what_is_written_in_a_conversation_is_not_kept_as_evidence(
    sandbox: SandboxWorld,
) -> None:
    call = under("c-1")
    await sandbox.port.comment_on_ticket(call, await opened(sandbox), "Her new flat is on Elm St.")
    assert "Elm St" not in repr(call.exchanges)
    assert [each.http_status for each in call.exchanges] == [200, 201]


async def test_the_vendor_hears_key_and_correlation(sandbox: SandboxWorld) -> None:
    ticket = await opened(sandbox)
    await sandbox.port.comment_on_ticket(under("c-1"), ticket, "And a date.")
    told = [(e["client_reference"], e["correlation_id"]) for e in sandbox.control.ledger()]
    assert told == [("key", "correlation-1"), ("c-1", "correlation-1")]
