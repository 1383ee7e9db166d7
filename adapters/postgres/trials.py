"""Trials of secrets on record, as activities need them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from adapters.postgres.vendor_secrets import By, kept, record_trial
from domain.credential_messages import CredentialCheck, TrialInput, TrialOutcome

_ACCEPTED = {TrialOutcome.ACCEPTED: True, TrialOutcome.REFUSED: False}


@dataclass(frozen=True, slots=True)
class PostgresTrials:
    """Satisfies `activities.credentials.Trials`."""

    sessions: async_sessionmaker[AsyncSession]
    clock: Callable[[], datetime]

    async def record(self, trial: TrialInput, check: CredentialCheck) -> None:
        """Keep what came of a trial; nothing where the version is retired by now."""
        async with self.sessions.begin() as session:
            rows = {row.version: row for row in await kept(session, trial.system)}
            if trial.version in rows:
                record_trial(
                    session,
                    rows[trial.version],
                    By(trial.actor, self.clock(), trial.correlation_id),
                    accepted=_ACCEPTED.get(check.outcome),
                    words=check.sentence,
                )
