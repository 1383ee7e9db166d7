"""The tables of the dead-letter desk: decisions, what stands still, and replays of many."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from adapters.postgres.tables import EXACT, Base


class DecisionRow(Base):
    """What a person decided and exactly what about, from the request to what became of it.

    One row is request, second approval and answer. `state` is a `DecisionState`; `seen_sha256`
    is the hash of everything a second person is shown, and what they confirm names it.
    """

    __tablename__ = "decisions"
    __table_args__ = (
        CheckConstraint(
            "action NOT IN ('approve', 'apply_revision') OR actor <> submitted_by",
            name="four_eyes",
        ),
        CheckConstraint("second_actor <> actor", name="second_person"),
        CheckConstraint(
            "NOT needs_second OR second_actor IS NOT NULL OR state NOT IN ('given', 'taken')",
            name="second_person_missing",
        ),
        ForeignKeyConstraint(
            ["change_id", "submitted_by"], ["service_changes.id", "service_changes.submitted_by"]
        ),
        Index(None, "change_id"),
        Index(
            "uq_decisions_one_proposal",
            "change_id",
            unique=True,
            postgresql_where=text("state = 'proposed'"),
        ),
    )

    id: Mapped[str] = mapped_column(EXACT, primary_key=True)
    change_id: Mapped[str]
    submitted_by: Mapped[str]
    action: Mapped[str]
    actor: Mapped[str]
    role: Mapped[str]
    reason: Mapped[str]
    payload: Mapped[dict[str, Any]]
    plan_sha256: Mapped[str | None]
    document_version: Mapped[int]
    document_sha256: Mapped[str | None]
    revision: Mapped[int | None]
    seen_sha256: Mapped[str | None]
    state: Mapped[str]
    needs_second: Mapped[bool]
    second_actor: Mapped[str | None]
    second_reason: Mapped[str | None]
    second_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    why: Mapped[str]
    """Why it was not taken; empty if it was or may yet be."""


class DeadLetterRow(Base):
    """One time a change stood still: why, for how long, whose work it is, and what ended it."""

    __tablename__ = "dead_letters"
    __table_args__ = (
        Index(None, "change_id"),
        Index(
            "ix_dead_letters_open", "fingerprint", "id", postgresql_where=text("closed_at IS NULL")
        ),
        Index("ix_dead_letters_open_due", "due_at", postgresql_where=text("closed_at IS NULL")),
        Index(None, "opened_at"),
        Index(None, "closed_at"),
        Index(None, "fingerprint", "opened_at"),
        Index(None, "fingerprint", "closed_at"),
    )

    id: Mapped[str] = mapped_column(EXACT, primary_key=True)
    change_id: Mapped[str] = mapped_column(ForeignKey("service_changes.id"))
    account_id: Mapped[str]
    system: Mapped[str]
    step: Mapped[str]
    code: Mapped[str]
    fingerprint: Mapped[str]
    reason: Mapped[str]
    owner: Mapped[str]
    next_action: Mapped[str]
    attempts: Mapped[int]
    first_error: Mapped[dict[str, Any]]
    last_error: Mapped[dict[str, Any]]
    resumes: Mapped[str]
    """The status the change goes on from."""
    opened_at: Mapped[datetime]
    due_at: Mapped[datetime]
    """By when it has to be moved on, as the domain's table had it when it was opened."""
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str | None]
    closed_action: Mapped[str | None]
    closed_reason: Mapped[str | None]


class ReplayRow(Base):
    """A retry of many dead letters: what was selected, by whom, and how far it is."""

    __tablename__ = "replays"
    __table_args__ = (
        Index(None, "created_at", "id"),
        Index(None, "fingerprint", "created_at", "id"),
        Index("ix_replays_unfinished", "id", postgresql_where=text("finished_at IS NULL")),
        Index("ix_replays_drift", "drift", postgresql_where=text("drift IS NOT NULL")),
    )

    id: Mapped[str] = mapped_column(EXACT, primary_key=True)
    selection: Mapped[dict[str, Any]]
    """The filter as it was given; the items are what it found then."""
    fingerprint: Mapped[str | None]
    """The cause that was asked for, if one was."""
    drift: Mapped[str | None]
    """The drift whose mapping it releases, if it is for one."""
    actor: Mapped[str]
    role: Mapped[str]
    reason: Mapped[str]
    state: Mapped[str]
    sentence: Mapped[str]
    """What a person should know about the state, such as why it stopped itself."""
    correlation_id: Mapped[str]
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    """Once it retries nothing more and everything it retried has come to a verdict."""


class ReplayItemRow(Base):
    """One dead letter of a replay and what became of it."""

    __tablename__ = "replay_items"
    __table_args__ = (
        Index(None, "replay_id", "state"),
        Index(None, "change_id"),
        Index(
            "uq_replay_items_claimed",
            "dead_letter_id",
            unique=True,
            postgresql_where=text("state IN ('waiting', 'retrying')"),
        ),
    )

    replay_id: Mapped[str] = mapped_column(ForeignKey("replays.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    dead_letter_id: Mapped[str] = mapped_column(ForeignKey("dead_letters.id"))
    change_id: Mapped[str]
    system: Mapped[str]
    rule: Mapped[str]
    """The rule by which it is eligible, or is not."""
    stage: Mapped[int | None]
    state: Mapped[str]
    detail: Mapped[str]
    attempt_mark: Mapped[int]
    """The change's last attempt when the retry was decided: what counts came after it."""
    audit_mark: Mapped[int]
    started_at: Mapped[datetime | None]
    looked_at: Mapped[datetime | None]
    """When it was last looked whether there is a verdict."""
    finished_at: Mapped[datetime | None]
