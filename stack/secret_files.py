"""Secrets made once per checkout: what the children sign in with, and one API key per role."""

import base64
import json
import secrets
from pathlib import Path
from urllib.parse import urlsplit

from cryptography.fernet import Fernet
from pydantic import SecretStr

from settings import CHECKOUT, Settings
from stack.errors import StackError
from stack.paths import StatePaths, write_private

ROLES = ("portal", "support", "operator", "second_operator", "admin", "second_admin", "partner")
"""Names in `credentials.json`. `second_operator` and `second_admin` are second persons."""

PREFIX = "THROUGHLINE_"
KEYRING = "keyring"
"""Seals the secrets kept in the database: whoever loses it loses those."""

WEBHOOK_SECRET_BYTES = 32  # standardwebhooks.com: 24 to 64

VENDOR_SECRETS = {
    "crm": ("crm_client_secret",),
    "billing": ("billing_api_key", "billing_webhook_secret"),
    "scheduling": ("scheduling_password",),
    "ticketing": ("ticketing_token", "ticketing_webhook_secret"),
}


def variable(field: str) -> str:
    """The environment variable of a settings field."""
    return f"{PREFIX}{field.upper()}"


def secret_fields() -> list[str]:
    """Settings fields that hold a secret."""
    return [name for name, field in Settings.model_fields.items() if field.annotation is SecretStr]


def secret_values(settings: Settings) -> dict[str, str]:
    """Every secret by its environment variable."""
    return {variable(name): getattr(settings, name).get_secret_value() for name in secret_fields()}


CONSOLE_SECRETS = frozenset({"oidc_client_secret", "console_cookie_secret"})
"""For signing people in; nothing but the console needs them."""


def is_sandbox(settings: Settings, vendor: str) -> bool:
    """Whether the vendor's base URL is the sandbox this machine runs."""
    url = urlsplit(getattr(settings, f"{vendor}_base_url"))
    here = url.hostname in {"127.0.0.1", "localhost", "::1"}
    return here and url.port == getattr(settings, f"{vendor}_port")


def generate(field: str) -> str:
    """A new secret in the form its reader expects."""
    if field == KEYRING:
        return Fernet.generate_key().decode()
    if field.endswith("_webhook_secret"):
        return f"whsec_{base64.b64encode(secrets.token_bytes(WEBHOOK_SECRET_BYTES)).decode()}"
    return secrets.token_urlsafe(32)


def ensure_secrets() -> Settings:
    """The settings with every secret filled in; those nobody set are made and kept in a file.

    Safe to repeat: a secret once made stays. The environment and `.env` win over the file.

    Raises:
        StackError: a vendor outside this machine is configured without its credentials.
    """
    given = Settings()
    paths = StatePaths(given.state_dir)
    _require_real_credentials(given)
    known = _with_file(paths.secrets)
    missing = [name for name in secret_fields() if not getattr(known, name).get_secret_value()]
    if missing:
        present = paths.secrets.read_text(encoding="utf-8") if paths.secrets.exists() else ""
        added = "".join(f"{variable(name)}={generate(name)}\n" for name in missing)
        write_private(paths.secrets, present + added)
    paths.secrets.chmod(0o600)
    return _with_file(paths.secrets)


def _with_file(secrets_file: Path) -> Settings:
    return Settings(_env_file=(secrets_file, CHECKOUT / ".env"))


def _require_real_credentials(given: Settings) -> None:
    """A generated secret opens the sandbox only; a real system needs the one it gave out."""
    for vendor, fields in VENDOR_SECRETS.items():
        if is_sandbox(given, vendor):
            continue
        for field in fields:
            if not getattr(given, field).get_secret_value():
                raise StackError(
                    f"{variable(field)} is not set, and {variable(f'{vendor}_base_url')} points "
                    f"at {getattr(given, f'{vendor}_base_url')}; set the credential it gave out."
                )
    if given.oidc_issuer and not given.oidc_client_secret.get_secret_value():
        raise StackError(
            f"{variable('oidc_client_secret')} is not set, and {variable('oidc_issuer')} is "
            f"{given.oidc_issuer}; set the secret that provider gave out."
        )


def ensure_credentials(paths: StatePaths) -> dict[str, str]:
    """One API key per role, made once; returns name -> key. Safe to repeat."""
    keys: dict[str, str] = {}
    if paths.credentials.exists():
        keys = json.loads(paths.credentials.read_text(encoding="utf-8"))
    complete = {role: keys.get(role) or f"tl_{role}_{secrets.token_urlsafe(32)}" for role in ROLES}
    if complete != keys:
        write_private(paths.credentials, json.dumps(complete, indent=2) + "\n")
    paths.credentials.chmod(0o600)
    return complete
