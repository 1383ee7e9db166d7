"""`python -m support_ui`: the console with its sign-in, on the address settings name."""

import logging
import sys
from pathlib import Path
from typing import Any

from starlette.middleware import Middleware
from streamlit.starlette import App

from settings import Settings
from support_ui.returning import ReturnMiddleware

SCRIPT = Path(__file__).parent / "streamlit_app.py"


def auth(settings: Settings) -> dict[str, Any]:
    """Streamlit's `[auth]` section: the provider, and what keeps a person signed in."""
    return {
        "redirect_uri": settings.console_callback_url,
        "cookie_secret": settings.console_cookie_secret.get_secret_value(),
        "expose_tokens": ["id"],
        "client_id": settings.oidc_client_id,
        "client_secret": settings.oidc_client_secret.get_secret_value(),
        "server_metadata_url": (
            f"{settings.oidc_issuer_url.rstrip('/')}/.well-known/openid-configuration"
        ),
    }


def main() -> None:
    """Serve until a stop signal."""
    settings = Settings()
    if not settings.console_cookie_secret.get_secret_value():
        sys.exit("THROUGHLINE_CONSOLE_COOKIE_SECRET is not set; give it 32 random letters or more.")
    logging.basicConfig(level=settings.log_level)
    App(SCRIPT, secrets={"auth": auth(settings)}, middleware=[Middleware(ReturnMiddleware)]).run(
        config={
            "server.port": settings.console_port,
            "server.address": settings.console_host,
            "server.headless": True,
            "server.fileWatcherType": "none",
            "browser.gatherUsageStats": False,
        }
    )


if __name__ == "__main__":
    main()
