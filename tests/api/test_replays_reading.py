"""What a replay tells its reader: what they may do, by which rules, of which cause."""

import pytest

from tests.support.api import PNG
from tests.support.office import Office
from tests.support.replays import ROUTE, Desk


@pytest.fixture
def desk(office: Office) -> Desk:
    return Desk(office)


async def test_a_replay_says_what_its_reader_may_do_to_it(desk: Desk) -> None:
    await desk.parked(1)
    replay = await desk.replay()
    path = f"{ROUTE}/{replay['id']}"

    mine = {each["action"]: each for each in replay["caller"]}
    theirs = (await desk.office.api.client("support").get(path)).json()["caller"]

    assert {action: each["allowed"] for action, each in mine.items()} == {
        "suspend": True,
        "resume": False,
        "cancel": True,
    }
    assert mine["resume"]["reason"] == "Resume does not fit a replay that is running."
    assert {each["reason"] for each in theirs} == {
        "Support steers its own replays; ask an operator."
    }
    assert replay["needs_second_person"] is False


async def test_a_dry_run_says_who_may_not_start_it(desk: Desk) -> None:
    await desk.parked(1)
    everything = {"opened_before": "2100-01-01T00:00:00Z"}
    free = await desk.replay(dry_run=True)
    revised = await desk.office.held_for_a_revision(PNG + b"revised")
    mixed = await desk.replay(dry_run=True, filter=everything)
    none = await desk.replay(dry_run=True, filter={"account_id": "nobody"})

    support = desk.office.api.client("support")
    theirs = (await support.get(f"{ROUTE}/{mixed['id']}")).json()

    assert (free["start_refused"], mixed["start_refused"]) == (None, None)
    assert mixed["rules"] == {"may_be_retried": 1, "revision_pending": 1}
    assert theirs["start_refused"].startswith("Not everything selected is safe to retry")
    assert none["start_refused"] == "Nothing of it may be retried."
    assert revised in {item["change_id"] for item in mixed["items"]}


async def test_replays_are_found_by_their_cause_and_items_by_their_state(desk: Desk) -> None:
    first, _ = await desk.parked(2)
    (cause,) = (await desk.office.api.operator.get("/v1/dead-letters")).json()["items"]
    by_cause = {"fingerprint": cause["fingerprint"], "filter": {}}
    looked = await desk.replay(dry_run=True, **by_cause)
    await desk.replay()  # by a filter: of no one cause
    held = await desk.office.api.operator.get("/v1/dead-letters")

    async def listed(**query: str) -> list[str]:
        answer = await desk.office.api.operator.get(
            ROUTE, params={"fingerprint": cause["fingerprint"], **query}
        )
        return [item["id"] for item in answer.json()["items"]]

    real = await desk.replay(**by_cause)
    again = (await desk.office.api.operator.get("/v1/dead-letters")).json()["items"]
    none = await desk.office.api.operator.get(
        f"{ROUTE}/{looked['id']}", params={"state": "not_eligible"}
    )
    both = await desk.office.api.operator.get(
        f"{ROUTE}/{looked['id']}", params={"state": ["eligible", "not_eligible"], "limit": "1"}
    )

    assert await listed() == [real["id"], looked["id"]]
    assert await listed(dry_run="false") == [real["id"]]
    assert await listed(dry_run="true") == [looked["id"]]
    assert held.json()["items"][0]["replay"] is None
    assert again[0]["replay"] is None  # nothing was left to take, so it is over
    assert none.json()["items"] == []
    assert [item["change_id"] for item in both.json()["items"]] == [first]
