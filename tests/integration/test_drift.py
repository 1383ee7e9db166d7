"""Drift with a real vendor's answers and a real record: found once, mapped, read through."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, text, update

from adapters.postgres.drift import link_change
from adapters.postgres.drift_deciding import By, confirm_mapping, propose_mapping
from adapters.postgres.drift_watch import PostgresDriftWatch
from adapters.postgres.retention import expire_payloads
from adapters.postgres.tables import AttemptRow, ServiceChangeRow
from adapters.postgres.tables_drift import DriftItemRow, ShapeRow
from adapters.postgres.tables_inbox import InboxRow
from adapters.vendors.billing import BillingClient
from domain.errors import UnrecognisedPayloadError
from domain.identifiers import System
from domain.service_change import Role
from domain.vendor_events import InboxState
from domain.vendor_values import Standing, VendorCall
from sandbox._base.accounts import bundled_accounts
from tests.support.clock import START, Clock
from tests.support.drift import odd
from tests.support.inbox import Sessions, events
from tests.support.polling import eventually
from tests.support.records import accepted_change
from tests.support.webhooks import ACCOUNT, arrive, event_body
from tests.vendor_server import ENVIRON, RunningVendor, running
from worker.drift_release import release_stragglers
from worker.inbox import work_off

ACCOUNT_ID = "7590-VHVEG"


@pytest.fixture(name="vendor", scope="module")
def _vendor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningVendor]:
    with running("billing", tmp_path_factory.mktemp("billing")) as vendor:
        yield vendor


def client(vendor: RunningVendor, watch: PostgresDriftWatch) -> BillingClient:
    key = ENVIRON["SANDBOX_BILLING_API_KEY"]
    return BillingClient(vendor.base_url, api_key=key, watch=watch)


async def written(watch: PostgresDriftWatch) -> None:
    """Put on record what the watch has gathered, as its loop does when told to stop."""
    stop = asyncio.Event()
    stop.set()
    await watch.keep_writing(stop)


async def items(sessions: Sessions) -> list[DriftItemRow]:
    async with sessions() as session:
        return list(await session.scalars(select(DriftItemRow).order_by(DriftItemRow.kind)))


async def mapped(sessions: Sessions, item_id: str, known: str) -> None:
    """What it means, by two persons."""
    by = By("operator", Role.OPERATOR, "They say so.", "corr", START)
    async with sessions.begin() as session:
        item = await session.get_one(DriftItemRow, item_id)
        row = await propose_mapping(session, item, f"map_{item_id}", known, by)
        admin = replace(by, actor="admin", role=Role.ADMIN)
        await confirm_mapping(session, item, row, admin, seen_sha256="s", replay_id="rpl_1")


@pytest.mark.parametrize(
    ("fault", "kind", "came", "known"),
    [
        ({"kind": "new_status"}, "unknown_value", '"under_migration"', "past_due"),
        ({"kind": "rename_field", "field": "standing"}, "renamed", "standingV2", "standingV2"),
    ],
    ids=["new status", "renamed field"],
)
async def test_what_a_vendor_sends_anew_is_read_once_it_is_mapped_while_it_goes_on_sending_it(
    vendor: RunningVendor,
    sessions: Sessions,
    clock: Clock,
    *,
    fault: dict[str, str],
    kind: str,
    came: str,
    known: str,
) -> None:
    vendor.control.reset()
    watch = PostgresDriftWatch(sessions, clock)
    async with client(vendor, watch) as billing:
        assert await billing.read_standing(VendorCall("c"), ACCOUNT_ID)
        await written(watch)
        vendor.control.fault(calls=100, **fault)
        later = PostgresDriftWatch(sessions, clock)
        async with client(vendor, later) as odd_now:
            for _ in range(3):
                with pytest.raises(UnrecognisedPayloadError) as error:
                    await odd_now.read_standing(VendorCall("c"), ACCOUNT_ID)
        await written(later)

    (item,) = await items(sessions)
    assert (item.kind, item.raw, item.count, item.state) == (kind, came, 3, "open")
    assert error.value.reason == item.id
    assert item.sample["id"] == ACCOUNT_ID
    if kind == "renamed":
        assert {(each["path"], *each["before"]) for each in item.diff} >= {
            ("standing", "string"),
            ("standingV2",),
        }

    await mapped(sessions, item.id, known)
    fresh = PostgresDriftWatch(sessions, clock)
    async with client(vendor, fresh) as billing:
        read = await billing.read_standing(VendorCall("c"), ACCOUNT_ID)
    assert read is not None
    assert read.standing is (Standing.PAST_DUE if kind == "unknown_value" else Standing.CURRENT)


async def test_a_shape_that_first_came_with_an_unknown_word_is_known_once_it_comes_without(
    vendor: RunningVendor, sessions: Sessions, clock: Clock
) -> None:
    vendor.control.reset()
    vendor.control.fault("new_status")
    watch = PostgresDriftWatch(sessions, clock)
    async with client(vendor, watch) as billing:
        with pytest.raises(UnrecognisedPayloadError):
            await billing.read_standing(VendorCall("c"), ACCOUNT_ID)
        await written(watch)
        assert await billing.read_standing(VendorCall("c"), ACCOUNT_ID)
        await written(watch)
        vendor.control.fault("new_field", field="tier", value="gold")
        later = PostgresDriftWatch(sessions, clock)
        async with client(vendor, later) as richer:
            assert await richer.read_standing(VendorCall("c"), ACCOUNT_ID)
        await written(later)

    found = {item.kind: item.path for item in await items(sessions)}
    assert found == {"unknown_value": "standing", "new_field": "tier"}


async def test_a_diff_is_to_the_accepted_payload_that_is_most_like_it(
    vendor: RunningVendor, sessions: Sessions, clock: Clock
) -> None:
    vendor.control.reset()
    with_invoices = next(each.account_id for each in bundled_accounts() if each.past_due)
    watch, later = PostgresDriftWatch(sessions, clock), PostgresDriftWatch(sessions, clock)
    async with client(vendor, watch) as billing:
        for account_id in (ACCOUNT_ID, with_invoices):
            assert await billing.read_standing(VendorCall("c"), account_id)
    await written(watch)
    vendor.control.fault("remove_field", field="standing")
    async with client(vendor, later) as odd_now:
        with pytest.raises(UnrecognisedPayloadError):
            await odd_now.read_standing(VendorCall("c"), ACCOUNT_ID)
    await written(later)

    (item,) = await items(sessions)
    assert [each["path"] for each in item.diff] == ["standing"]


async def test_a_known_shape_costs_no_statement_and_is_counted_later(
    vendor: RunningVendor, sessions: Sessions, clock: Clock
) -> None:
    vendor.control.reset()
    watch = PostgresDriftWatch(sessions, clock)
    async with client(vendor, watch) as billing:
        for _ in range(5):
            await billing.read_standing(VendorCall("c"), ACCOUNT_ID)
    await written(watch)
    await written(watch)
    async with sessions() as session:
        (shape,) = await session.scalars(select(ShapeRow))
    assert (shape.operation, shape.state, shape.count) == ("read_standing", "accepted", 5)


async def test_what_was_gathered_while_the_record_was_away_is_written_later(
    sessions: Sessions, clock: Clock
) -> None:
    watch = PostgresDriftWatch(sessions, clock)
    sighting = odd(standing="frozen").sighting
    assert sighting is not None
    async with sessions.begin() as session:
        await session.execute(text("ALTER TABLE shapes RENAME TO away"))
    watch.saw(sighting)
    assert not await watch._write()
    async with sessions.begin() as session:
        await session.execute(text("ALTER TABLE away RENAME TO shapes"))
    watch.saw(sighting)
    assert await watch._write()
    (item,) = await items(sessions)
    assert item.count == 2


async def test_an_event_of_a_new_type_is_read_again_once_it_is_mapped(
    sessions: Sessions, clock: Clock
) -> None:
    told = {"account": ACCOUNT, "standing": "current"}
    event_id = await arrive(sessions, System.BILLING, event_body("account.settled", told))
    watch = PostgresDriftWatch(sessions, clock)
    await work_off(sessions, clock, watch=watch)
    await written(watch)
    (item,) = await items(sessions)
    assert (item.kind, item.raw, item.count) == ("unknown_value", '"account.settled"', 1)
    assert (await events(sessions))[event_id].state == InboxState.QUARANTINED

    await mapped(sessions, item.id, "account.standing_changed")
    async with sessions.begin() as session:
        await session.execute(update(InboxRow).values(available_at=text("now()")))
    await work_off(sessions, clock, watch=PostgresDriftWatch(sessions, clock))
    row = (await events(sessions))[event_id]
    assert (row.state, row.type) == (InboxState.PROCESSED, "account.standing_changed")


async def test_nothing_stands_still_for_a_drift_that_is_mapped_so_nothing_is_released(
    sessions: Sessions, clock: Clock
) -> None:
    change = await accepted_change(sessions)
    sighting = odd(standing="frozen").sighting
    assert sighting is not None
    async with sessions.begin() as session:
        await link_change(session, sighting, change.id, START)
    (item,) = await items(sessions)
    await mapped(sessions, item.id, "current")
    assert await release_stragglers(sessions, clock, lambda count: b"x" * count) == []


async def test_many_processes_find_one_drift_at_once_and_it_is_there_once(
    sessions: Sessions, clock: Clock
) -> None:
    sighting = odd(standing="frozen").sighting
    assert sighting is not None
    watches = [PostgresDriftWatch(sessions, clock) for _ in range(5)]
    await asyncio.gather(*(each.write([(sighting, 2)], Counter()) for each in watches))
    (item,) = await items(sessions)
    assert item.count == 10


async def test_the_loop_writes_what_is_odd_within_its_second(
    sessions: Sessions, clock: Clock
) -> None:
    watch, stop = PostgresDriftWatch(sessions, clock), asyncio.Event()
    loop = asyncio.create_task(watch.keep_writing(stop))
    sighting = odd(standing="frozen").sighting
    assert sighting is not None
    watch.saw(sighting)
    await eventually(lambda: items(sessions), bool)
    stop.set()
    await loop


async def test_raw_payloads_expire_once_their_change_has_ended_and_hashes_stay(
    sessions: Sessions,
) -> None:
    open_, ended = await accepted_change(sessions), await accepted_change(sessions)
    said = {"method": "GET", "path": "/v1", "request": {"a": 1}, "response": {"b": 2}}
    async with sessions.begin() as session:
        for change in (open_, ended):
            session.add(
                AttemptRow(
                    change_id=change.id, system="billing", step="check_standing", attempt=1,
                    outcome="unrecognised_payload", reason="", words="raw", exchanges=[said],
                    started_at=START, finished_at=START,
                )
            )  # fmt: skip
        row = await session.get_one(ServiceChangeRow, ended.id)
        row.ended_at = START
    later = START + timedelta(days=1)
    async with sessions.begin() as session:
        assert await expire_payloads(session, later, later) == 1
    async with sessions.begin() as session:
        assert await expire_payloads(session, later, later) == 0
    async with sessions() as session:
        rows = {row.change_id: row for row in await session.scalars(select(AttemptRow))}
    assert rows[open_.id].exchanges == [said]
    emptied = rows[ended.id]
    assert (emptied.words, emptied.payloads_expired_at) == ("", later)
    (exchange,) = emptied.exchanges
    assert (exchange["path"], exchange["request"], exchange["response"]) == ("/v1", None, None)
    assert len(exchange["request_sha256"]) == len(exchange["response_sha256"]) == 64


async def test_an_old_event_loses_its_body_unless_somebody_waits_for_it(
    sessions: Sessions, clock: Clock
) -> None:
    told = {"account": ACCOUNT, "standing": "current"}
    done = await arrive(sessions, System.BILLING, event_body("account.standing_changed", told))
    odd_one = await arrive(sessions, System.BILLING, event_body("account.settled", told))
    await work_off(sessions, clock)
    later = START + timedelta(days=365)
    async with sessions.begin() as session:
        assert await expire_payloads(session, later, later) == 1
    rows = await events(sessions)
    assert (rows[done].body, bool(rows[done].body_sha256)) == (b"", True)
    assert rows[odd_one].body
