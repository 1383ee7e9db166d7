"""`python -m sandbox VENDOR --port N --state-dir DIR [--webhook-url URL]` runs one vendor."""

import argparse
import os
from importlib import import_module
from pathlib import Path

from sandbox._base.server import HOST, log_to_stdout, server_for

VENDORS = ("crm", "billing", "scheduling", "ticketing")


def main() -> None:
    """Run one vendor until it is told to stop (SIGTERM or Ctrl-C)."""
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("vendor", choices=VENDORS)
    parser.add_argument("--host", default=HOST, help="a container listens on 0.0.0.0")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--state-dir", type=Path, required=True)
    parser.add_argument("--webhook-url", help="where events are posted; none are sent without it")
    given = parser.parse_args()

    log_to_stdout(given.vendor)
    create_app = import_module(f"sandbox.{given.vendor}.app").create_app
    app = create_app(state_dir=given.state_dir, webhook_url=given.webhook_url, environ=os.environ)
    server_for(app, given.port, given.host).run()


if __name__ == "__main__":
    main()
