"""An OpenID provider on the loopback address: real keys, real signatures, no pages."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from json import dumps
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, Key, KeySet, OctKey, RSAKey

CLIENT = "throughline"


@dataclass
class Provider:
    """Signs what a test asks for; `published` is what it shows to whoever verifies."""

    url: str
    key: RSAKey
    published: list[Key] = field(default_factory=list)
    asked: int = 0
    """How often its keys were fetched."""

    def claims(self, at: float, **changed: Any) -> dict[str, Any]:  # noqa: ANN401 - any claim, right or wrong
        """What it says of an operator whose sign-in lasts an hour; None leaves a claim out."""
        usual = {
            "iss": self.url,
            "aud": CLIENT,
            "sub": "1f0c",
            "iat": int(at),
            "exp": int(at) + 3600,
            "preferred_username": "olivia",
            "roles": ["operator"],
        }
        return {name: value for name, value in (usual | changed).items() if value is not None}

    def token(
        self, claims: Mapping[str, Any], key: Key | None = None, algorithm: str = "RS256"
    ) -> str:
        """Signed with its own key, or with another's."""
        signer = key or self.key
        header = {"alg": algorithm, "kid": signer.kid}
        return jwt.encode(header, dict(claims), signer, algorithms=[algorithm])


def rsa(kid: str) -> RSAKey:
    """A fresh key."""
    return RSAKey.generate_key(2048, {"kid": kid})


def shared_secret(kid: str) -> OctKey:
    """A key both sides would know."""
    return OctKey.generate_key(256, {"kid": kid})


def curve(kid: str) -> ECKey:
    """A fresh key on a curve."""
    return ECKey.generate_key("P-256", {"kid": kid})


@contextmanager
def provider() -> Iterator[Provider]:
    """One that answers until the block ends."""
    key = rsa("first")
    about = Provider("", key, [key])

    class Pages(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/.well-known/openid-configuration":
                body: Any = {"issuer": about.url, "jwks_uri": f"{about.url}/keys"}
            else:
                about.asked += 1
                body = KeySet(about.published).as_dict(private=False)
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(dumps(body).encode())

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    about.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield about
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
