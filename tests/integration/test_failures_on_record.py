"""The failure object of a change: when it comes, when it goes, and what leaves it alone."""

from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from adapters.postgres.records import PostgresRecords
from adapters.postgres.tables import ServiceChangeRow
from domain.errors import FailureCode
from domain.identifiers import System
from domain.messages import FailureDetails, Parking, TransitionInput
from domain.records import Attempt
from domain.service_change import ChangeStatus
from tests.support.clock import START, Clock
from tests.support.records import accepted_change

Sessions = async_sessionmaker[AsyncSession]
STEP = "check_standing"


def attempt(
    change_id: str, code: FailureCode | None, *, words: str = "", step: str = STEP
) -> Attempt:
    return Attempt(
        change_id=change_id,
        system=System.BILLING,
        step=step,
        started_at=START,
        finished_at=START + timedelta(seconds=1),
        code=code,
        words=words,
    )


@pytest.fixture
def records(sessions: Sessions, clock: Clock) -> PostgresRecords:
    return PostgresRecords(sessions, clock)


async def checking(sessions: Sessions, records: PostgresRecords) -> str:
    change = await accepted_change(sessions)
    await move(records, change.id, ChangeStatus.CHECKING)
    return change.id


async def move(
    records: PostgresRecords, change_id: str, to: ChangeStatus, parking: Parking | None = None
) -> None:
    step = TransitionInput(
        change_id=change_id,
        to=to,
        actor="throughline",
        actor_kind="service",
        reason="So.",
        parking=parking,
    )
    async with records.begin() as record:
        await record.transition(step)


async def tried(records: PostgresRecords, *attempts: Attempt) -> None:
    for each in attempts:
        async with records.begin() as record:
            await record.save_attempt(each)


async def failure_of(sessions: Sessions, change_id: str) -> dict[str, object] | None:
    async with sessions() as session:
        return (await session.get_one(ServiceChangeRow, change_id)).failure


async def test_a_failed_try_shows_and_the_next_good_one_of_that_step_clears_it(
    sessions: Sessions, records: PostgresRecords
) -> None:
    change_id = await checking(sessions, records)

    await tried(records, attempt(change_id, FailureCode.UNAVAILABLE, words="503"))
    shown = await failure_of(sessions, change_id)
    await tried(records, attempt(change_id, None, step="check_date"))
    still = await failure_of(sessions, change_id)
    await tried(records, attempt(change_id, None))

    assert shown is not None
    assert (shown["words"], shown["attempts"]) == ("503", 1)
    assert still == shown
    assert await failure_of(sessions, change_id) is None


async def test_the_first_error_is_kept_when_a_later_try_fails_in_another_way(
    sessions: Sessions, records: PostgresRecords
) -> None:
    change_id = await checking(sessions, records)

    await tried(
        records,
        attempt(change_id, FailureCode.UNAVAILABLE, words="first"),
        attempt(change_id, FailureCode.OUTCOME_UNKNOWN, words="second"),
        attempt(change_id, FailureCode.CREDENTIAL, words="third"),
    )

    failure = await failure_of(sessions, change_id)
    assert failure is not None
    first, last = failure["first_error"], failure["last_error"]
    assert isinstance(first, dict)
    assert isinstance(last, dict)
    assert (first["words"], last["words"], failure["attempts"]) == ("first", "third", 3)


@pytest.mark.parametrize("code", [None, FailureCode.UNAVAILABLE])
async def test_what_a_change_is_parked_for_stays_whatever_is_tried_meanwhile(
    sessions: Sessions, records: PostgresRecords, code: FailureCode | None
) -> None:
    change_id = await checking(sessions, records)
    failed = FailureDetails(code=FailureCode.CREDENTIAL, system=System.BILLING, step=STEP)
    parking = Parking(sequence=1, failure=failed, resumes=ChangeStatus.CHECKING)
    await tried(records, attempt(change_id, FailureCode.CREDENTIAL, words="401"))
    await move(records, change_id, ChangeStatus.NEEDS_ATTENTION, parking)
    parked = await failure_of(sessions, change_id)

    await tried(records, attempt(change_id, code), attempt(change_id, code, step="check_date"))

    assert parked is not None
    assert parked["code"] == "credential"
    assert await failure_of(sessions, change_id) == parked
    await move(records, change_id, ChangeStatus.CHECKING)
    assert await failure_of(sessions, change_id) is None
