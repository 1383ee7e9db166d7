"""The written, seeded rule that draws the batch; `python -m stack.batch.draw` writes the file.

The rule: groups are filled in the order of `groups.GROUPS`. Within a group the n-th row takes the
n-th of the group's wishes (its kinds in turn; each kind's own wishes in turn too, every group
starting one further) and gives it to the first account, in the order of SHA-256 over
`throughline-batch:v1:<group>:<account id>`, that is in no row yet, has the group's lifecycle, and
in whose way stands exactly what the group names, judged by `expectations`. A wish nobody fits is
passed over. No account is in two rows, except where a row repeats a request.

Days are told relative to the run, so that the file does not age, with one limit: terms that must
be running are drawn from those that run until TERM_STILL_RUNS.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from hashlib import sha256
from itertools import cycle, islice
from typing import Any, Final

from domain.service_change import ChangeKind
from sandbox._base.accounts import bundled_accounts
from sandbox.scheduling.areas import area_of
from stack.batch.days import DayRule, RequestedDay
from stack.batch.documents import DocumentType
from stack.batch.expectations import (
    DOCUMENT_NEEDED,
    PARTY_OF,
    findings,
    products_after,
)
from stack.batch.groups import GROUPS, Group
from stack.batch.rows import BATCH_FILE, BatchRow, Expected, batch_text

SEED: Final = "throughline-batch:v1"
TERM_STILL_RUNS: Final = date(2028, 6, 1)
OPEN_DAYS_USED: Final = 20
"""Visits are spread over so many open days, far below what an area's technicians can do."""
CLOSED_DAYS_USED: Final = 2

Details = Mapping[str, Any]
Wish = tuple[ChangeKind, Details]

_SERVICES = (
    "online_security",
    "streaming_tv",
    "multiple_lines",
    "device_protection",
    "phone",
    "tech_support",
    "streaming_movies",
    "online_backup",
)
_WISHES: Final[Mapping[ChangeKind, tuple[Details, ...]]] = {
    ChangeKind.CHANGE_INTERNET_SERVICE: tuple(
        {"internet_service": wanted} for wanted in ("Fiber optic", "DSL", "No")
    ),
    ChangeKind.ADD_SERVICE: tuple({"service": service} for service in _SERVICES),
    ChangeKind.REMOVE_SERVICE: tuple({"service": service} for service in reversed(_SERVICES)),
    ChangeKind.CHANGE_CONTRACT: tuple(
        {"contract": term} for term in ("Two year", "One year", "Month-to-month")
    ),
    ChangeKind.CHANGE_PAYMENT_METHOD: tuple(
        {"payment_method": method}
        for method in (
            "Credit card (automatic)",
            "Bank transfer (automatic)",
            "Mailed check",
            "Electronic check",
        )
    ),
    ChangeKind.CHANGE_BILLING_ADDRESS: ({},),  # the account's area decides
}

_CITY_HALLS: Final[Mapping[str, tuple[str, str, str]]] = {
    "los-angeles": ("200 North Spring Street", "Los Angeles", "90012"),
    "seattle": ("600 4th Avenue", "Seattle", "98104"),
    "phoenix": ("200 West Washington Street", "Phoenix", "85003"),
    "denver": ("1437 Bannock Street", "Denver", "80202"),
    "chicago": ("121 North LaSalle Street", "Chicago", "60602"),
    "dallas": ("1500 Marilla Street", "Dallas", "75201"),
    "atlanta": ("55 Trinity Avenue SW", "Atlanta", "30303"),
    "new-york": ("City Hall Park", "New York", "10007"),
}
"""New billing addresses are city halls: real, and nobody's home."""


_MOST_PASSED_OVER: Final = sum(len(wishes) for wishes in _WISHES.values())

_BY_ID: Final = {account.account_id: account for account in bundled_accounts()}


def draw() -> tuple[BatchRow, ...]:
    """The whole batch; the same rows on every machine, for ever."""
    rows: list[BatchRow] = []
    for group in GROUPS:
        used = {row.account_id for row in rows}
        drawn = _repetitions(group, rows) if group.repeats else _drawn(group, used)
        rows += (
            row.model_copy(update={"ref": f"B{place:03}"})
            for place, row in enumerate(list(drawn), start=len(rows) + 1)
        )
    return tuple(rows)


