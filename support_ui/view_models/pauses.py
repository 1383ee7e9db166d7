"""What people have paused, and what can be paused, in words."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from domain.contracts_operations import PauseView
from domain.identifiers import VENDORS
from domain.pauses import EVERYTHING
from domain.reconciling import PAUSE_SCOPE
from domain.service_change import ChangeKind
from support_ui.view_models import text, words

WIDE: Final[Mapping[str, str]] = {
    **{str(system): words.SYSTEM[system] for system in VENDORS},
    EVERYTHING: "Everything",
    **{str(kind): f"Changes of the kind “{words.KIND[kind]}”" for kind in ChangeKind},
    PAUSE_SCOPE: "Comparing systems",
}
"""What holds more than one change: its scope, and how a sentence begins with it."""


def scope(name: str) -> str:
    """What a pause is about, as it begins a sentence; Markdown."""
    return WIDE.get(name, f"Change `{name}`")


def is_wide(told: PauseView) -> bool:
    """Whether a pause holds more than one change."""
    return told.scope in WIDE


def sentence(name: str, by: str, since: datetime | None, reason: str, now: datetime) -> str:
    """What is paused, by whom, since when and why; for `ui.rich`."""
    return (
        f":orange-badge[:material/pause_circle: Paused] {scope(name)} was paused by "
        f"**{text.plain(by)}** {text.hover(text.age(since, now), since)}: “{text.plain(reason)}”"
    )
