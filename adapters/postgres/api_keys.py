"""Lets callers in by their keys: stores hashes, no more."""

import hashlib
from collections.abc import Mapping

from sqlalchemy import create_engine
from sqlalchemy.dialects.postgresql import insert

from adapters.postgres.engine import driver_url
from adapters.postgres.tables import ApiKeyRow
from domain.service_change import Role

ROLES = {role.value: role for role in Role} | {
    "second_operator": Role.OPERATOR,
    "second_admin": Role.ADMIN,
}
"""Who a key's name stands for. Two operators, because nobody approves what they submitted; two
admins, because nobody promotes a secret they staged."""


def store(database_url: str, keys: Mapping[str, str]) -> None:
    """Lets each named caller in by its key. Safe to repeat.

    A caller's new key replaces the old one. A key that was disabled stays disabled.

    Raises:
        ValueError: a name stands for no role.
    """
    unknown = sorted(set(keys) - set(ROLES))
    if unknown:
        raise ValueError(f"{unknown[0]!r} is no caller; there are {', '.join(sorted(ROLES))}")
    engine = create_engine(driver_url(database_url), hide_parameters=True)
    with engine.begin() as connection:
        for name, key in keys.items():
            row = insert(ApiKeyRow).values(
                key_sha256=hashlib.sha256(key.encode()).hexdigest(),
                principal=name,
                role=ROLES[name].value,
            )
            new = row.excluded
            connection.execute(
                row.on_conflict_do_update(
                    index_elements=[ApiKeyRow.principal],
                    set_={"key_sha256": new.key_sha256, "role": new.role, "disabled_at": None},
                    where=ApiKeyRow.key_sha256 != new.key_sha256,
                )
            )
    engine.dispose()
