"""Ids and keys: how each is built and read back. No other module splices these strings."""

import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

_CHANGE_PREFIX: Final = "chg_"
_WORKFLOW_PREFIX: Final = "service-change/"
_REPLAY_PREFIX: Final = "rpl_"
_REPLAY_WORKFLOW_PREFIX: Final = "replay/"
_RUN_PREFIX: Final = "rec_"
_MAPPING_PREFIX: Final = "map_"
_PREVIEW_PREFIX: Final = "preview/"
_ID_BYTES: Final = 10  # 80 bits: sixteen characters a person can still read out

RandomBytes = Callable[[int], bytes]


class System(StrEnum):
    """The four systems of record, and this one."""

    CRM = "crm"
    BILLING = "billing"
    SCHEDULING = "scheduling"
    TICKETING = "ticketing"
    THROUGHLINE = "throughline"

    @property
    def spoken(self) -> str:
        """As it stands within a sentence."""
        return "CRM" if self is System.CRM else str(self)


VENDORS: Final = (System.BILLING, System.SCHEDULING, System.CRM, System.TICKETING)


def vendor_queue(task_queue: str, system: System) -> str:
    """The task queue of a vendor's activities, beside the one for workflows and our own record."""
    return f"{task_queue}.{system}"


def new_change_id(random_bytes: RandomBytes) -> str:
    """A fresh service change id, such as `chg_k3v5x7ab2cd4efgh`."""
    return _CHANGE_PREFIX + base64.b32encode(random_bytes(_ID_BYTES)).decode().lower()


def workflow_id(change_id: str) -> str:
    """The id of the one workflow that runs a change."""
    return _WORKFLOW_PREFIX + change_id


def change_id_of(workflow: str) -> str:
    """The change a workflow id belongs to. Raises ValueError for a foreign id."""
    if not workflow.startswith(_WORKFLOW_PREFIX):
        raise ValueError(f"{workflow!r} is not the workflow of a service change")
    return workflow.removeprefix(_WORKFLOW_PREFIX)


def new_replay_id(random_bytes: RandomBytes) -> str:
    """A fresh id of a replay of dead letters."""
    return _REPLAY_PREFIX + base64.b32encode(random_bytes(_ID_BYTES)).decode().lower()


def new_run_id(random_bytes: RandomBytes) -> str:
    """A fresh id of a reconciliation run."""
    return _RUN_PREFIX + base64.b32encode(random_bytes(_ID_BYTES)).decode().lower()


def new_mapping_id(random_bytes: RandomBytes) -> str:
    """A fresh id of a mapping of what a vendor says to what is known here."""
    return _MAPPING_PREFIX + base64.b32encode(random_bytes(_ID_BYTES)).decode().lower()


def replay_workflow_id(replay_id: str) -> str:
    """The id of the workflow that runs a replay."""
    return _REPLAY_WORKFLOW_PREFIX + replay_id


def replay_decision_id(replay_id: str, position: int) -> str:
    """The id of the decision to retry one item of a replay: the same however often it is made."""
    return f"{replay_workflow_id(replay_id)}/{position}"


def replay_of(decision_id: str) -> str | None:
    """The replay a decision was made by; None for one that a person made directly."""
    if not decision_id.startswith(_REPLAY_WORKFLOW_PREFIX):
        return None
    return decision_id.removeprefix(_REPLAY_WORKFLOW_PREFIX).rsplit("/", 1)[0]


@dataclass(frozen=True, slots=True)
class EffectKey:
    """The idempotency key of one effect: `change:step:document-version:attempt-group`.

    A retry repeats it, a revised document does not, and the attempt group changes only through an
    approved redo. Vendors receive it as idempotency key and as our reference.
    """

    change_id: str
    step: str
    document_version: int
    attempt_group: int = 1

    def __str__(self) -> str:
        return f"{self.change_id}:{self.step}:{self.document_version}:{self.attempt_group}"

    @classmethod
    def parse(cls, text: str) -> "EffectKey":
        """The inverse of `str()`. Raises ValueError for anything else."""
        change_id, step, version, group = text.split(":")
        return cls(change_id, step, int(version), int(group))


def canonical_json(value: Mapping[str, Any]) -> bytes:
    """One byte string per meaning: sorted keys, no spaces, UTF-8."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def fingerprint(value: Mapping[str, Any]) -> str:
    """SHA-256 (hex) of the canonical form."""
    return hashlib.sha256(canonical_json(value)).hexdigest()


def preview_workflow_id(caller: str, place: int) -> str:
    """The id of a caller's n-th preview under way; it may run again once it has ended.

    The caller's name stays out of the engine.
    """
    return f"{_PREVIEW_PREFIX}{fingerprint({'caller': caller})[:16]}/{place}"