def _drawn(group: Group, used: set[str]) -> Iterator[BatchRow]:
    candidates = [each for each in _candidates(group) if each not in used]
    wishes = _wishes(group)
    number = passed_over = 0
    while number < group.count:
        kind, wanted = next(wishes)
        taken = next((each for each in candidates if _fits(group, each, kind, wanted)), None)
        if taken is None:
            passed_over += 1
            if passed_over > _MOST_PASSED_OVER:
                raise ValueError(f"too few accounts fit {group.name!r}")
            continue
        candidates.remove(taken)
        yield _row(group, number, taken, kind, wanted)
        number, passed_over = number + 1, 0


def _repetitions(group: Group, rows: Sequence[BatchRow]) -> Iterator[BatchRow]:
    """The first rows of another group once more, by the same submitter, under another key."""
    for original in [row for row in rows if row.group == group.repeats][: group.count]:
        changed = {
            "group": group.name,
            "same_as": original.ref,
            "sent_twice": False,
            "moves": group.moves,
            "expected": _expected(group),
        }
        yield original.model_copy(update=changed)


def _wishes(group: Group) -> Iterator[Wish]:
    own = {kind: _from(GROUPS.index(group), _WISHES[kind]) for kind in group.kinds}
    return ((kind, next(own[kind])) for kind in cycle(group.kinds))


def _from(start: int, wishes: Sequence[Details]) -> Iterator[Details]:
    return islice(cycle(wishes), start % len(wishes), None)


def _candidates(group: Group) -> list[str]:
    """Account ids in the order of the rule."""
    if group.lifecycle is None:
        return _strangers(group)
    fit = (each.account_id for each in _BY_ID.values() if each.lifecycle == group.lifecycle)
    return sorted(fit, key=lambda account_id: _digest(group, account_id))


def _strangers(group: Group) -> list[str]:
    """Ids in the style of the file which no account has."""
    digests = (_digest(group, str(number)) for number in range(group.count))
    letters = str.maketrans("0123456789", "GHJKLMNPQR")
    ids = (f"{int(d[:8], 16) % 10_000:04}-{d[8:13].upper().translate(letters)}" for d in digests)
    return [each for each in ids if each not in _BY_ID]


def _digest(group: Group, text: str) -> str:
    return sha256(f"{SEED}:{group.name}:{text}".encode()).hexdigest()


def _fits(group: Group, account_id: str, kind: ChangeKind, wanted: Details) -> bool:
    account = _BY_ID.get(account_id)
    if account is None:
        return True
    lasting = account.contract_ends_on is not None and account.contract_ends_on >= TERM_STILL_RUNS
    return (
        findings(account, kind, wanted, group.day, document=group.document) == group.findings
        and wanted.get("payment_method") != account.payment_method
        and bool(products_after(account.products, kind, wanted))
        and (lasting or "contract_term_runs" not in group.findings)
    )


def _row(group: Group, number: int, account_id: str, kind: ChangeKind, wanted: Details) -> BatchRow:
    days = OPEN_DAYS_USED if group.day is DayRule.OPEN else CLOSED_DAYS_USED
    comes = DOCUMENT_NEEDED[kind] and (group.document or group.late)
    types = tuple(DocumentType)
    return BatchRow(
        ref="",
        group=group.name,
        account_id=account_id,
        kind=kind,
        details=dict(wanted) or {"billing_address": _new_address(account_id)},
        requested_day=RequestedDay(rule=group.day, nth=1 + number % days),
        document=types[number % len(types)] if comes else None,
        document_late=group.late,
        submitted_by=group.submitted_by[number % len(group.submitted_by)],
        sent_twice=number < group.twice,
        moves=group.moves,
        expected=_expected(group),
    )


def _expected(group: Group) -> Expected:
    codes = tuple(sorted(group.findings))
    parties = sorted({PARTY_OF[code] for code in codes if code in PARTY_OF})
    return Expected(status=group.ends, codes=codes, parties=tuple(parties))


def _new_address(account_id: str) -> dict[str, str]:
    line1, city, postal_code = _CITY_HALLS[area_of(account_id).area_id]
    return {"line1": line1, "city": city, "postal_code": postal_code, "country": "US"}


if __name__ == "__main__":
    BATCH_FILE.write_text(batch_text(draw()), encoding="utf-8")
