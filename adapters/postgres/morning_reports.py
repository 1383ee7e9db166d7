"""Morning reports: told from the record as of their cut, kept as first built, listed by day."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from adapters.postgres import report_facts, report_states
from adapters.postgres.audit import audit_note
from adapters.postgres.job_runs import runs_in
from adapters.postgres.reading import bad_cursor, decode_cursor, encode_cursor
from adapters.postgres.report_states import Stood
from adapters.postgres.tables_reports import MorningReportRow
from domain.announcements import Announcement
from domain.contracts import Page
from domain.contracts_reports import (
    ExceptionKind,
    MorningReport,
    MorningReportSummary,
    Proof,
    ReportExceptionView,
    StatusCountView,
)
from domain.failure_policy import TEAMS
from domain.identifiers import System
from domain.morning_report import (
    INPUTS,
    LAYOUT,
    NAMED,
    SEVERITY,
    WAITS_FOR,
    ReportTime,
    Stretch,
    announcement,
    canonical,
    hash_of,
    in_order,
    judge_job,
    judge_night,
    missing,
    notice_id,
)
from domain.service_change import ChangeStatus
from domain.wording import words

_ENGINEERS: Final = TEAMS[System.THROUGHLINE]
_UNPROVEN: Final = {
    Proof.WITHOUT_APPROVAL: (
        ExceptionKind.WITHOUT_APPROVAL,
        "Active although nobody approved it",
        "Stop and find out how it became active; it is not counted as active.",
    ),
    Proof.NOT_APPLIED: (
        ExceptionKind.NOT_APPLIED,
        "Active although not every effect was applied",
        "Compare what the systems hold with the plan; it is not counted as active.",
    ),
}
_WORDS: Final = {
    ChangeStatus.AWAITING_APPROVAL: "Awaits approval",
    ChangeStatus.INCOMPLETE: "Lacks something the customer has to send",
}


async def tell(session: AsyncSession, stretch: Stretch) -> MorningReport:
    """The report of a stretch, from the history on record. The same whenever it is told. No commit.

    All of it is read from one snapshot.
    """
    await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    stood = await report_states.stood(session, stretch)
    runs = await runs_in(session, stretch)
    jobs = [judge_job(each, runs.get(each.job, ()), stretch) for each in INPUTS]
    jobs.append(judge_night(await report_facts.night_runs(session, stretch), stretch))
    absent = missing(jobs)
    ended = await report_states.ended(session, stretch)
    return MorningReport(
        layout=LAYOUT,
        day=stretch.day,
        zone=stretch.zone,
        since=stretch.since,
        cut=stretch.cut,
        complete=not absent,
        missing=absent,
        exceptions=in_order(
            [
                *_unproven(stood),
                *await report_facts.in_doubt(session, stretch),
                *await report_facts.standing_still(session, stretch),
                *_overdue(stood),
                *await report_facts.waiting_for_a_second(session, stretch),
            ]
        ),
        unrecognised=await report_facts.unrecognised(session, stretch),
        jobs=jobs,
        active={proof: sum(e.count for e in stood if e.proof is proof) for proof in Proof},
        counts=sorted(
            (
                StatusCountView(
                    kind=each.kind, status=each.status, proof=each.proof, count=each.count
                )
                for each in stood
            ),
            key=lambda each: (each.status, each.proof or "", each.kind),
        ),
        became_active_count=sum(e.count for e in ended if e.status is ChangeStatus.ACTIVE),
        became_active=await report_states.became_active(session, stretch),
        ended_otherwise=[each for each in ended if each.status is not ChangeStatus.ACTIVE],
    )


def _unproven(stood: list[Stood]) -> list[ReportExceptionView]:
    return [
        _of_changes(kind, what, found, next_action=next_action, owner=_ENGINEERS)
        for proof, (kind, what, next_action) in _UNPROVEN.items()
        if (found := [each for each in stood if each.proof is proof])
    ]


def _overdue(stood: list[Stood]) -> list[ReportExceptionView]:
    return [
        _of_changes(
            ExceptionKind.OVERDUE,
            f"{_WORDS.get(status, words(status).capitalize())} for too long",
            found,
            owner=owner,
            next_action=next_action,
            status=status,
        )
        for status, (owner, next_action) in WAITS_FOR.items()
        if (found := [each for each in stood if each.status is status and each.overdue])
    ]


def _of_changes(
    kind: ExceptionKind,
    what: str,
    found: list[Stood],
    *,
    owner: str,
    next_action: str,
    status: ChangeStatus | None = None,
) -> ReportExceptionView:
    late = status is not None
    return ReportExceptionView(
        kind=kind,
        severity=SEVERITY[kind],
        what=what,
        count=sum(each.overdue if late else each.count for each in found),
        overdue=sum(each.overdue for each in found),
        oldest_at=min(each.overdue_since or each.oldest for each in found),
        owner=owner,
        next_action=next_action,
        system=None,
        status=status,
        fingerprint=None,
        change_ids=sorted(name for each in found for name in each.named)[:NAMED],
    )


def stretch_of(row: MorningReportRow) -> Stretch:
    """What a kept report is about; the settings may say otherwise by now."""
    return Stretch(row.day, row.zone, row.since, row.cut)


async def keep(
    session: AsyncSession,
    report: MorningReport,
    *,
    actor: str,
    actor_kind: str,
    correlation_id: str,
    at: datetime,
) -> tuple[MorningReportRow, bool]:
    """Keep a report unless the day has one; the kept one, and whether what was told is equal to it.

    Either is on the audit trail. No commit.
    """
    body = canonical(report)
    await session.execute(
        insert(MorningReportRow)
        .values(
            day=report.day,
            zone=report.zone,
            since=report.since,
            cut=report.cut,
            built_at=at,
            built_by=actor,
            built_by_kind=actor_kind,
            complete=report.complete,
            missing=[each.input for each in report.missing],
            sha256=hash_of(body),
            body=body,
            delivered={},
            undelivered={},
        )
        .on_conflict_do_nothing()
    )
    row = await session.get_one(MorningReportRow, report.day)
    equal = row.body == body
    session.add(
        audit_note(
            at=at,
            actor=actor,
            actor_kind=actor_kind,
            action="build_morning_report",
            outcome="done" if equal else "difference",
            correlation_id=correlation_id,
            facts={
                "day": report.day.isoformat(),
                "complete": report.complete,
                "sha256": hash_of(body),
                "kept_sha256": row.sha256,
            },
        )
    )
    return row, equal


async def list_reports(
    session: AsyncSession, *, cursor: str | None, limit: int
) -> Page[MorningReportSummary]:
    """The kept reports, the latest day first. Raises InvalidChangeError for a foreign cursor."""
    statement = select(MorningReportRow).order_by(MorningReportRow.day.desc()).limit(limit + 1)
    if cursor:
        (place,) = decode_cursor(cursor, 1)
        try:
            statement = statement.where(MorningReportRow.day < date.fromisoformat(place))
        except ValueError as error:
            raise bad_cursor() from error
    rows = list(await session.scalars(statement))
    more = len(rows) > limit
    return Page(
        items=[
            MorningReportSummary(
                day=row.day,
                cut=row.cut,
                built_at=row.built_at,
                built_by=row.built_by,
                complete=row.complete,
                missing=row.missing,
                sha256=row.sha256,
            )
            for row in rows[:limit]
        ],
        next_cursor=encode_cursor(rows[limit - 1].day.isoformat()) if more else None,
    )


@dataclass(frozen=True, slots=True)
class PostgresReports:
    """Satisfies `activities.reporting.Reports`."""

    sessions: async_sessionmaker[AsyncSession]
    clock: Callable[[], datetime]
    when: ReportTime

    async def build(self) -> date:
        """Build the report that is due; the day. One that is kept stays as it is."""
        day = self.when.due(self.clock())
        async with self.sessions() as session:
            if await session.get(MorningReportRow, day) is not None:
                return day
        async with self.sessions() as session:
            report = await tell(session, self.when.stretch(day))
        async with self.sessions.begin() as session:
            await keep(
                session,
                report,
                actor="schedule",
                actor_kind="schedule",
                correlation_id=notice_id(day),
                at=self.clock(),
            )
        return day

    async def notice(self, day: date) -> tuple[Announcement, frozenset[str]]:
        """What there is to mail of a day, and the channels that have had it."""
        async with self.sessions() as session:
            row = await session.get_one(MorningReportRow, day)
        report = MorningReport.model_validate_json(row.body)
        return announcement(report, row.sha256), frozenset(row.delivered)

    async def sent(self, day: date, channel: str, error: str | None) -> None:
        """Put on record that a channel has had it, or why not."""
        now = self.clock().isoformat()
        async with self.sessions.begin() as session:
            row = await session.get_one(MorningReportRow, day, with_for_update=True)
            rest: dict[str, Any] = {k: v for k, v in row.undelivered.items() if k != channel}
            if error is None:
                row.delivered = row.delivered | {channel: now}
            else:
                rest[channel] = {"at": now, "why": error}
            row.undelivered = rest
