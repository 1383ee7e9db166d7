"""Runs the API: `python -m api`."""

import uvicorn

from api.app import create_app
from json_logs import configure
from settings import Settings
from tracing import tracing


def main() -> None:
    """Serve on this machine until told to stop."""
    settings = Settings()
    configure(settings.log_level)
    with tracing("throughline-api", settings.otlp_endpoint):
        uvicorn.run(
            create_app(settings),
            host=settings.api_host,
            port=settings.api_port,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=10,
        )


if __name__ == "__main__":
    main()
