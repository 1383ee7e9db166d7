"""Alerts on a real database: every rule fires and resolves, and operations are told, once."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from adapters.postgres.alert_readings import MEASURES, read_measures
from adapters.postgres.alerts import alone
from adapters.postgres.tables import AuditEntryRow
from adapters.postgres.tables_alerts import AlertNoticeRow, AlertRow, AlertThresholdRow
from adapters.postgres.tables_desk import ReplayItemRow, ReplayRow
from adapters.temporal.queues import EngineLook, QueueLook
from domain.alerts import QUIET, RULE, TOLD_AGAIN_AFTER, AlertState, RuleName
from domain.announcements import Announcement
from domain.errors import NoticeError
from domain.identifiers import VENDORS, System
from tests.support.alerts import (
    HOUR,
    MINUTE,
    TROUBLES,
    a_worker,
    difference,
    drift_item,
    report,
    run,
)
from tests.support.clock import Clock
from tests.support.dead_letters import stands_still
from tests.support.records import accepted_change
from worker.alerts import Alerts
from worker.meters import Meters

Sessions = async_sessionmaker[AsyncSession]
ROUND = timedelta(seconds=15)


class Channel:
    """Hears what operations are told; may be away."""

    channel = "mail"

    def __init__(self) -> None:
        self.heard: list[Announcement] = []
        self.away = False

    async def tell(self, told: Announcement) -> None:
        if self.away:
            raise NoticeError("mail server: away")
        self.heard.append(told)

    def kinds(self, rule: RuleName) -> list[str]:
        return [told.kind for told in self.heard if told.facts["rule"] == rule]


def engine(**waits: float) -> EngineLook:
    """One that answers; nothing waits but where seconds are given."""
    return EngineLook(
        0.01,
        {
            system: QueueLook(40 if system in waits else 0, waits.get(system, 0.0), frozenset("w"))
            for system in System
        },
    )


class Watch:
    """Rounds as the relay goes them, by a clock the test sets."""

    def __init__(self, sessions: Sessions, clock: Clock) -> None:
        self.sessions, self.clock = sessions, clock
        self.channel, self.meters = Channel(), Meters()
        self.engine: EngineLook | None = engine()
        self.alerts = Alerts(sessions, [self.channel], self._look, self.meters, clock)

    async def _look(self) -> EngineLook | None:
        return self.engine

    async def rounds(self, span: timedelta) -> None:
        for _ in range(int(span / ROUND) + 1):
            self.clock.advance(ROUND)
            await self.alerts.look()

    async def rows(self, rule: RuleName) -> Sequence[AlertRow]:
        async with self.sessions() as session:
            found = select(AlertRow).where(AlertRow.rule == rule).order_by(AlertRow.opened_at)
            return list(await session.scalars(found))

    async def states(self, rule: RuleName) -> list[tuple[str, str, str]]:
        return [(row.system, row.subject, row.state) for row in await self.rows(rule)]

    def now(self) -> datetime:
        return self.clock()


@pytest.fixture
async def watch(sessions: Sessions, clock: Clock) -> Watch:
    clock.tick = timedelta()
    await a_worker(sessions, clock())
    return Watch(sessions, clock)


@pytest.mark.parametrize("rule", sorted(TROUBLES))
async def test_a_rule_fires_once_it_has_held_and_resolves_after_a_time_in_order(
    watch: Watch, sessions: Sessions, rule: RuleName
) -> None:
    trouble = TROUBLES[rule]
    await watch.alerts.look()
    assert await watch.rows(rule) == []

    await trouble.begin(sessions, watch.now())
    await watch.rounds(RULE[rule].holds)
    place = (trouble.system, trouble.subject)
    assert await watch.states(rule) == [(*place, AlertState.FIRING)]
    assert watch.channel.kinds(rule) == ["alert.firing"]

    await trouble.end(sessions, watch.now())
    await watch.alerts.look()
    assert await watch.states(rule) == [(*place, AlertState.FIRING)]
    await watch.rounds(QUIET)
    assert await watch.states(rule) == [(*place, AlertState.RESOLVED)]
    await watch.rounds(QUIET)
    assert watch.channel.kinds(rule) == ["alert.firing", "alert.resolved"]


async def test_every_rule_is_measured_and_brought_about_here(
    watch: Watch, sessions: Sessions
) -> None:
    elsewhere = {RuleName.QUEUE_AGE}
    assert set(TROUBLES) | elsewhere == set(RuleName)
    assert set(MEASURES) | {RuleName.VENDOR_SILENT} | elsewhere == set(RuleName)
    async with sessions() as session:
        found = await read_measures(session, watch.now())
    assert {each.system for each in found[RuleName.DEAD_LETTER_DEPTH]} == set(VENDORS)


async def test_dead_letters_a_retry_is_about_to_take_are_held_back(
    watch: Watch, sessions: Sessions
) -> None:
    letter = await stands_still(sessions, watch.now() - 25 * HOUR)
    async with sessions.begin() as session:
        session.add(
            ReplayRow(
                id="rpl_1", selection={}, actor="operator", role="operator", reason="mended",
                state="running", sentence="", correlation_id="c", created_at=watch.now(),
            )
        )  # fmt: skip
        await session.flush()
        session.add(
            ReplayItemRow(
                replay_id="rpl_1", position=1, dead_letter_id=letter.id,
                change_id=letter.change_id, system=letter.system, rule="may_be_retried",
                state="waiting", detail="", attempt_mark=0, audit_mark=0,
            )
        )  # fmt: skip
    await watch.alerts.look()
    assert await watch.rows(RuleName.DEAD_LETTER_AGE) == []

    async with sessions.begin() as session:
        (await session.get_one(ReplayItemRow, ("rpl_1", 1))).state = "failed"
    await watch.alerts.look()
    assert len(await watch.rows(RuleName.DEAD_LETTER_AGE)) == 1


MORNING = ("throughline", "morning-report")


@pytest.mark.parametrize(
    ("last_cut", "fires"),
    [
        (None, True),
        (27 * HOUR, True),
        (25 * HOUR, False),
    ],
    ids=["not run", "late or stale", "not due yet"],
)
async def test_a_morning_report_that_has_not_come_fires_until_it_is_there(
    watch: Watch, sessions: Sessions, last_cut: timedelta | None, fires: bool
) -> None:
    await accepted_change(sessions, at=watch.now() - 30 * HOUR)
    async with sessions.begin() as session:
        session.add(run("run_1", watch.now() - HOUR))
        if last_cut:
            session.add(report(watch.now() - last_cut))
    await watch.rounds(MINUTE)
    firing = [(*MORNING, "firing")] if fires else []
    assert await watch.states(RuleName.REPORT_STALE) == firing

    async with sessions.begin() as session:
        session.add(report(watch.now() - HOUR))
    await watch.rounds(QUIET + MINUTE)
    resolved = [(*MORNING, "resolved")] if fires else []
    assert await watch.states(RuleName.REPORT_STALE) == resolved


async def test_a_report_of_a_day_long_past_built_today_is_still_stale(
    watch: Watch, sessions: Sessions
) -> None:
    old = report(watch.now() - 72 * HOUR)
    old.built_at = watch.now()
    async with sessions.begin() as session:
        session.add(old)
    await watch.alerts.look()
    assert await watch.states(RuleName.REPORT_STALE) == [(*MORNING, "firing")]


async def test_both_daily_reports_that_are_missing_are_told_in_one_message(
    watch: Watch, sessions: Sessions
) -> None:
    await accepted_change(sessions, at=watch.now() - 30 * HOUR)
    await watch.rounds(MINUTE)
    (told,) = [each for each in watch.channel.heard if each.facts["rule"] == "report_stale"]
    subjects = [each["subject"] for each in told.facts["alerts"]]
    assert subjects == ["morning-report", "reconciliation"]


async def test_what_is_about_one_rule_at_one_system_is_told_together(
    watch: Watch, sessions: Sessions
) -> None:
    fields = ("services_held", "recurring_charge", "contract_term")
    async with sessions.begin() as session:
        for field in fields:
            session.add(difference(watch.now(), id=f"diff_{field}", field=field))
        session.add(drift_item(watch.now()))
    await watch.rounds(MINUTE)

    (told,) = [
        each for each in watch.channel.heard if each.facts["rule"] == "reconciliation_differences"
    ]
    assert [each["subject"] for each in told.facts["alerts"]] == sorted(fields)
    assert watch.channel.kinds(RuleName.DRIFT) == ["alert.firing"]


async def test_what_nobody_takes_is_told_again_after_hours_and_not_before(
    watch: Watch, sessions: Sessions
) -> None:
    await TROUBLES[RuleName.DRIFT].begin(sessions, watch.now())
    await watch.rounds(10 * MINUTE)
    assert watch.channel.kinds(RuleName.DRIFT) == ["alert.firing"]

    watch.clock.advance(TOLD_AGAIN_AFTER)
    await watch.rounds(MINUTE)
    assert watch.channel.kinds(RuleName.DRIFT) == ["alert.firing"] * 2


async def test_a_silence_outlasts_the_alert_it_was_given_for(
    watch: Watch, sessions: Sessions
) -> None:
    drift = TROUBLES[RuleName.DRIFT]
    await drift.begin(sessions, watch.now())
    await watch.alerts.look()
    async with sessions.begin() as session:
        row = (await session.scalars(select(AlertRow))).one()
        row.silenced_by, row.silenced_until = "operator", watch.now() + HOUR
        row.silenced_at, row.silence_reason = watch.now(), "They move house."
    await drift.end(sessions, watch.now())
    await watch.rounds(QUIET)
    await drift.begin(sessions, watch.now())
    await watch.rounds(MINUTE)

    first, again = await watch.rows(RuleName.DRIFT)
    assert (first.state, again.state) == ("resolved", "firing")
    assert again.silence_reason == "They move house."
    assert watch.channel.kinds(RuleName.DRIFT) == ["alert.firing"]

    watch.clock.advance(HOUR)
    await watch.alerts.look()
    assert watch.channel.kinds(RuleName.DRIFT) == ["alert.firing"] * 2


async def test_what_could_not_be_told_is_told_later_under_the_same_id(
    watch: Watch, sessions: Sessions
) -> None:
    watch.channel.away = True
    await TROUBLES[RuleName.DRIFT].begin(sessions, watch.now())
    await watch.rounds(MINUTE)
    async with sessions() as session:
        notice = (await session.scalars(select(AlertNoticeRow))).one()
    assert notice.undelivered["told:mail"]["why"] == "mail server: away"
    watch.channel.away = False
    await watch.rounds(MINUTE)

    assert [told.id for told in watch.channel.heard] == [notice.id]


async def test_a_threshold_somebody_has_set_counts_from_the_next_round_on(
    watch: Watch, sessions: Sessions
) -> None:
    async with sessions.begin() as session:
        session.add(
            AlertThresholdRow(
                rule=RuleName.DRIFT, threshold=1, reason="r", set_by="admin", set_at=watch.now()
            )
        )
        session.add(drift_item(watch.now()))
    await watch.alerts.look()
    assert await watch.rows(RuleName.DRIFT) == []
    assert b'throughline_alert_threshold{rule="drift"} 1.0' in watch.meters.page()


@pytest.mark.parametrize("system", ["throughline", "billing"])
async def test_tasks_that_wait_at_the_engine_count_and_an_engine_that_is_away_says_nothing(
    watch: Watch, system: str
) -> None:
    watch.engine = engine(**{system: 300.0})
    await watch.rounds(2 * MINUTE)
    fires = [(system, "", "firing")]
    assert await watch.states(RuleName.QUEUE_AGE) == fires

    watch.engine = None
    await watch.rounds(2 * QUIET)
    assert await watch.states(RuleName.QUEUE_AGE) == fires


async def test_one_judges_at_a_time(watch: Watch, sessions: Sessions) -> None:
    await TROUBLES[RuleName.DRIFT].begin(sessions, watch.now())
    async with sessions.begin() as other:
        assert await alone(other)
        await watch.alerts.look()
        assert await watch.rows(RuleName.DRIFT) == []
    await watch.alerts.look()
    assert len(await watch.rows(RuleName.DRIFT)) == 1


async def test_what_fires_and_resolves_is_on_record(watch: Watch, sessions: Sessions) -> None:
    drift = TROUBLES[RuleName.DRIFT]
    await drift.begin(sessions, watch.now())
    await watch.alerts.look()
    await drift.end(sessions, watch.now())
    await watch.rounds(QUIET)
    async with sessions() as session:
        entries = await session.scalars(
            select(AuditEntryRow).where(AuditEntryRow.actor == "alerts").order_by(AuditEntryRow.id)
        )
        assert [entry.action for entry in entries] == ["alert_fired", "alert_resolved"]
