"""The seven support questions of one change, each with its answer and its evidence."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from domain.contracts import AnswersView, TimelineEntry
from domain.identifiers import System
from support_ui.view_models import text, words
from support_ui.view_models.evidence import Proof, proofs


@dataclass(frozen=True, slots=True)
class Answer:
    """One question answered. `headline` and `lines` are Markdown."""

    question: str
    icon: str
    headline: str
    lines: tuple[str, ...]
    evidence: tuple[Proof, ...]


def seven_answers(
    answers: AnswersView, timeline: Iterable[TimelineEntry], now: datetime
) -> tuple[Answer, ...]:
    """The questions in the order support staff ask them."""
    entries = {entry.id: entry for entry in timeline}
    return (
        _sent(answers, entries, now),
        _rejected_by(answers, entries, now),
        _payload_version(answers, entries, now),
        _retried(answers, entries, now),
        _succeeded(answers, entries, now),
        _started_by(answers, entries, now),
        _may_act(answers),
    )


def _system(system: System) -> str:
    return f"**{words.SYSTEM[system]}**"


def _count(number: int, one: str) -> str:
    return f"{number} {one}" + ("" if number == 1 else "s")


def _sent(answers: AnswersView, entries: Mapping[str, TimelineEntry], now: datetime) -> Answer:
    systems = {item.system for item in answers.sent}
    headline = (
        f"{_count(len(answers.sent), 'record')} to {_count(len(systems), 'system')}"
        if answers.sent
        else "Nothing was sent"
    )
    lines = tuple(
        f"{_system(item.system)}: {text.plain(item.record.replace('_', ' '))}, "
        f"{text.plain(text.humanise(item.outcome).lower())} {text.age(item.at, now)}"
        + (f" (`{item.vendor_reference}`)" if item.vendor_reference else "")
        for item in answers.sent
    )
    return Answer(
        "Which record was sent?",
        "outbox",
        headline,
        lines,
        proofs((item.evidence for item in answers.sent), entries, now),
    )


def _rejected_by(
    answers: AnswersView, entries: Mapping[str, TimelineEntry], now: datetime
) -> Answer:
    question, icon = "Which system rejected it?", "block"
    rejection = answers.rejected_by
    if rejection is None:
        return Answer(question, icon, "None", (), ())
    status = f", HTTP {rejection.http_status}" if rejection.http_status else ""
    step = text.plain(text.humanise(rejection.step))
    return Answer(
        question,
        icon,
        words.SYSTEM[rejection.system],
        (f"“{text.plain(rejection.words)}”", f"{step}{status}, {text.age(rejection.at, now)}"),
        proofs((rejection.evidence,), entries, now),
    )


def _payload_version(
    answers: AnswersView, entries: Mapping[str, TimelineEntry], now: datetime
) -> Answer:
    versions = {item.document_version for item in answers.payload_version}
    if not versions:
        headline = "No system holds a payload"
    elif len(versions) == 1:
        headline = f"Document version {versions.pop()} everywhere"
    else:
        headline = "Systems hold different versions"
    lines = tuple(
        f"{_system(item.system)}: payload v{item.payload_version} `"
        f"{text.short_hash(item.payload_sha256)}` from document v{item.document_version} "
        f"{words.EFFECT[item.status].badge}"
        for item in answers.payload_version
    )
    return Answer(
        "Which payload version?",
        "history",
        headline,
        lines,
        proofs((item.evidence for item in answers.payload_version), entries, now),
    )


def _retried(answers: AnswersView, entries: Mapping[str, TimelineEntry], now: datetime) -> Answer:
    repeated = [item for item in answers.retried if item.failed and item.attempts > 1]
    if repeated:
        headline = f"Yes, {_count(len(repeated), 'step')}"
    elif answers.retried:
        headline = "No, nothing had to be"
    else:
        headline = "Nothing was tried yet"
    return Answer(
        "Was it retried?",
        "refresh",
        headline,
        tuple(
            f"{_system(item.system)}: {text.plain(text.humanise(item.step).lower())}, "
            f"{_count(item.attempts, 'attempt')}"
            for item in repeated
        ),
        proofs((item.evidence for item in answers.retried), entries, now),
    )


def _succeeded(answers: AnswersView, entries: Mapping[str, TimelineEntry], now: datetime) -> Answer:
    return Answer(
        "Did it succeed in the end?",
        "flag",
        words.STATUS[answers.succeeded.status].badge,
        (text.plain(answers.succeeded.sentence),),
        proofs((answers.succeeded.evidence,), entries, now),
    )


def _started_by(
    answers: AnswersView, entries: Mapping[str, TimelineEntry], now: datetime
) -> Answer:
    start = answers.started_by
    return Answer(
        "Who or what started it?",
        "person",
        text.plain(start.actor),
        (f"{text.plain(text.humanise(start.actor_kind))}, {text.moment_and_age(start.at, now)}",),
        proofs((start.evidence,), entries, now),
    )


def _may_act(answers: AnswersView) -> Answer:
    """The headline alone: each action's roles and refusal stand beside its button."""
    mine = [item.action for item in answers.may_act if item.caller.allowed]
    headline = (
        "You may " + ", ".join(words.ACTION[action].label.lower() for action in mine)
        if mine
        else "Not you, now"
    )
    return Answer("Who may act now?", "how_to_reg", headline, (), ())
