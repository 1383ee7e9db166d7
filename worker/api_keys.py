"""Makes keys valid: `python -m worker.api_keys < credentials.json`, an object of name to key."""

import asyncio
import hashlib
import json
import sys
from collections.abc import Mapping

from sqlalchemy import delete, or_
from sqlalchemy.dialects.postgresql import insert

from adapters.postgres.engine import create_engine, sessions
from adapters.postgres.tables import ApiKeyRow
from domain.service_change import Role
from json_logs import configure
from settings import Settings


def role_of(name: str) -> Role:
    """The role a name stands for: `second_operator` is an operator. Raises ValueError."""
    return Role(name.rpartition("_")[2] if "_" in name else name)


async def replace(database_url: str, keys: Mapping[str, str]) -> None:
    """Give each name this key and no other; only hashes are stored. Safe to repeat."""
    rows = [
        {
            "key_sha256": hashlib.sha256(key.encode()).hexdigest(),
            "principal": name,
            "role": role_of(name),
        }
        for name, key in keys.items()
    ]
    engine = create_engine(database_url, pool_size=1, application="throughline-keys")
    async with sessions(engine).begin() as session:
        await session.execute(
            delete(ApiKeyRow).where(
                or_(
                    ApiKeyRow.principal.in_([row["principal"] for row in rows]),
                    ApiKeyRow.key_sha256.in_([row["key_sha256"] for row in rows]),
                )
            )
        )
        await session.execute(insert(ApiKeyRow), rows)
    await engine.dispose()


def main() -> None:
    """Read the object from standard input; exit 2 with a sentence when it is not one."""
    settings = Settings()
    configure(settings.log_level)
    try:
        keys = json.load(sys.stdin)
        for name in keys:
            role_of(name)
    except (ValueError, AttributeError, TypeError) as error:
        sys.exit(f"Expected a JSON object of role name to key on standard input: {error}")
    asyncio.run(replace(settings.database_url, keys))


if __name__ == "__main__":
    main()
