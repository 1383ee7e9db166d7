"""The embedded sign-in: an OpenID provider that asks nobody for a password, for this machine.

It lets the console alone sign people in: other clients, other addresses to lead back to and new
registrations are refused. Run it with `python -m stack.sign_in`; settings say the rest.
"""

import os
import sys
from datetime import timedelta
from http import HTTPStatus
from typing import Final

import uvicorn
from flask import Flask, abort, g, request
from oidc_provider_mock import User
from oidc_provider_mock import app as provider
from oidc_provider_mock._storage import Client

from settings import Settings
from stack.children import PEOPLE
from stack.ports import LOOPBACK

SIGNED_IN: Final = timedelta(hours=8)
"""A working day."""

REGISTRATION: Final = "/oauth2/clients"


def sign_in(settings: Settings) -> Flask:
    """The provider, as an application."""
    app: Flask = provider(
        require_client_registration=True,
        access_token_max_age=SIGNED_IN,
        user_claims=[
            User(
                sub=name,
                claims={
                    settings.oidc_name_claim: name,
                    settings.oidc_role_claim: [role],
                    "name": name.replace("_", " ").capitalize(),
                },
            )
            for name, role in PEOPLE.items()
        ],
    )
    console = Client(
        id=settings.oidc_client_id,
        secret=settings.oidc_client_secret.get_secret_value(),
        redirect_uris=[settings.console_callback_url],
        allowed_scopes=Client.SCOPES_SUPPORTED,
        token_endpoint_auth_method="client_secret_basic",  # noqa: S106 - the name of a method
    )

    @app.before_request
    def only_the_console() -> None:
        if request.path == REGISTRATION:
            abort(HTTPStatus.FORBIDDEN)
        g.oidc_provider_mock_storage.store_client(console)  # the provider takes none at its start

    return app


def main() -> None:
    """Serve until a stop signal, on the loopback address or the one that is given."""
    settings = Settings()
    os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"  # it speaks plain HTTP, on this machine
    (host,) = sys.argv[1:] or (LOOPBACK,)
    uvicorn.run(sign_in(settings), interface="wsgi", host=host, port=settings.oidc_port)


if __name__ == "__main__":
    main()
